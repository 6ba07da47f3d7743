// @ts-check
/** Votes that an earlier page could not sign or send: sent from whichever page is open now. */

import { say } from "../wallet/memory.js";
import { Intents } from "./intents.js";
import { carryOn } from "./leaving.js";
import { Outbox } from "./queue.js";
import { openStore } from "./store.js";
import { Refusals } from "./words.js";

/**
 * Send what waits, and say what was refused.
 * @param {string} member address in lower case
 */
export async function sendWaiting(member) {
  if (document.querySelector("[data-judge]")) return; // the pair view does it itself
  const store = await openStore();
  if (!new Intents(member).all().length && !(await store.waiting(member)).length) return;
  const [outbox, refusals] = [new Outbox(member, store), new Refusals()];
  outbox.listeners.add((news) => {
    if (news.kind === "refused") say(refusals.add(news));
    if (news.kind === "waiting" && news.why === "door") say("Some of your votes wait for you to sign in again.");
  });
  carryOn(outbox).catch(console.error);
  outbox.send();
}
