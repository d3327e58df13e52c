/** Lines that are said with one click. */

import { fromStore } from 'svelte/store';
import { chatStore } from '../lib';
import { say } from './language.svelte';

const USUAL = [1, 2, 3, 4, 5].map((number) => `quick-text-${number}`);
const LONGEST = 300;
const MOST = 30;
const chat = fromStore(chatStore);

/** Those that were chosen here; else the catalogue's, in the page's language. */
export function quickTexts(): readonly string[] {
  const { quickTexts: chosen } = chat.current;
  return chosen.length > 0 ? chosen : USUAL.map((key) => say(key));
}

/** One line each, without blanks, doubles and what is too long. */
export function tidy(lines: string): readonly string[] {
  const trimmed = lines.split('\n').map((line) => line.trim().slice(0, LONGEST));
  return [...new Set(trimmed.filter((line) => line !== ''))].slice(0, MOST);
}
