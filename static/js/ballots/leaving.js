// @ts-check
/** Pages that are left before what they noted is signed: other pages carry it out. */

import { WITHDRAWN, pairOf } from "./ballot.js";
import { browserSigner } from "./signers.js";
import { MemoryStore } from "./store-memory.js";

/** @typedef {import("./queue.js").Outbox} Outbox */
/** @typedef {import("./intents.js").Intent} Intent */

/**
 * Pairs judged in this browser that the site may not know of.
 * @param {Outbox} outbox
 * @returns {Promise<Set<string>>}
 */
export async function unsentPairs({ member, store, intents }) {
  const noted = intents.all(); // before what waits: an intent goes once its ballot is there
  const pairs = new Set((await store.waiting(member)).map(({ pair }) => pair));
  const sent = new Set(noted.length ? (await store.receipts(member)).map(({ intent }) => intent) : []);
  for (const { intent, pair, ballot } of noted) {
    if (ballot.outcome === WITHDRAWN) pairs.delete(pair);
    else if (!sent.has(intent)) pairs.add(pair);
  }
  return pairs;
}

/**
 * Whether an intent takes a ballot; one that takes a waiting ballot back has done so then.
 * @param {Outbox} outbox
 * @param {Intent} which
 * @param {Intent[]} later of the same page
 */
async function takesBallot({ member, store }, { intent, pair, ballot }, later) {
  const known = [...(await store.waiting(member)), ...(await store.receipts(member))];
  if (known.some((one) => one.intent === intent)) return false; // the page was left just after
  if (ballot.outcome !== WITHDRAWN) return !later.some((one) => one.pair === pair); // undone, else
  const nonce = (/** @type {{ballot: import("./ballot.js").Ballot}} */ one) => BigInt(one.ballot.nonce);
  const last = known
    .filter((one) => pairOf(one.ballot.chosen.slice(2), one.ballot.rejected.slice(2)) === pair)
    .reduce((most, one) => (most && nonce(most) > nonce(one) ? most : one), /** @type {typeof known[0] | null} */ (null));
  if (!last || last.ballot.outcome === WITHDRAWN) return false;
  return !("id" in last && (await store.takeBack(last.id)));
}

/**
 * Carry out what a member did on pages that are gone. Without a key, or storage, it is left for later.
 * @param {Outbox} outbox
 */
export async function carryOn(outbox) {
  if (outbox.store instanceof MemoryStore) return; // it holds less well than the notes do
  await outbox.intents.inherit(async (left) => {
    const found = await browserSigner(outbox.member);
    if (!found) return;
    for (const [at, intent] of left.entries()) {
      if (await takesBallot(outbox, intent, left.slice(at + 1))) {
        const { ballot, pair } = intent;
        await outbox.cast(intent, found.signer);
        if (ballot.outcome !== WITHDRAWN) outbox.hear({ kind: "voted", round: ballot.round, pair });
      } else {
        outbox.intents.forget(intent.intent);
      }
    }
  });
}
