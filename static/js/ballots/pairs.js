// @ts-check
/** Pairs to judge: asked of the site ahead of time, their pictures loaded and decoded. */

import { call } from "../wallet/api.js";
import { pairOf } from "./ballot.js";

/** @typedef {{digest: string, picture: string, thumbnail: string, alt: string, width: number, height: number}} Picture */
/**
 * @typedef {object} Hung a picture of a pair, ready to hang
 * @property {string} digest
 * @property {string} picture address of the published file
 * @property {string} alt
 * @property {HTMLImageElement} image
 */
/**
 * @typedef {object} Pair
 * @property {string} key
 * @property {Hung} left
 * @property {Hung} right
 * @property {boolean} isReady whether both pictures are decoded
 */
/**
 * @typedef {object} Facts what the site says beside the pairs
 * @property {number} judged
 * @property {number} remaining
 * @property {string} voter
 * @property {import("./ballot.js").Domain | null} domain none before the site's contracts stand
 * @property {bigint} lastNonce
 * @property {number} ahead how much the site's clock is ahead of this one, in seconds
 */

const [AHEAD, REFILL_BELOW, MOST_AT_ONCE] = [8, 7, 12];
const MOST_FAILURES = 3; // of a pair's pictures
const THUMBNAIL_PX = 512;

/**
 * The smallest file that fills its place.
 * @param {Picture} picture
 */
function sourceFor({ picture, thumbnail, width, height }) {
  const shown = Math.min(innerWidth, innerHeight) * devicePixelRatio;
  return Math.max(width, height) > THUMBNAIL_PX && shown <= THUMBNAIL_PX ? thumbnail : picture;
}

/**
 * @param {Picture} facts
 * @returns {Hung}
 */
function hung(facts) {
  const { digest, picture, alt, width, height } = facts;
  const image = new Image(width, height);
  // In the frame in which it is hung, never one later.
  image.decoding = "sync";
  image.alt = alt;
  image.draggable = false;
  image.src = sourceFor(facts);
  return { digest, picture, alt, image };
}

/** What is there to judge in a round. */
export class Supply {
  /**
   * @param {string} url
   * @param {() => void} changed there is news: a pair is ready, or there are none
   */
  constructor(url, changed) {
    this.url = url;
    this.changed = changed;
    /** @type {Pair[]} in the order in which they are shown */
    this.pairs = [];
    /** @type {Set<string>} shown or about to be */
    this.known = new Set();
    /** @type {Map<string, number>} pairs whose pictures did not load */
    this.failed = new Map();
    /** @type {Facts | null} */
    this.facts = null;
    this.isAsking = false;
    this.isDry = false; // the site had none left, the last time it was asked
  }

  /** Whether more pairs are wanted than are there. */
  get isLow() {
    return this.pairs.length < REFILL_BELOW;
  }

  /** @returns {Pair | undefined} the next one whose pictures are there */
  take() {
    const at = this.pairs.findIndex((pair) => pair.isReady);
    return at < 0 ? undefined : this.pairs.splice(at, 1)[0];
  }

  /** @param {Pair} pair to be shown again, next */
  putBack(pair) {
    this.pairs.unshift(pair);
  }

  /**
   * Forget pairs that must not be shown.
   * @param {(pair: Pair) => boolean} isGone
   */
  drop(isGone) {
    this.pairs = this.pairs.filter((pair) => !isGone(pair));
  }

  /** Have the next pictures decoded anew: a browser may have let go of them. */
  warm() {
    for (const pair of this.pairs.slice(0, 2)) {
      if (pair.isReady) for (const { image } of [pair.left, pair.right]) image.decode().catch(() => {});
    }
  }

  /**
   * Ask for more when few are left.
   * @param {number} unsent judged pairs that the site does not know of yet: it offers them again
   * @param {boolean} [always] even when enough are left, or there were none the last time
   * @throws {import("../wallet/words.js").Trouble}
   */
  async fill(unsent, always = false) {
    if (this.isAsking || (!always && (this.isDry || !this.isLow))) return;
    this.isAsking = true;
    try {
      const count = Math.min(MOST_AT_ONCE, this.pairs.length + unsent + AHEAD);
      const told = await call("GET", `${this.url}?count=${count}`);
      this.facts = {
        judged: Number(told.judged),
        remaining: Number(told.remaining),
        voter: String(told.voter),
        domain: told.domain,
        lastNonce: BigInt(told.last_nonce ?? 0),
        ahead: Number(told.now) - Date.now() / 1000,
      };
      const fresh = Array.from(told.domain ? told.pairs : []).filter(({ left, right }) => !this.known.has(pairOf(left.digest, right.digest)));
      for (const pair of fresh) this.add(pair);
      this.isDry = fresh.length === 0;
    } finally {
      this.isAsking = false;
    }
    this.changed();
  }

  /** @param {{left: Picture, right: Picture}} facts */
  add(facts) {
    const [left, right] = [hung(facts.left), hung(facts.right)];
    /** @type {Pair} */
    const pair = { key: pairOf(left.digest, right.digest), left, right, isReady: false };
    this.known.add(pair.key);
    this.pairs.push(pair);
    Promise.all([left.image.decode(), right.image.decode()]).then(
      () => {
        pair.isReady = true;
        this.changed();
      },
      () => this.fail(pair),
    );
  }

  /**
   * Its pictures did not load. The site may offer it again: then they are tried anew.
   * @param {Pair} pair
   */
  fail(pair) {
    const times = (this.failed.get(pair.key) ?? 0) + 1;
    this.failed.set(pair.key, times);
    this.drop((one) => one === pair);
    if (times < MOST_FAILURES) this.known.delete(pair.key);
    this.changed();
  }
}
