// @ts-check
/**
 * The way of ballots to the site: signed at once, sent one after the other, kept while the
 * connection is away, and told about when the site refuses one. All tabs share one queue; one of
 * them sends at a time, and the others hear of it.
 */

import { call } from "../wallet/api.js";
import { Trouble } from "../wallet/words.js";
import { typedData } from "./ballot.js";
import { Intents } from "./intents.js";
import { browserSigner } from "./signers.js";

/** @typedef {import("./store.js").Waiting} Waiting */
/** @typedef {"" | "away" | "later" | "door"} Why a queue stands still; "door": sign in again */
/**
 * "voted": in another tab.
 * @typedef {{kind: "accepted", entry: Waiting, receipt: import("./store.js").Receipt}
 *   | {kind: "refused", entry: Waiting, code: string, words: string}
 *   | {kind: "voted", round: string, pair: string}
 *   | {kind: "waiting", count: number, why: Why}} News
 */
/**
 * @typedef {object} Wish a ballot before it has a nonce
 * @property {Omit<import("./ballot.js").Ballot, "nonce">} ballot
 * @property {import("./ballot.js").Domain} domain
 * @property {string} pair
 * @property {string} [intent] name of the note that keeps it until it is signed, if there is one
 */

const PATH = "/api/v1/ballots";
const SLOWEST_MS = 30_000;
const MOST_NONCES = 4; // tries to sign above another browser's ballots

/**
 * Do something that no other tab does meanwhile.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} act
 * @returns {Promise<T>}
 */
async function alone(name, act) {
  return navigator.locks ? await navigator.locks.request(name, act) : act();
}

