/** The vectors that every implementation of KSP/1 reads: the same bytes, the same refusals. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromUtf8, decodeBase64Url } from './bytes';
import { checkCovers, checkTime, openCertificate, openMembership } from './certificate';
import { importPublicKey, keyId } from './crypto';
import { hashOf, open, seal, PROTECTED, type Envelope } from './envelope';
import { openMessage, type Recipient, type Transport } from './message';
import { reasonOf, type Reason } from './refusal';
import { checkDescription, fingerprintOf, type SdpType } from './sdp';

const read = <T>(file: string): T =>
  JSON.parse(readFileSync(new URL(`../../../wire/vectors/${file}.json`, import.meta.url), 'utf8')) as T;

async function reason(attempt: () => unknown): Promise<Reason | null> {
  try {
    await attempt();
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

interface Keys {
  identity_seed: string;
  identity_key: string;
  session_seed: string;
  session_key: string;
  peer_id: string;
  session_id: string;
  payload: string;
  sess: Envelope;
  hash: string;
  pop: Envelope;
}

/** A private key from its scalar; the curve's point comes with it in the vectors. */
async function privateKey(seed: string, publicKey: string): Promise<CryptoKey> {
  const raw = decodeBase64Url(publicKey)!;
  const part = (from: number) => Buffer.from(raw.subarray(from, from + 32)).toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: part(1), y: part(33), d: Buffer.from(seed, 'hex').toString('base64url') };
  return crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
}

describe('certificates.json', () => {
  const { audience, ...bearers } = read<{ audience: string; kiosk: Keys; operator: Keys }>('certificates');

  it.each(Object.entries(bearers))('%s: keys, ids, certificate, hash', async (_, keys) => {
    expect(await keyId(keys.identity_key)).toBe(keys.peer_id);
    expect(await keyId(keys.session_key)).toBe(keys.session_id);
    const certified = await openCertificate(keys.sess);
    expect(certified.certificate).toEqual(JSON.parse(keys.payload));
    expect(certified).toMatchObject({ peer: keys.peer_id, session: keys.session_id });
    expect(certified.certificate.aud).toBe(audience);
    expect(await hashOf(keys.sess)).toBe(keys.hash);
    expect(await reason(() => checkTime(certified.certificate, certified.certificate.na + 61))).toBe('expired');
  });

  it.each(Object.entries(bearers))('%s: the same payload makes the same signed bytes', async (_, keys) => {
    const identity = await privateKey(keys.identity_seed, keys.identity_key);
    const sealed = await seal('session-certificate', keys.payload, identity);
    expect(sealed).toMatchObject({ protected: keys.sess.protected, payload: keys.sess.payload });
    expect((await openCertificate(sealed)).peer).toBe(keys.peer_id);
  });

  it.each(Object.entries(bearers))('%s: proof of possession', async (_, keys) => {
    const proof = JSON.parse(await open(keys.pop, 'message', await importPublicKey(keys.session_key))) as unknown;
    const { sn } = JSON.parse(keys.payload) as { sn: string };
    expect(proof).toEqual({ v: 1, t: 'auth', sn, aud: audience, fs: keys.session_id });
  });
});

describe('memberships.json', () => {
  interface Case {
    name: string;
    envelope: Envelope;
    reason: Reason | null;
  }
  const file = read<{ operator_key: string; now: number; bearer: Envelope; cases: Case[] }>('memberships');

  it.each(file.cases.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const bearer = await openCertificate(file.bearer);
    const check = async () => checkCovers(await openMembership(each.envelope, file.operator_key), bearer, file.now);
    expect(await reason(check)).toBe(each.reason);
  });
});

describe('messages.json', () => {
  interface Case {
    name: string;
    transport: Transport;
    envelope: Envelope;
    reason: Reason | null;
    payload?: string;
    hash?: string;
  }
  const file = read<{ sender: Envelope; recipient: Recipient; cases: Case[] }>('messages');

  it.each(file.cases.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const sender = await openCertificate(file.sender);
    const opened = () => openMessage(each.envelope, sender, file.recipient, each.transport);
    expect(await reason(opened)).toBe(each.reason);
    if (each.reason !== null) return;
    const { t, body, call, seq, re, at } = JSON.parse(each.payload!) as Record<string, unknown>;
    expect(await opened()).toEqual({ t, body, call, seq, re, at, from: sender.peer, hash: each.hash });
  });

  it('refuses every accepted envelope with any one bit of its payload or signature flipped', async () => {
    const sender = await openCertificate(file.sender);
    const { envelope } = file.cases.find((each) => each.name === 'ringing')!;
    for (const part of ['payload', 'signature'] as const) {
      const bytes = decodeBase64Url(envelope[part])!;
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        const flipped = Uint8Array.from(bytes);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        const forged = { ...envelope, [part]: Buffer.from(flipped).toString('base64url') };
        expect(await reason(() => openMessage(forged, sender, file.recipient, 'link'))).toBe('signature');
      }
    }
  });
});

describe('sdp.json', () => {
  interface Case {
    name: string;
    type: SdpType;
    sdp: string;
    fp: string | null;
    reason: Reason | null;
  }

  it.each(read<Case[]>('sdp').map((each) => [`${each.type}: ${each.name}`, each] as const))('%s', async (_, each) => {
    expect(await reason(() => fingerprintOf(each.sdp, each.type))).toBe(each.reason);
    if (each.fp !== null && each.reason === null) {
      expect(fingerprintOf(each.sdp, each.type)).toBe(each.fp);
      expect(await reason(() => checkDescription(each.sdp, 'f'.repeat(64), each.type))).toBe(
        'sdp-fingerprint-mismatch',
      );
    }
  });
});

it('the headers are the constants of the protocol', () => {
  const typ = (kind: keyof typeof PROTECTED) => fromUtf8(decodeBase64Url(PROTECTED[kind])!);
  expect(typ('message')).toBe('{"alg":"ES256","typ":"ksp1"}');
  expect(typ('session-certificate')).toBe('{"alg":"ES256","typ":"ksp1-sess"}');
  expect(typ('membership')).toBe('{"alg":"ES256","typ":"ksp1-memb"}');
});
