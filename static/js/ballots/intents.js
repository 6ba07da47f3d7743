// @ts-check
/**
 * What a member has just done and no signed ballot says yet. Signing takes a while, and whoever
 * leaves the page meanwhile must not lose a vote that the page has counted: localStorage alone
 * keeps things at once. A page forgets an intent when its ballot is kept; what it leaves behind
 * another page takes over. Where nothing can be stored votes are cast all the same.
 */

import { pairOf } from "./ballot.js";

/** @typedef {import("./queue.js").Wish} Wish */
/** @typedef {Wish & {intent: string}} Intent */

const MOST = 200;
const LONGEST = 2000; // characters
const SURELY_GONE_S = 60; // a page of which nobody can tell whether it lives
const [ADDRESS, DIGEST, NUMBER, TEXT] = [/^0x[0-9a-f]{40}$/i, /^0x[0-9a-f]{64}$/, /^[0-9]{1,20}$/, /^.{1,100}$/];

/**
 * @param {unknown} value
 * @param {RegExp} shape
 */
const is = (value, shape) => typeof value === "string" && shape.test(value);

/**
 * What was stored, if a page of this site can have stored it.
 * @param {string} stored
 * @param {string} member
 * @returns {Wish | null}
 */
function readWish(stored, member) {
  if (stored.length > LONGEST) return null;
  try {
    const { ballot, domain } = JSON.parse(stored);
    const { voter, round, chosen, rejected, outcome, issuedAt } = ballot;
    const { name, version, chainId, verifyingContract } = domain;
    const isSound =
      is(voter, ADDRESS) && voter.toLowerCase() === member && is(round, NUMBER) && is(chosen, DIGEST) && is(rejected, DIGEST) &&
      [0, 1, 2].includes(outcome) && [issuedAt, chainId].every((number) => Number.isSafeInteger(number) && number > 0) &&
      is(name, TEXT) && is(version, TEXT) && is(verifyingContract, ADDRESS);
    if (!isSound) return null;
    return {
      ballot: { voter, round, chosen, rejected, outcome, issuedAt },
      domain: { name, version, chainId, verifyingContract },
      pair: pairOf(chosen.slice(2), rejected.slice(2)),
    };
  } catch {
    return null;
  }
}

/** @param {string} intent */
const pageOf = (intent) => intent.split(":")[2];

/** @param {string} page */
const lockOf = (page) => `salon-page-${page}`;

/** A member's intents in all tabs; each is one item of localStorage, named after its page and number. */
export class Intents {
  /** @param {string} member address in lower case */
  constructor(member) {
    this.member = member;
    this.prefix = `salon-intent:${member}:`;
    this.shape = new RegExp(`^${this.prefix}[0-9a-f]{32}:[0-9]{6}$`);
    this.page = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.made = 0;
  }

  /** Let other pages see that this one lives; its end gives the lock back. */
  live() {
    if (!this.made) navigator.locks?.request(lockOf(this.page), () => new Promise(() => {})).catch(() => {});
  }

  /** @returns {string[]} */
  names() {
    try {
      return Object.keys(localStorage).filter((name) => name.startsWith(this.prefix));
    } catch {
      return [];
    }
  }

  /**
   * @param {Wish} wish
   * @returns {string} the intent's name; empty when it could not be stored
   */
  note({ ballot, domain }) {
    if (this.names().length >= MOST) return "";
    this.live();
    this.made += 1;
    const name = `${this.prefix}${this.page}:${String(this.made).padStart(6, "0")}`;
    try {
      localStorage.setItem(name, JSON.stringify({ ballot, domain }));
      return name;
    } catch {
      return "";
    }
  }

  /** @param {string} [intent] its name */
  forget(intent) {
    try {
      if (intent) localStorage.removeItem(intent);
    } catch {
      // What cannot be read is no trouble either.
    }
  }

  /** @returns {Intent[]} page by page, in the order in which they were made; malformed ones go */
  all() {
    const found = [];
    for (const intent of this.names().sort()) {
      const wish = this.shape.test(intent) ? readWish(localStorage.getItem(intent) ?? "", this.member) : null;
      if (wish) found.push({ ...wish, intent });
      else this.forget(intent);
    }
    return found;
  }

  /**
   * Hand out what pages left behind, page by page; of pages that live, as soon as they are gone.
   * @param {(intents: Intent[]) => Promise<void>} act
   */
  async inherit(act) {
    const others = () => this.all().filter(({ intent }) => pageOf(intent) !== this.page);
    if (!navigator.locks) {
      const latest = Date.now() / 1000 - SURELY_GONE_S;
      return act(others().filter(({ ballot }) => ballot.issuedAt < latest));
    }
    const take = async (/** @type {string} */ page) => act(others().filter(({ intent }) => pageOf(intent) === page));
    const pages = new Set(others().map(({ intent }) => pageOf(intent)));
    await Promise.all([...pages].map((page) => navigator.locks.request(lockOf(page), () => take(page))));
  }
}
