// @ts-check
/**
 * Following a member's transactions: sent, included, seen by the site, final; or failed, replaced,
 * lost. The list outlives the page. What the wallet's node says is heard too, but only the site
 * itself can say that it has seen something.
 */

import { call } from "./api.js";
import { ask } from "./ask.js";
import { Trouble } from "./words.js";

/** @typedef {import("./ask.js").Provider} Provider */
/** @typedef {"sent" | "included" | "seen" | "final" | "failed" | "replaced" | "lost"} State */
/**
 * @typedef {object} Followed
 * @property {string} hash 0x-hex
 * @property {string} to
 * @property {string} data 0x-hex
 * @property {string} doing what it does, in words
 * @property {number} sentAt ms since the epoch, as are the others
 * @property {number} knownAt when a node last knew it
 * @property {number} changedAt
 * @property {State} state
 * @property {number | null} nonce
 * @property {string} words more about its state
 */
/** @typedef {{ok: boolean} | null} Receipt as far as it matters */

const MOST = 20;
const LOST_AFTER_MS = 90_000;
const FORGOTTEN_AFTER_MS = 3 * 86_400_000;
const PACES = [[60_000, 1000], [600_000, 4000], [Infinity, 15_000]];
/** @type {ReadonlySet<State>} */
export const OVER = new Set(["final", "failed", "replaced"]);
/** @type {ReadonlySet<State>} */
const BAD = new Set(["failed", "replaced", "lost"]);
const HASH = /^0x[0-9a-f]{64}$/;

/**
 * @param {unknown} answer
 * @returns {string} a transaction's hash
 */
export function readHash(answer) {
  const hash = typeof answer === "string" && answer.length === 66 ? answer.toLowerCase() : "";
  if (!HASH.test(hash)) throw new Trouble("garbage");
  return hash;
}

/**
 * @param {unknown} answer
 * @returns {Receipt}
 */
function readReceipt(answer) {
  if (answer === null || answer === undefined) return null;
  const { status, blockNumber } = /** @type {{status?: unknown, blockNumber?: unknown}} */ (answer);
  if (typeof blockNumber !== "string" || (status !== "0x1" && status !== "0x0")) throw new Trouble("garbage");
  return { ok: status === "0x1" };
}

/**
 * What is known of a transaction now, from what was known and what both nodes say.
 * @param {Followed} before
 * @param {any} site its answer; null when it gave none
 * @param {Receipt} wallet
 * @param {number} now
 * @returns {Followed}
 */
export function judge(before, site, wallet, now) {
  const known = { ...before, knownAt: now, nonce: before.nonce ?? site?.nonce ?? null, words: "" };
  if (site?.state === "failed") return { ...known, state: "failed", words: String(site.reason) };
  if (site?.state === "included") {
    return { ...known, state: site.final ? "final" : site.seen ? "seen" : "included" };
  }
  if (site?.state === "replaced") return succeed(known, site.successor);
  if (wallet) {
    const words = wallet.ok ? "Your wallet says so; Salon has not seen it yet." : "Your wallet says that the chain refused it.";
    return { ...known, state: wallet.ok ? "included" : "failed", words };
  }
  if (site?.state === "pending") return { ...known, state: "sent" };
  if (!site) return { ...before, words: "Salon does not answer right now. It keeps looking." };
  if (now - before.knownAt < LOST_AFTER_MS) return { ...before, state: "sent" };
  const words = "No node knows it any more. If your wallet does not show it either, do it again.";
  return { ...before, state: "lost", words };
}

/**
 * Follow what took a transaction's place, if it does the same. Nobody may be able to tell, and then
 * it can have been done: who believed it was not would pay twice.
 * @param {Followed} entry
 * @param {{hash: string, to: string, data: string} | null} successor
 * @returns {Followed}
 */
function succeed(entry, successor) {
  const same =
    successor && successor.to.toLowerCase() === entry.to.toLowerCase() && successor.data.toLowerCase() === entry.data;
  if (same) return { ...entry, hash: `0x${successor.hash}`, state: "sent", words: "Sent again with another fee." };
  const words = successor
    ? "Another transaction of yours took its place, so this was not done."
    : "Another transaction took its place, too long ago to say whether it did the same. Look at your stakes and in your wallet before you do it again.";
  return { ...entry, state: "replaced", words };
}

/**
 * @param {unknown} found
 * @returns {found is Followed}
 */
function isFollowed(found) {
  const { hash, doing, sentAt, data, to } = /** @type {any} */ (found ?? {});
  return HASH.test(hash) && [doing, data, to].every((text) => typeof text === "string") && Number.isFinite(sentAt);
}

