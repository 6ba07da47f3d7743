// @ts-check
/** The pair view of one round: which pair hangs now, and what stands there when there is none. */

import { pageMember } from "../wallet/chain.js";
import { Trouble } from "../wallet/words.js";
import { askForKey, findSigner } from "./entrance.js";
import { listen } from "./gestures.js";
import { carryOn, unsentPairs } from "./leaving.js";
import { Supply } from "./pairs.js";
import { Outbox } from "./queue.js";
import { Stage } from "./stage.js";
import { openStore } from "./store.js";
import { Voting } from "./voting.js";
import { zoomDialog } from "./zoom.js";

/** @typedef {import("./pairs.js").Pair} Pair */

const LOOK_AGAIN_MS = 12_000;
const UNREADY_MS = 3000;
const NO_ANSWER = "The site does not answer. It is asked again in a moment.";

/** One round being judged. */
class Judge {
  /**
   * @param {HTMLElement} root
   * @param {Outbox} outbox
   */
  constructor(root, outbox) {
    this.root = root;
    this.round = root.dataset.round ?? "";
    this.outbox = outbox;
    this.stage = new Stage(root);
    this.supply = new Supply(root.dataset.pairs ?? "", () => this.look());
    this.voting = new Voting(this.round, outbox, this.stage, this.supply, this);
    this.zoom = zoomDialog(/** @type {HTMLDialogElement} */ (root.querySelector("[data-zoom-dialog]")));
    /** @type {Pair | null} */
    this.current = null;
    this.shownAt = 0;
    this.isShut = false; // the round has closed, or nobody can sign here
    this.isLost = false; // pairs could not be fetched
    this.lookTimer = 0;
  }

  /** Go on: show a pair if there is none, ask for more if few are left. */
  look() {
    if (this.isShut) return;
    if (!this.current) this.next("");
    this.supply.warm();
    this.fill();
  }

  /** @param {boolean} [always] even when there were none the last time */
  async fill(always = false) {
    const { supply, voting } = this;
    const [before, asked] = [supply.facts, voting.unsent.size ? null : voting.changes];
    try {
      await supply.fill(voting.unsent.size, always);
      this.isLost = false;
    } catch (error) {
      this.lost(error);
      return;
    }
    if (supply.facts === before) return;
    if (supply.facts?.voter.toLowerCase() !== this.outbox.member) location.reload(); // another's session
    voting.learn(asked);
    if (voting.isCountable) this.fill(true);
    if (!this.current && !this.isShut) this.wait();
  }

  /** @param {unknown} error why there are no pairs */
  lost(error) {
    if (!(error instanceof Trouble)) console.error(error);
    const { problem = null, detail = "" } = error instanceof Trouble ? error : {};
    if (problem?.code === "round-closed") this.close();
    if (problem?.status === 401) location.reload(); // signed out elsewhere: the page has a door
    if (this.isShut) return;
    this.isLost = true;
    this.lookAgain(Math.max(LOOK_AGAIN_MS, 1000 * (problem?.retryAfterS ?? 0)));
    if (!this.current) this.stage.show("trouble", detail || NO_ANSWER);
  }

  /** @param {number} ms */
  lookAgain(ms) {
    clearTimeout(this.lookTimer);
    this.lookTimer = window.setTimeout(() => this.isShut || this.fill(true), ms);
  }

  /**
   * Show the next pair, or what stands in its place.
   * @param {string} before what happened, for those who do not see it
   */
  next(before) {
    this.current = null;
    const pair = this.supply.take();
    if (pair) this.hang(pair, before);
    else this.wait(before);
    queueMicrotask(() => this.supply.warm());
    setTimeout(() => this.isShut || this.fill());
  }

  /**
   * @param {Pair} pair
   * @param {string} before
   */
  hang(pair, before) {
    this.current = pair;
    this.stage.hang(pair);
    this.shownAt = performance.now();
    this.stage.announce(before, pair, this.voting.judged + 1);
  }

  /**
   * Hang a pair that hung before, ahead of the one that hangs now.
   * @param {Pair} pair
   * @param {string} before
   */
  bringBack(pair, before) {
    if (this.current && this.current !== pair) this.supply.putBack(this.current);
    this.hang(pair, before);
  }