/** A member's ballots on their way. */
export class Outbox {
  /**
   * @param {string} member address in lower case
   * @param {import("./store.js").BallotStore} store
   */
  constructor(member, store) {
    this.member = member;
    this.store = store;
    this.intents = new Intents(member);
    /** @type {import("./signers.js").Signer | null} */
    this.signer = null;
    /** @type {Set<(news: News) => void>} */
    this.listeners = new Set();
    /** @type {Map<number, number>} nonces tried, by entry */
    this.renewed = new Map();
    this.usedUp = 0n; // the highest nonce that the site is known to have
    this.failures = 0;
    this.timer = 0;
    this.isSending = false;
    this.isAskedAgain = false;
    this.channel = new BroadcastChannel(`salon-ballots-${member}`);
    this.channel.onmessage = ({ data }) => this.hear(data);
    addEventListener("online", () => this.send());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.send());
  }

  /** @param {News} news for this page, and for other tabs, which show the same queue */
  tell(news) {
    this.hear(news);
    if (news.kind !== "refused") this.channel.postMessage(news);
  }

  /** @param {News} news */
  hear(news) {
    for (const listener of this.listeners) listener(news);
  }

  /**
   * Note what a member has said, at once, unless they say it by a wallet that asks.
   * @param {Wish} wish
   * @returns {Wish}
   */
  noted(wish) {
    return { ...wish, intent: this.signer?.asks ? "" : this.intents.note(wish) };
  }

  /**
   * Sign a ballot and send it, now or as soon as the site answers.
   * @param {Wish} wish
   * @param {import("./signers.js").Signer | null} [signer]
   * @returns {Promise<number>} its id, once it is signed and kept
   * @throws {Trouble} of a wallet that does not sign
   */
  async cast({ ballot, domain, pair, intent }, signer = this.signer) {
    if (!signer) throw new Trouble("locked");
    const keep = async () => {
      const signed = await this.sign({ ...ballot, nonce: "" }, domain, signer);
      const id = await this.store.add({ voter: this.member, pair, domain, intent, tried: false, ...signed });
      this.intents.forget(intent);
      return id;
    };
    // A wallet may take minutes; meanwhile other tabs go on, and nonces sort themselves out later.
    const id = await (signer.asks ? keep() : alone(`salon-sign-${this.member}`, keep));
    this.channel.postMessage({ kind: "voted", round: ballot.round, pair });
    this.send();
    return id;
  }

  /**
   * @param {import("./ballot.js").Ballot} ballot its nonce is replaced
   * @param {import("./ballot.js").Domain} domain
   * @param {import("./signers.js").Signer} signer
   */
  async sign(ballot, domain, signer) {
    const nonce = await this.store.takeNonce(this.member, this.usedUp);
    const numbered = { ...ballot, nonce: String(nonce) };
    return { ballot: numbered, ...(await signer.sign(typedData(numbered, domain), ballot.voter)) };
  }

  /**
   * Forget a ballot that has not been sent.
   * @param {number} id
   * @returns {Promise<boolean>} false when it may have reached the site: only another can undo it
   */
  takeBack(id) {
    return this.store.takeBack(id);
  }

  /** Send what waits. */
  async send() {
    this.isAskedAgain = true;
    if (this.isSending) return;
    this.isSending = true;
    clearTimeout(this.timer);
    try {
      while (this.isAskedAgain) {
        this.isAskedAgain = false;
        await alone(`salon-send-${this.member}`, () => this.drain());
      }
    } catch (error) {
      console.error(error);
      this.again(SLOWEST_MS);
    } finally {
      this.isSending = false;
    }
  }

  async drain() {
    for (;;) {
      const waiting = await this.store.waiting(this.member);
      const [first] = waiting;
      const why = first ? await this.handIn(first) : "";
      const count = why ? waiting.length : Math.max(0, waiting.length - 1);
      this.tell({ kind: "waiting", count, why });
      if (!first || why) return;
    }
  }

  /** @param {number} ms */
  again(ms) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.send(), ms);
  }

  /**
   * @param {Waiting} entry
   * @returns {Promise<Why>} why the queue stands still; nothing when it goes on
   */
  async handIn(entry) {
    if (!entry.tried && BigInt(entry.ballot.nonce) <= this.usedUp) return this.renew(entry, "nonce-reused", "");
    if (navigator.onLine === false) return this.rest("away", 0);
    if (!(await this.store.begin(entry.id))) return "";
    const { ballot, signer, signature, voter, intent } = entry;
    try {
      const body = { ...ballot, signer, signature };
      const receipt = await call("POST", PATH, body, { credentials: "omit" });
      await this.store.accept(entry.id, { digest: receipt.digest, voter, receipt, ballot, signer, signature, intent });
      this.failures = 0;
      this.use(ballot.nonce);
      this.tell({ kind: "accepted", entry, receipt });
      return "";
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      return this.refused({ ...entry, tried: true }, error);
    }
  }

  /** @param {string} nonce */
  use(nonce) {
    const number = BigInt(nonce);
    if (number > this.usedUp) this.usedUp = number;
  }

  /**
   * @param {Waiting} entry
   * @param {Trouble} trouble
   * @returns {Promise<Why>}
   */
  async refused(entry, { kind, detail, problem }) {
    const { code = "", retryAfterS = 0, lastNonce = "" } = problem ?? {};
    if (kind === "away") return this.rest("away", 0);
    if (kind === "later") return this.rest("later", retryAfterS);
    if (code === "nonce-reused") {
      if (/^[0-9]{1,78}$/.test(lastNonce)) this.use(lastNonce);
      return this.renew(entry, code, detail);
    }
    if (code === "key-not-delegated") {
      const key = await browserSigner(this.member);
      if (key && key.didKey !== entry.signer) return this.renew(entry, code, detail);
      return "door";
    }
    return this.give(entry, code, detail);
  }

  /**
   * Sign an entry anew, above what the site has.
   * @param {Waiting} entry
   * @param {string} code why
   * @param {string} words
   * @returns {Promise<Why>}
   */
  async renew(entry, code, words) {
    const times = (this.renewed.get(entry.id) ?? 0) + 1;
    const signer = this.signer ?? (await browserSigner(this.member))?.signer;
    if (!signer || times > MOST_NONCES) return this.give(entry, code, words);
    this.renewed.set(entry.id, times);
    try {
      const signed = await this.sign(entry.ballot, entry.domain, signer);
      await this.store.replace({ ...entry, ...signed, tried: false });
      return "";
    } catch (error) {
      if (error instanceof Trouble) return this.give(entry, code, words);
      throw error;
    }
  }

  /**
   * Give an entry up.
   * @param {Waiting} entry
   * @param {string} code
   * @param {string} words
   * @returns {Promise<"">}
   */
  async give(entry, code, words) {
    await this.store.drop(entry.id);
    this.tell({ kind: "refused", entry, code, words });
    return "";
  }

  /**
   * Try again later.
   * @param {"away" | "later"} why
   * @param {number} afterS
   * @returns {Why}
   */
  rest(why, afterS) {
    const pause = Math.min(SLOWEST_MS, 1000 * 2 ** this.failures) * (0.75 + Math.random() / 2);
    if (why === "away") this.failures += 1;
    this.again(why === "later" ? Math.max(1, afterS) * 1000 : pause);
    return why;
  }
}
