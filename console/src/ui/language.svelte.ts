/** The page's language: Fluent catalogues, one a language, and the spans, times and sizes that go with it. */

import { FluentBundle, FluentResource, type FluentVariable } from '@fluent/bundle';
import { negotiateLanguages } from '@fluent/langneg';

/** What there is a catalogue for, by the name that it gives itself. */
export const LANGUAGES = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  es: 'Español',
  ja: '日本語',
  ar: 'العربية',
} as const;

/** A language that there is a catalogue for. */
export type Language = keyof typeof LANGUAGES;
/** What is filled into a sentence. */
export type Arguments = Record<string, FluentVariable>;

const CATALOGUES = import.meta.glob<string>('../locales/*.ftl', { query: '?raw', import: 'default' });
const RIGHT_TO_LEFT: readonly Language[] = ['ar'];

interface Current {
  readonly language: Language;
  readonly bundle: FluentBundle;
}

let current: Current = $state.raw({ language: 'en', bundle: new FluentBundle('en') });

/** Whether there is a catalogue for it. */
export function isLanguage(value: unknown): value is Language {
  return typeof value === 'string' && Object.hasOwn(LANGUAGES, value);
}

/** The language that fits best what the browser's person reads. */
export function preferred(wanted: readonly string[]): Language {
  const [first] = negotiateLanguages(wanted, Object.keys(LANGUAGES), { defaultLocale: 'en', strategy: 'lookup' });
  return isLanguage(first) ? first : 'en';
}

/** Makes a bundle of a catalogue's text. */
export function bundleOf(language: Language, catalogue: string): FluentBundle {
  const bundle = new FluentBundle(language);
  const [error] = bundle.addResource(new FluentResource(catalogue));
  if (error) throw error;
  return bundle;
}

/** Changes the page's language; what was said is said anew. */
export async function speak(language: Language): Promise<void> {
  const load = CATALOGUES[`../locales/${language}.ftl`];
  if (!load) throw new Error(`no catalogue for ${language}`);
  current = { language, bundle: bundleOf(language, await load()) };
  document.documentElement.lang = language;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(language) ? 'rtl' : 'ltr';
}

/** The language that is spoken. */
export function language(): Language {
  return current.language;
}

/** A sentence of the catalogue. */
export function say(key: string, values?: Arguments): string {
  const { bundle } = current;
  const message = bundle.getMessage(key);
  if (!message?.value) {
    console.error(`the catalogue has no ${key}`);
    return key;
  }
  return bundle.formatPattern(message.value, values);
}

/** For times and numbers: the person's own region, where it goes with the language. */
function locale(): string {
  return navigator.languages.find((each) => each.split('-')[0] === current.language) ?? current.language;
}

/** Hours and minutes of a day. */
export function timeOfDay(at: number): string {
  return new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit' }).format(at);
}

/** Several things in a row. */
export function list(things: readonly string[]): string {
  return new Intl.ListFormat(locale(), { type: 'unit', style: 'short' }).format(things);
}

/** A day. */
export function day(at: number): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium' }).format(at);
}

/** A number of bytes, for people. */
export function bytes(count: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  const step = count < 1_000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
  const format = { style: 'unit', unit: units[step]!, unitDisplay: step === 0 ? 'long' : 'short' } as const;
  return new Intl.NumberFormat(locale(), { ...format, maximumFractionDigits: step < 2 ? 0 : 1 }).format(
    count / 1_000 ** step,
  );
}

/** A share of 1 as percent. */
export function percent(share: number): string {
  return new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: share < 0.1 ? 1 : 0 }).format(
    share,
  );
}

/** Bits a second, for people. */
export function bitrate(bits: number): string {
  const [unit, amount] =
    bits < 1e6 ? (['kilobit-per-second', bits / 1e3] as const) : (['megabit-per-second', bits / 1e6] as const);
  return new Intl.NumberFormat(locale(), { style: 'unit', unit, maximumFractionDigits: bits < 1e6 ? 0 : 1 }).format(
    amount,
  );
}

/** A span of time as m:ss or h:mm:ss, in the digits of the language. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const digits = (number: number, least: number) =>
    new Intl.NumberFormat(locale(), { minimumIntegerDigits: least, useGrouping: false }).format(number);
  return h > 0 ? [digits(h, 1), digits(m, 2), digits(s, 2)].join(':') : [digits(m, 1), digits(s, 2)].join(':');
}
