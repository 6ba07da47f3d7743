// @ts-check
/** Stands in for the store of ballots in a browser that stores nothing: good for one page. */

import { nonceAbove } from "./ballot.js";

/** @typedef {import("./store.js").Waiting} Waiting */
/** @typedef {import("./store.js").Kept} Kept */

/** The same methods as the stored one, with the same meaning. */
export class MemoryStore {
  constructor() {
    this.last = 0n;
    this.made = 0;
    /** @type {Map<number, Waiting>} */
    this.entries = new Map();
    /** @type {Map<string, Kept>} */
    this.kept = new Map();
  }

  /**
   * @param {string} _voter
   * @param {bigint} above
   */
  async takeNonce(_voter, above) {
    this.last = nonceAbove(above, this.last);
    return this.last;
  }

  /** @param {Omit<Waiting, "id">} entry */
  async add(entry) {
    this.made += 1;
    this.entries.set(this.made, { ...entry, id: this.made });
    return this.made;
  }

  /** @param {Waiting} entry */
  async replace(entry) {
    this.entries.set(entry.id, entry);
  }

  /** @param {number} id */
  async begin(id) {
    const entry = this.entries.get(id);
    if (entry) entry.tried = true;
    return Boolean(entry);
  }

  /** @param {number} id */
  async takeBack(id) {
    const entry = this.entries.get(id);
    return Boolean(entry && !entry.tried && this.entries.delete(id));
  }

  /** @param {number} id */
  async drop(id) {
    this.entries.delete(id);
  }

  /**
   * @param {number} id
   * @param {Kept} kept
   */
  async accept(id, kept) {
    this.entries.delete(id);
    this.kept.set(kept.digest, kept);
  }

  /** @param {string} voter */
  async waiting(voter) {
    return [...this.entries.values()].filter((entry) => entry.voter === voter).map((entry) => ({ ...entry }));
  }

  /** @param {string} voter */
  async receipts(voter) {
    return [...this.kept.values()].filter((kept) => kept.voter === voter);
  }
}
