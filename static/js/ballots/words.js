// @ts-check
/** What the pair view says in words. */

import { Trouble, inWords } from "../wallet/words.js";
import { siteChain } from "../wallet/chain.js";
import { WITHDRAWN } from "./ballot.js";
import { place } from "./stage.js";

/** @typedef {import("./queue.js").News} News */

/**
 * @param {number} count
 * @param {string} verb of one, with an s
 */
const votes = (count, verb) => `${count} vote${count === 1 ? ` ${verb}s` : `s ${verb}`}`;

/**
 * What was said of a pair.
 * @param {import("./ballot.js").Choice} choice
 */
export function chosen(choice) {
  const side = choice === "tie" ? "" : place(choice);
  return side ? `${side[0].toUpperCase()}${side.slice(1)} chosen.` : "Can't decide.";
}

/**
 * How a member's ballots are on their way; nothing as long as all is well.
 * @param {Extract<News, {kind: "waiting"}>} news
 */
export function onTheWay({ count, why }) {
  if (!count || !why) return "";
  if (why === "away") return `${votes(count, "wait")} for the connection`;
  if (why === "door") return `${votes(count, "wait")} for you to sign in again`;
  return count > 2 ? `${votes(count, "wait")} for a moment` : "";
}

/**
 * Why a vote was not signed.
 * @param {unknown} error
 * @param {string} wallet
 */
export function notSigned(error, wallet) {
  if (!(error instanceof Trouble)) console.error(error);
  const { id, name } = siteChain();
  const { title, advice } = inWords(error, { wallet, chain: name, chainId: String(id) });
  return `${title}. ${advice}`;
}

/** Votes that the site did not take, summed up. */
export class Refusals {
  constructor() {
    /** @type {Set<string>} pairs */
    this.late = new Set();
  }

  /**
   * @param {Extract<News, {kind: "refused"}>} news
   * @returns {string} what to say now
   */
  add({ entry: { pair, ballot }, code, words }) {
    if (code === "round-closed") {
      if (ballot.outcome === WITHDRAWN) this.late.delete(pair);
      else this.late.add(pair);
    }
    const { size } = this.late;
    if (code === "round-closed") return size ? `${size} of your votes came too late: the round has closed.` : "";
    if (code === "pair-decided") return "That came after its minute: what you had said by then stands.";
    return `One of your votes was not taken. ${words}`.trim();
  }
}
