/**
 * Strict JSON. `JSON.parse` keeps the last of two members of one name, so two readers may see two different messages under one
 * signature; it also takes fractions and lets lone surrogates pass. All of these are refused here.
 */

/** What JSON can say in this protocol: no fractions, no negative numbers. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Deepest nesting of objects and lists. */
const DEEPEST = 8;
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/gs;
/** Readers refuse what is beyond 2^53 - 1 and was therefore rounded; beyond this, it is no integer to anybody. */
const LARGEST = 2 ** 64;
const INTEGER = /^(?:0|[1-9][0-9]*)$/;

/** Parses one JSON text. `undefined` when it is not one, or says something twice, too deep or not exactly. */
export function parseStrict(text: string): Json | undefined {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  return isPlain(text) ? value : undefined;
}

/** Walks the tokens of a text that is known to be JSON. */
function isPlain(text: string): boolean {
  const open: (Set<string> | null)[] = [];
  let last: string | undefined;
  for (const [token] of text.matchAll(TOKEN)) {
    const names = open.at(-1);
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':' && names && last !== undefined) {
      if (names.has(last)) return false;
      names.add(last);
    } else if (token.startsWith('"')) {
      last = JSON.parse(token) as string;
      if (/\p{Surrogate}/u.test(last)) return false;
    } else if (/^[-0-9]/.test(token) && !(INTEGER.test(token) && Number(token) < LARGEST)) return false;
    if (open.length > DEEPEST) return false;
  }
  return true;
}
