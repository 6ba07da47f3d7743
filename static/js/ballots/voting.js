// @ts-check
/** Votes of one page: made, undone, counted, and what the queue says became of them. */

import { Trouble } from "../wallet/words.js";
import { WITHDRAWN, saying } from "./ballot.js";
import { Refusals, chosen, notSigned, onTheWay } from "./words.js";

/** @typedef {import("./pairs.js").Pair} Pair */
/** @typedef {import("./ballot.js").Choice} Choice */
/** @typedef {import("./queue.js").News} News */
/** @typedef {import("./queue.js").Wish} Wish */
/**
 * @typedef {object} Vote one that may still be undone
 * @property {Pair} pair
 * @property {number} at ms by performance.now(), of the first vote on the pair
 * @property {Promise<number | null>} kept its id in the queue; null when it was not signed
 */
/**
 * @typedef {object} Room where the pairs hang
 * @property {Pair | null} current
 * @property {(before: string) => void} next
 * @property {(pair: Pair, before: string) => void} bringBack
 * @property {() => void} sent the site has a ballot more
 * @property {(key: string) => void} votedElsewhere
 * @property {() => void} close
 * @property {() => void} door
 */

const GRACE_MS = 58_000; // the site gives 60 s from when it has the ballot

/** A member's votes in a round. */
export class Voting {
  /**
   * @param {string} round
   * @param {import("./queue.js").Outbox} outbox
   * @param {import("./stage.js").Stage} stage
   * @param {import("./pairs.js").Supply} supply
   * @param {Room} room
   */
  constructor(round, outbox, stage, supply, room) {
    this.round = round;
    this.outbox = outbox;
    this.stage = stage;
    this.supply = supply;
    this.room = room;
    this.refusals = new Refusals();
    /** @type {Vote[]} the latest last */
    this.votes = [];
    /** @type {Map<string, number>} when the first vote was cast that the site may have, by pair */
    this.first = new Map();
    /** @type {Promise<unknown>} ballots are signed in the order in which they were cast */
    this.turn = Promise.resolve();
    /** @type {Set<string>} judged pairs that the site may not know of */
    this.unsent = new Set();
    this.judged = 0;
    this.remaining = 0;
    this.isCounted = false; // what the site counts was taken over once
    this.changes = 0; // how often the count changed here
    this.isAsking = false; // the wallet is
    outbox.listeners.add((news) => this.hear(news));
    setInterval(() => this.tick(), 1000);
  }

  /**
   * Take over what the site counts, unless it cannot know everything.
   * @param {number | null} asked how often the count had changed when the site was asked; null: it
   *   was not told of everything
   */
  learn(asked) {
    const { facts } = this.supply;
    if (!facts) return;
    this.outbox.use(String(facts.lastNonce));
    if (asked === this.changes && !this.unsent.size) {
      [this.judged, this.remaining] = [facts.judged, facts.remaining];
      this.isCounted = true;
    }
    this.stage.count(this.judged, this.remaining);
  }

  /** Whether only now the site knows of all votes that earlier pages left on their way. */
  get isCountable() {
    return !this.isCounted && !this.unsent.size;
  }

  /** @param {Choice} choice */
  vote(choice) {
    const { signer } = this.outbox;
    const pair = this.room.current;
    if (!pair || !signer || this.isAsking) return;
    this.stage.flash(choice);
    this.stage.said("");
    if (signer.asks) {
      this.voteByWallet(pair, choice, signer.asks);
      return;
    }
    this.made(pair, choice, this.cast(pair, choice));
  }

  /**
   * The wallet asks first: the next pair hangs when it has signed.
   * @param {Pair} pair
   * @param {Choice} choice
   * @param {string} wallet
   */
  async voteByWallet(pair, choice, wallet) {
    this.ask(`Look into ${wallet}: it asks you to sign this vote.`);
    const kept = this.cast(pair, choice);
    const id = await kept;
    if (id === null) return;
    this.ask("");
    this.made(pair, choice, kept);
  }

  /** @param {string} words while the wallet asks */
  ask(words) {
    this.isAsking = Boolean(words);
    this.stage.busy(this.isAsking);
    this.stage.said(words);
  }

  /**
   * @param {Pair} pair
   * @param {Choice} choice
   * @param {Promise<number | null>} kept
   */
  made(pair, choice, kept) {
    const at = this.first.get(pair.key) ?? performance.now();
    this.first.set(pair.key, at);
    this.votes.push({ pair, at, kept });
    this.unsent.add(pair.key);
    this.count(1);
    this.room.next(chosen(choice));
  }

  /** @param {number} by */
  count(by) {
    this.changes += 1;
    this.judged = Math.max(0, this.judged + by);
    this.remaining = Math.max(0, this.remaining - by);
    this.stage.count(this.judged, this.remaining);
    this.showUndo();
  }