/** A member's transactions on this browser. */
export class Transactions {
  /** @param {string} member address in lower case */
  constructor(member) {
    this.member = member;
    this.key = `salon-transactions-${member}`;
    /** @type {Followed[]} the newest first */
    this.list = this.read();
    /** @type {Provider | null} */
    this.provider = null;
    /** @type {Set<(changed: Followed | null) => void>} */
    this.listeners = new Set();
    this.timer = 0;
    addEventListener("storage", ({ key }) => {
      if (key !== this.key) return;
      this.list = this.read();
      this.tell(null);
      this.look(0);
    });
  }

  /** @returns {Followed[]} */
  read() {
    try {
      const found = JSON.parse(localStorage.getItem(this.key) ?? "[]");
      const recent = Array.from(found).filter(isFollowed);
      return recent.filter(({ sentAt }) => Date.now() - sentAt < FORGOTTEN_AFTER_MS).slice(0, MOST);
    } catch {
      return [];
    }
  }

  write() {
    try {
      localStorage.setItem(this.key, JSON.stringify(this.list));
    } catch {
      // Followed as long as this page is open.
    }
  }

  /** @param {Followed | null} changed null: others than this page changed the list */
  tell(changed) {
    for (const listener of this.listeners) listener(changed);
  }

  /** @param {{hash: string, to: string, data: string, doing: string}} sent */
  add(sent) {
    const now = Date.now();
    const rest = this.list.filter(({ hash }) => hash !== sent.hash);
    /** @type {Followed} */
    const entry = { ...sent, sentAt: now, knownAt: now, changedAt: now, state: "sent", nonce: null, words: "" };
    this.list = [entry, ...rest].slice(0, MOST);
    this.write();
    this.tell(entry);
    this.look(0);
  }

  /** @param {string} hash */
  dismiss(hash) {
    this.list = this.list.filter((entry) => entry.hash !== hash);
    this.write();
    this.tell(null);
  }

  /** Look after what is under way, now and again until it is over. @param {number} after ms */
  look(after) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(async () => {
      if (document.visibilityState === "visible") await Promise.all(this.underWay().map((entry) => this.follow(entry)));
      const sentAt = Math.max(0, ...this.underWay().map((entry) => entry.sentAt));
      const pace = PACES.find(([until]) => Date.now() - sentAt < until)?.[1];
      if (sentAt && pace) this.look(pace);
    }, after);
  }

  underWay() {
    return this.list.filter(({ state }) => !OVER.has(state));
  }

  /** @param {Followed} entry */
  async follow(entry) {
    const [site, wallet] = await Promise.all([this.askSite(entry), this.askWallet(entry)]);
    const at = this.list.findIndex(({ hash }) => hash === entry.hash);
    if (at < 0) return;
    const after = judge(this.list[at], site, wallet, Date.now());
    const changed = after.state !== entry.state || after.words !== entry.words || after.hash !== entry.hash;
    this.list[at] = changed ? { ...after, changedAt: Date.now() } : after;
    this.write();
    if (changed) this.tell(this.list[at]);
  }

  /** @param {Followed} entry */
  async askSite({ hash, nonce }) {
    const which = nonce === null ? "" : `?sender=${this.member}&nonce=${nonce}`;
    try {
      return await call("GET", `/api/v1/transactions/${hash.slice(2)}${which}`);
    } catch {
      return null;
    }
  }

  /**
   * @param {Followed} entry
   * @returns {Promise<Receipt>}
   */
  async askWallet({ hash, state }) {
    if (!this.provider || state === "seen") return null;
    try {
      return await ask(this.provider, "eth_getTransactionReceipt", [hash], readReceipt, AbortSignal.timeout(5000));
    } catch {
      return null;
    }
  }

  /**
   * Wait until a transaction is in a block.
   * @param {string} hash as it was sent; it may be replaced by one that does the same
   * @param {AbortSignal} signal
   * @returns {Promise<void>}
   * @throws {Trouble} "refused", when it comes to nothing
   */
  included(hash, signal) {
    return new Promise((resolve, reject) => {
      const over = (/** @type {() => void} */ end) => {
        this.listeners.delete(look);
        end();
      };
      const sentAt = this.list.find((entry) => entry.hash === hash)?.sentAt;
      const look = () => {
        const entry = this.list.find((one) => one.sentAt === sentAt);
        if (!entry || BAD.has(entry.state)) over(() => reject(new Trouble("refused", entry?.words)));
        else if (entry.state !== "sent") over(resolve);
      };
      signal.addEventListener("abort", () => over(() => reject(signal.reason)), { once: true });
      this.listeners.add(look);
      look();
    });
  }
}
