/** Small readers for members of parsed JSON: each takes a value and returns it typed, or refuses. */

import { decodeExactly } from './bytes';
import type { Json } from './json';
import { refuse, type Reason } from './refusal';

/** Reads one value. */
export type Reader<T> = (value: Json) => T;

type Readers = Record<string, Reader<unknown>>;
type Shape<R extends Readers> = { [K in keyof R]: R[K] extends Reader<infer T> ? T : never };

/** An object with exactly these members. */
export function object<R extends Readers>(readers: R, reason: Reason): Reader<Shape<R>> {
  const names = Object.keys(readers);
  return (value) => {
    const members = asObject(value, reason);
    if (Object.keys(members).length !== names.length) refuse(reason);
    const read: Record<string, unknown> = {};
    for (const name of names) {
      if (!Object.hasOwn(members, name)) refuse(reason);
      read[name] = readers[name]!(members[name]!);
    }
    return read as Shape<R>;
  };
}

/** Any object. */
export function asObject(value: Json | undefined, reason: Reason): { [name: string]: Json } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(reason);
  return value;
}

/** Any string. */
export const string =
  (reason: Reason): Reader<string> =>
  (value) =>
    typeof value === 'string' ? value : refuse(reason);

/** An integer from 0 to `largest`. */
export const integer =
  (reason: Reason, largest: number = Number.MAX_SAFE_INTEGER): Reader<number> =>
  (value) =>
    typeof value === 'number' && value <= largest ? value : refuse(reason);

/** True or false. */
export const boolean =
  (reason: Reason): Reader<boolean> =>
  (value) =>
    typeof value === 'boolean' ? value : refuse(reason);

/** One of these strings. */
export const oneOf =
  <const T extends string>(words: readonly T[], reason: Reason): Reader<T> =>
  (value) =>
    (words as readonly Json[]).includes(value) ? (value as T) : refuse(reason);

/** Null, or what `reader` reads. */
export const nullable =
  <T>(reader: Reader<T>): Reader<T | null> =>
  (value) =>
    value === null ? null : reader(value);

/** A list of at most `most`. */
export const list =
  <T>(reader: Reader<T>, most: number, reason: Reason): Reader<T[]> =>
  (value) =>
    Array.isArray(value) && value.length <= most ? value.map(reader) : refuse(reason);

/** base64url of exactly `length` bytes, kept as text. */
export const base64Url =
  (length: number, reason: Reason, kind: Reason = reason): Reader<string> =>
  (value) => {
    if (typeof value !== 'string') refuse(kind);
    return decodeExactly(value, length) ? value : refuse(reason);
  };
