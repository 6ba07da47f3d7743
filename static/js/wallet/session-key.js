// @ts-check
/**
 * Keys of this browser that may cast ballots for an address once its wallet has said so. They
 * are made by WebCrypto, cannot be read out, and lie in IndexedDB, one for each address.
 */

import { didKey } from "./did-key.js";

/** @typedef {{address: string, privateKey: CryptoKey, didKey: string, madeAt: number}} SessionKey */

const [DATABASE, STORE] = ["salon-session-keys", "keys"];
const OPEN_WITHIN_MS = 4000;
const P256 = { name: "ECDSA", namedCurve: "P-256" };
const SIGNING = { name: "ECDSA", hash: "SHA-256" };

/** This browser cannot keep a key: no secure page, or no storage. */
export class KeyUnavailable extends Error {}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new KeyUnavailable("the storage does not answer")), OPEN_WITHIN_MS);
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "address" });
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

/**
 * Do one thing with the stored keys.
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>} settled when the transaction is
 */
async function withStore(mode, act) {
  const database = await openDatabase();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const acting = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(acting.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error ?? acting.error);
    });
  } finally {
    database.close();
  }
}

/**
 * @param {string} address
 * @returns {Promise<SessionKey | undefined>}
 */
function stored(address) {
  return withStore("readonly", (store) => store.get(address.toLowerCase()));
}

/**
 * @param {string} address
 * @returns {Promise<SessionKey>}
 */
async function made(address) {
  const pair = await crypto.subtle.generateKey(P256, false, ["sign", "verify"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const key = {
    address: address.toLowerCase(),
    privateKey: pair.privateKey,
    didKey: didKey(point),
    madeAt: Date.now(),
  };
  try {
    await withStore("readwrite", (store) => store.add(key));
    return key;
  } catch (error) {
    const other = await stored(address); // Another tab was faster.
    if (other) return other;
    throw error;
  }
}

/**
 * The key of an address on this browser, made when there is none.
 * @param {string} address
 * @returns {Promise<SessionKey>}
 * @throws {KeyUnavailable}
 */
export async function sessionKey(address) {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle || !globalThis.indexedDB) {
    throw new KeyUnavailable("this page is not secure, or storage is switched off");
  }
  try {
    return (await stored(address)) ?? (await made(address));
  } catch (error) {
    throw new KeyUnavailable("this browser does not keep keys", { cause: error });
  }
}

/**
 * The key of an address, if this browser holds one.
 * @param {string} address
 * @returns {Promise<SessionKey | null>}
 */
export async function heldKey(address) {
  try {
    return (await stored(address)) ?? null;
  } catch {
    return null;
  }
}

/**
 * @param {SessionKey} key
 * @param {Uint8Array<ArrayBuffer>} message
 * @returns {Promise<string>} 128 hex digits: r ‖ s
 */
async function sign(key, message) {
  const signature = await crypto.subtle.sign(SIGNING, key.privateKey, message);
  return Array.from(new Uint8Array(signature), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Prove to the site that this browser holds the key: a signature over the sign-in nonce.
 * @param {SessionKey} key
 * @param {string} nonce
 * @returns {Promise<string>} 128 hex digits
 */
export function prove(key, nonce) {
  return sign(key, new TextEncoder().encode(nonce));
}

/**
 * Sign an EIP-712 digest, a ballot's say, for an address.
 * @param {string} address
 * @param {Uint8Array<ArrayBuffer>} digest 32 bytes
 * @returns {Promise<string>} 128 hex digits
 * @throws {KeyUnavailable} this browser holds no key for the address
 */
export async function signDigest(address, digest) {
  if (digest.length !== 32) throw new RangeError(`a digest has 32 bytes, not ${digest.length}`);
  const key = await heldKey(address);
  if (!key) throw new KeyUnavailable("this browser holds no key for the address");
  return sign(key, digest);
}

/**
 * Throw the key of an address away.
 * @param {string} address
 */
export async function forget(address) {
  try {
    await withStore("readwrite", (store) => store.delete(address.toLowerCase()));
  } catch {
    // Where nothing can be stored nothing needs to be forgotten.
  }
}
