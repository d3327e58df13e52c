/** The catalogues say the same things, and nothing that the page says is missing. */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleOf, LANGUAGES, type Language } from './language.svelte';

const SOURCE = path.resolve(import.meta.dirname, '..');
const text = (language: string) => readFileSync(path.join(SOURCE, 'locales', `${language}.ftl`), 'utf8');
const languages = Object.keys(LANGUAGES) as Language[];

/** Each message of a catalogue, and the variables that it wants. */
function messages(language: Language): Record<string, string[]> {
  const entries = text(language)
    .split(/\n(?=[a-z])/)
    .map((entry) => /^([a-z][a-z0-9-]*) = ([^]*)$/.exec(entry.replace(/\n#[^]*$/, '')))
    .filter((found) => found !== null);
  return Object.fromEntries(
    entries.map(([, key, value]) => [key!, [...new Set(value!.match(/\$[a-z]+/g) ?? [])].sort()]),
  );
}

/** What the page's sources ask for: whole keys, and beginnings of keys whose end comes from a store. */
function asked(): { whole: Set<string>; beginnings: string[] } {
  const files = ['', 'ui'].flatMap((folder) =>
    readdirSync(path.join(SOURCE, folder))
      .filter((name) => /\.(svelte|ts)$/.test(name) && !name.endsWith('.test.ts'))
      .map((name) => readFileSync(path.join(SOURCE, folder, name), 'utf8')),
  );
  const all = files.join('\n');
  return {
    whole: new Set([...all.matchAll(/'([a-z][a-z0-9-]*)'/g)].map(([, key]) => key!)),
    beginnings: [...all.matchAll(/`([a-z][a-z0-9-]*-)\$\{/g)].map(([, beginning]) => beginning!),
  };
}

describe('catalogues', () => {
  const english = messages('en');

  it.each(languages)('%s: parses, every sentence', (language) => {
    const bundle = bundleOf(language, text(language));
    const values = Object.fromEntries(
      Object.values(english)
        .flat()
        .map((name) => [name.slice(1), 3]),
    );
    for (const key of Object.keys(english)) {
      const errors: Error[] = [];
      const said = bundle.formatPattern(bundle.getMessage(key)!.value!, values, errors);
      expect([key, errors, said.includes('{')]).toEqual([key, [], false]);
    }
  });

  it.each(languages)('%s: the messages and variables of the English one', (language) => {
    expect(messages(language)).toEqual(english);
  });

  it.each(languages.filter((language) => language !== 'en'))('%s: is translated', (language) => {
    const said = (of: string) =>
      new Map([...text(of).matchAll(/^([a-z0-9-]+) = (\S.*)$/gm)].map(([, key, value]) => [key, value]));
    const [ours, theirs] = [said(language), said('en')];
    const words = (value: string) => value.replaceAll(/\{[^}]*\}/g, '');
    // Single words may well be the same in two languages.
    const same = [...ours].filter(
      ([key, value]) => theirs.get(key) === value && / [a-z]{3}/i.test(words(value!).trim()),
    );
    expect(same).toEqual([]);
  });

  it('have what the page asks for, and nothing else', () => {
    const { whole, beginnings } = asked();
    const unused = Object.keys(english).filter(
      (key) => !whole.has(key) && !beginnings.some((beginning) => key.startsWith(beginning)),
    );
    expect(unused).toEqual([]);
    const said = [...readAll().matchAll(/\bsay\(\s*'([a-z0-9-]+)'/g)].map(([, key]) => key!);
    expect(said.filter((key) => !(key in english))).toEqual([]);
  });
});

function readAll(): string {
  const folder = path.join(SOURCE, 'ui');
  return readdirSync(folder)
    .filter((name) => /\.(svelte|ts)$/.test(name))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))
    .concat(readFileSync(path.join(SOURCE, 'App.svelte'), 'utf8'))
    .join('\n');
}
