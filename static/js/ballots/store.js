// @ts-check
/**
 * What this browser keeps of ballots, for all its tabs together: those that wait to be sent,
 * receipts, and the last nonce of every address.
 */

import { nonceAbove } from "./ballot.js";
import { MemoryStore } from "./store-memory.js";

/**
 * @typedef {object} Waiting a signed ballot that has no receipt yet
 * @property {number} id in the order in which they were made
 * @property {string} voter address in lower case
 * @property {string} pair
 * @property {import("./ballot.js").Ballot} ballot
 * @property {import("./ballot.js").Domain} domain
 * @property {string} signer
 * @property {string} signature hex
 * @property {boolean} tried whether it may have reached the site
 * @property {string} [intent] name of the intent that it carries out
 */
/** @typedef {Record<string, unknown> & {digest: string}} Receipt as the site signed it */
/**
 * @typedef {object} Kept an accepted ballot
 * @property {string} digest
 * @property {string} voter address in lower case
 * @property {Receipt} receipt
 * @property {import("./ballot.js").Ballot} ballot
 * @property {string} signer
 * @property {string} signature hex
 * @property {string} [intent]
 */
/** @typedef {IndexedDBStore | MemoryStore} BallotStore */

const DATABASE = "salon-ballots";
const OPEN_WITHIN_MS = 4000;

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("the storage does not answer")), OPEN_WITHIN_MS);
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => {
      const { result: database } = opening;
      database.createObjectStore("waiting", { keyPath: "id", autoIncrement: true }).createIndex("voter", "voter");
      database.createObjectStore("receipts", { keyPath: "digest" }).createIndex("voter", "voter");
      database.createObjectStore("nonces", { keyPath: "voter" });
    };
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

/** The same in every tab, and after a reload. */
class IndexedDBStore {
  /** @param {IDBDatabase} database */
  constructor(database) {
    this.database = database;
    database.onversionchange = () => database.close();
  }

  /**
   * One transaction; its answer is what `act` hands to `answer`.
   * @template T
   * @param {string[]} names
   * @param {IDBTransactionMode} mode
   * @param {(stores: Record<string, IDBObjectStore>, answer: (value: T) => void) => void} act
   * @returns {Promise<T>}
   */
  within(names, mode, act) {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction(names, mode);
      const stores = Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)]));
      /** @type {any} */
      let answered;
      act(stores, (value) => (answered = value));
      transaction.oncomplete = () => resolve(answered);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  }

  /**
   * @param {string} voter
   * @param {bigint} above
   * @returns {Promise<bigint>} a nonce that no tab of this browser had before
   */
  takeNonce(voter, above) {
    return this.within(["nonces"], "readwrite", ({ nonces }, answer) => {
      const found = nonces.get(voter);
      found.onsuccess = () => {
        const nonce = nonceAbove(above, BigInt(found.result?.last ?? 0));
        nonces.put({ voter, last: String(nonce) });
        answer(nonce);
      };
    });
  }

  /**
   * @param {Omit<Waiting, "id">} entry
   * @returns {Promise<number>} its id
   */
  add(entry) {
    return this.within(["waiting"], "readwrite", ({ waiting }, answer) => {
      const adding = waiting.add(entry);
      adding.onsuccess = () => answer(Number(adding.result));
    });
  }

  /** @param {Waiting} entry signed anew */
  replace(entry) {
    return this.within(["waiting"], "readwrite", ({ waiting }) => waiting.put(entry));
  }

  /**
   * Note that it is being sent.
   * @param {number} id
   * @returns {Promise<boolean>} false when it was taken back meanwhile
   */
  begin(id) {
    return this.within(["waiting"], "readwrite", ({ waiting }, answer) => {
      const found = waiting.get(id);
      found.onsuccess = () => {
        answer(Boolean(found.result));
        if (found.result) waiting.put({ ...found.result, tried: true });
      };
    });
  }

  /**
   * Forget it if it cannot have reached the site.
   * @param {number} id
   * @returns {Promise<boolean>}
   */
  takeBack(id) {
    return this.within(["waiting"], "readwrite", ({ waiting }, answer) => {
      const found = waiting.get(id);
      found.onsuccess = () => {
        const isFree = Boolean(found.result && !found.result.tried);
        if (isFree) waiting.delete(id);
        answer(isFree);
      };
    });
  }

  /** @param {number} id */
  drop(id) {
    return this.within(["waiting"], "readwrite", ({ waiting }) => waiting.delete(id));
  }

  /**
   * @param {number} id
   * @param {Kept} kept
   */
  accept(id, kept) {
    return this.within(["waiting", "receipts"], "readwrite", ({ waiting, receipts }) => {
      waiting.delete(id);
      receipts.put(kept);
    });
  }

  /**
   * @param {string} voter
   * @returns {Promise<Waiting[]>} in the order in which they were made
   */
  waiting(voter) {
    return this.within(["waiting"], "readonly", ({ waiting }, answer) => {
      const found = waiting.index("voter").getAll(voter);
      found.onsuccess = () => answer(found.result);
    });
  }

  /**
   * @param {string} voter
   * @returns {Promise<Kept[]>}
   */
  receipts(voter) {
    return this.within(["receipts"], "readonly", ({ receipts }, answer) => {
      const found = receipts.index("voter").getAll(voter);
      found.onsuccess = () => answer(found.result);
    });
  }
}

/**
 * What this browser keeps; where it keeps nothing, what this page remembers.
 * @returns {Promise<BallotStore>}
 */
export async function openStore() {
  try {
    return new IndexedDBStore(await openDatabase());
  } catch {
    return new MemoryStore();
  }
}
