/** This browser profile's identity: a key pair whose private half cannot be exported, kept in IndexedDB with the sign-in counter. */

import { exportPublicKey, generateKeyPair, keyId, type PeerId } from './crypto';

const DATABASE = 'kiosk-console';
const STORE = 'identity';
const KEY = 'own';

/** Who we are for as long as the browser keeps its data. */
export interface Identity {
  readonly peer: PeerId;
  /** Raw public key, base64url. */
  readonly publicKey: string;
  readonly privateKey: CryptoKey;
  /** Counts sign-ins: larger at each, and stored before it is used. */
  nextEpoch(this: void): Promise<number>;
}

interface Kept {
  readonly keys: CryptoKeyPair;
  readonly epoch: number;
}

/** Loads the identity, or makes one when there is none yet. */
export async function loadIdentity(): Promise<Identity> {
  const database = await openDatabase();
  // Made before the transaction: one that waits for anything but its own requests is over. Another page may be first, then its keys count.
  const fresh: Kept = { keys: await generateKeyPair(), epoch: 0 };
  const { keys } = await change(database, (kept) => kept ?? fresh);
  const nextEpoch = async () => {
    const { epoch } = await change(database, (kept) => ({ keys, epoch: (kept?.epoch ?? 0) + 1 }));
    return epoch;
  };
  return describe(keys, nextEpoch);
}

/** An identity that is gone with the page, for when the browser keeps nothing (private windows of some browsers). */
export async function makeFleetingIdentity(): Promise<Identity> {
  let epoch = 0;
  return describe(await generateKeyPair(), () => Promise.resolve((epoch += 1)));
}

async function describe(keys: CryptoKeyPair, nextEpoch: () => Promise<number>): Promise<Identity> {
  const publicKey = await exportPublicKey(keys.publicKey);
  return { peer: await keyId(publicKey), publicKey, privateKey: keys.privateKey, nextEpoch };
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB cannot be opened'));
  });
}

/** Reads, changes and writes in one transaction; resolves when it is on disk. */
function change(database: IDBDatabase, update: (kept: Kept | undefined) => Kept): Promise<Kept> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, 'readwrite');
    const store = transaction.objectStore(STORE);
    const request = store.get(KEY) as IDBRequest<Kept | undefined>;
    let next: Kept;
    request.onsuccess = () => {
      next = update(request.result);
      store.put(next, KEY);
    };
    transaction.oncomplete = () => resolve(next);
    transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB refused to keep the identity'));
  });
}