  /** Say why there is no pair now. @param {string} [before] */
  wait(before = "") {
    const { facts, pairs, isDry } = this.supply;
    const { judged, remaining, unsent } = this.voting;
    if (before) this.stage.tell(before);
    if (this.isLost && !pairs.length) return this.stage.show("trouble", NO_ANSWER);
    if (facts && !facts.domain) {
      this.lookAgain(UNREADY_MS);
      return this.stage.show("unready");
    }
    if (!facts || pairs.length || (remaining > 0 && (!isDry || unsent.size))) {
      if (facts && isDry) this.lookAgain(1000);
      return this.stage.show("loading");
    }
    if (remaining > 0) {
      this.lookAgain(LOOK_AGAIN_MS);
      return this.stage.show(judged ? "dry" : "few");
    }
    return this.stage.show("done", `${judged} pair${judged === 1 ? "" : "s"} judged in this round.`);
  }

  /** What the site offered again because it did not know better may make room for new pairs. */
  sent() {
    const { supply, voting } = this;
    const hasRoom = supply.isDry && supply.isLow && voting.remaining > supply.pairs.length;
    if (!this.isShut && (hasRoom || voting.isCountable)) this.fill(true);
  }

  /** Another tab has judged a pair. @param {string} key */
  votedElsewhere(key) {
    this.supply.known.add(key);
    this.supply.drop((pair) => pair.key === key);
    if (this.current?.key === key) this.next("");
  }

  /** A picture was taken down. @param {string} start of its digest */
  takenDown(start) {
    const isGone = (/** @type {Pair} */ { left, right }) => [left, right].some(({ digest }) => digest.startsWith(start));
    for (const pair of [...this.supply.pairs, this.current]) {
      if (pair && isGone(pair)) this.supply.known.delete(pair.key); // it may come back
    }
    this.supply.drop(isGone);
    this.voting.votes = this.voting.votes.filter(({ pair }) => !isGone(pair));
    if (this.current && isGone(this.current)) this.next("That picture was taken down.");
  }

  /** The round is over; what still waits is tried, and told about. */
  close() {
    if (this.isShut && this.stage.at === "closed") return;
    this.isShut = true;
    this.current = null;
    this.stage.show("closed");
    this.stage.tell("The round has closed.");
    this.outbox.send();
  }

  /** Without a key nobody can vote from here. */
  door() {
    if (this.isShut) return;
    this.isShut = true;
    if (this.current) this.supply.putBack(this.current);
    this.current = null;
    this.outbox.signer = null;
    askForKey(this.stage, this.outbox.member, (signer) => {
      this.isShut = false;
      this.outbox.signer = signer;
      this.outbox.send();
      this.look();
    });
  }

  /**
   * @param {import("./gestures.js").Act} act
   * @param {"left" | "right"} side
   */
  act(act, side) {
    if (act === "undo" && !this.isShut) this.voting.undo();
    else if (act === "zoom" && this.current) this.zoom(this.current, side);
    else if (act === "left" || act === "right" || act === "tie") this.voting.vote(act);
  }

  /** Hear what happens on the wall. */
  followWall() {
    document.addEventListener("salon:arrived", (event) => {
      const { element } = /** @type {CustomEvent<{element: HTMLElement}>} */ (event).detail;
      if (element.dataset.closed === this.round) this.close();
      if (element.dataset.gone) this.takenDown(element.dataset.gone);
      if (element.matches(".card:not(.easel)") && !this.current && !this.isShut) this.fill(true);
    });
  }

  async begin() {
    listen(this.root, (act, side = "left") => this.act(act, side), () => this.shownAt);
    this.followWall();
    this.stage.onClick("again", () => this.fill(true));
    addEventListener("online", () => this.isShut || this.fill(true));
    for (const pair of await unsentPairs(this.outbox)) {
      this.voting.unsent.add(pair);
      this.supply.known.add(pair);
    }
    carryOn(this.outbox).catch(console.error);
    this.outbox.signer = await findSigner(this.outbox.member, this.root.dataset.keys ?? "");
    this.outbox.send();
    if (this.outbox.signer) this.fill();
    else this.door();
  }
}

const root = document.querySelector("[data-judge]");
if (root instanceof HTMLElement) new Judge(root, new Outbox(pageMember(), await openStore())).begin();