  /**
   * @template T
   * @param {() => Promise<T>} act
   * @returns {Promise<T>}
   */
  inTurn(act) {
    const done = this.turn.then(act);
    this.turn = done.catch(() => {});
    return done;
  }

  /**
   * Note a vote at once, so that whoever leaves the page now has voted; sign it, put it on its way.
   * @param {Pair} pair
   * @param {Choice} choice
   */
  cast(pair, choice) {
    const wish = this.wish(pair, saying(choice, pair.left.digest, pair.right.digest));
    return this.inTurn(() => this.sign(pair, wish));
  }

  /**
   * @param {Pair} pair
   * @param {{chosen: string, rejected: string, outcome: number}} what
   * @returns {Wish | null} noted
   */
  wish(pair, what) {
    const { facts } = this.supply;
    if (!facts?.domain) return null;
    const issuedAt = Math.floor(Date.now() / 1000 + facts.ahead);
    const ballot = { voter: facts.voter, round: this.round, ...what, issuedAt };
    return this.outbox.noted({ ballot, domain: facts.domain, pair: pair.key });
  }

  /**
   * @param {Pair} pair
   * @param {Wish | null} wish
   * @returns {Promise<number | null>} its id in the queue; null when it was not signed
   */
  async sign(pair, wish) {
    try {
      return wish && (await this.outbox.cast(wish));
    } catch (error) {
      this.outbox.intents.forget(wish?.intent);
      this.notSigned(pair, error);
      return null;
    }
  }

  /**
   * @param {Pair} pair
   * @param {unknown} error
   */
  notSigned(pair, error) {
    const asks = this.outbox.signer?.asks;
    if (asks) {
      this.ask("");
      this.stage.said(notSigned(error, asks));
      return;
    }
    if (!(error instanceof Trouble)) console.error(error);
    this.forget(pair.key);
    this.room.bringBack(pair, "That vote could not be signed.");
    this.room.door();
  }

  /** Take the latest vote back, as long as that counts. */
  async undo() {
    this.forgetOld();
    const vote = this.isAsking ? undefined : this.votes.pop();
    if (!vote) return;
    this.stage.flash("undo");
    this.unsent.delete(vote.pair.key);
    this.count(-1);
    const { left, right } = vote.pair;
    const wish = this.wish(vote.pair, { ...saying("left", left.digest, right.digest), outcome: WITHDRAWN });
    this.room.bringBack(vote.pair, "Undone.");
    await this.inTurn(() => this.withdraw(vote, wish));
  }

  /**
   * @param {Vote} vote
   * @param {Wish | null} wish
   */
  async withdraw({ pair, kept }, wish) {
    const id = await kept;
    if (id !== null && !(await this.outbox.takeBack(id))) {
      await this.sign(pair, wish);
      return;
    }
    this.outbox.intents.forget(wish?.intent);
    if (!this.votes.some((vote) => vote.pair === pair)) this.first.delete(pair.key);
  }

  /**
   * A vote that came to nothing.
   * @param {string} key its pair
   */
  forget(key) {
    this.votes = this.votes.filter(({ pair }) => pair.key !== key);
    this.unsent.delete(key);
    this.count(-1);
  }

  /** Votes that stand: the site takes no other on their pairs. */
  forgetOld() {
    this.votes = this.votes.filter(({ at }) => performance.now() - at < GRACE_MS);
  }

  showUndo() {
    this.forgetOld();
    this.stage.mayUndo(this.votes.length > 0);
  }

  /** A second later: a minute may be over. */
  tick() {
    this.showUndo();
    const at = this.first.get(this.room.current?.key ?? "");
    if (at === undefined || performance.now() - at < GRACE_MS) return;
    this.stage.said("The minute is over: your vote on that pair stays undone.");
    this.room.next("");
  }

  /** @param {News} news */
  hear(news) {
    if (news.kind === "waiting") {
      this.stage.way(onTheWay(news));
      if (news.why === "door") this.room.door();
    } else if (news.kind === "accepted") {
      this.unsent.delete(news.entry.pair);
      this.room.sent();
    } else if (news.kind === "voted") {
      if (news.round === this.round) this.room.votedElsewhere(news.pair);
    } else if (news.entry.ballot.round === this.round) {
      this.refused(news);
    }
  }

  /** @param {Extract<News, {kind: "refused"}>} news */
  refused(news) {
    const { entry, code } = news;
    if (entry.ballot.outcome !== WITHDRAWN) this.forget(entry.pair);
    this.stage.said(this.refusals.add(news));
    if (code === "round-closed") this.room.close();
  }
}
