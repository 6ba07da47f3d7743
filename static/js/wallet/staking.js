// @ts-check
/**
 * From a wish to a sent transaction, as steps without a page: find the member's wallet, have the
 * site prepare the call, have the wallet sign a permit or send an approval where one is needed,
 * and send.
 */

import { call } from "./api.js";
import { ask, readAccounts, readChainId, readSignature } from "./ask.js";
import { siteChain } from "./chain.js";
import { demoWallet } from "./demo.js";
import { findWallets } from "./discovery.js";
import { rememberedWallet } from "./memory.js";
import { switchChain } from "./sign-in.js";
import { readHash } from "./transactions.js";
import { Trouble } from "./words.js";

/** @typedef {import("./discovery.js").Wallet} Wallet */
/** @typedef {{action: string, round?: number, candidate?: string, amount?: string, permit?: object}} Wish */
/**
 * @typedef {object} Steps how a page hears of what happens
 * @property {string} doing the wish in words
 * @property {(title: string, lines: string[]) => void} say
 * @property {(sent: {hash: string, to: string, data: string, doing: string}) => void} sent
 * @property {(hash: string) => Promise<void>} included waits for a transaction's block
 * @property {AbortSignal} signal
 */

const FOUND_WITHIN_MS = 1000;
const PERMIT_SIGNATURES = new Set([2 + 2 * 64, 2 + 2 * 65]); // r‖s‖v in hex, or EIP-2098's form
const [TRIES, AGAIN_AFTER_MS] = [15, 1000];
const ABSENT = "The wallet you signed in with is not in this browser now. Unlock it, or sign out and sign in again.";

/**
 * The wallet that signed the member in.
 * @returns {Promise<Wallet>}
 * @throws {Trouble}
 */
export function memberWallet() {
  const remembered = rememberedWallet();
  return new Promise((resolve, reject) => {
    const stop = findWallets((wallet) => {
      if ((wallet.rdns || wallet.uuid) !== remembered) return;
      setTimeout(() => stop());
      resolve(wallet);
    }, demoWallet()?.provider);
    setTimeout(() => {
      stop();
      reject(new Trouble("refused", ABSENT));
    }, FOUND_WITHIN_MS);
  });
}

/**
 * Make sure that the wallet acts for the member, on the site's chain.
 * @param {Wallet} wallet
 * @param {string} member
 * @param {Steps} steps
 * @returns {Promise<number>} the chain it is on
 */
async function bringHome(wallet, member, { say, signal }) {
  const { provider, name } = wallet;
  let accounts = await ask(provider, "eth_accounts", undefined, readAccounts, signal);
  if (!accounts.includes(member)) {
    say(`Look into ${name}`, ["It asks whether this site may see your account."]);
    accounts = await ask(provider, "eth_requestAccounts", undefined, readAccounts, signal);
  }
  if (!accounts.includes(member)) throw new Trouble(accounts.length ? "changed" : "locked");
  const chain = siteChain();
  if ((await ask(provider, "eth_chainId", undefined, readChainId, signal)) !== chain.id) {
    say(`Look into ${name}`, [`It asks whether to switch to ${chain.name}.`]);
    await switchChain(wallet, chain, signal);
  }
  return ask(provider, "eth_chainId", undefined, readChainId, signal);
}

/**
 * One errand of a member: the wish, the wallet, and the steps between them.
 */
class Errand {
  /**
   * @param {Wallet} wallet
   * @param {string} member
   * @param {number} chainId
   * @param {Steps} steps
   */
  constructor(wallet, member, chainId, steps) {
    this.wallet = wallet;
    this.member = member;
    this.chainId = chainId;
    this.steps = steps;
  }

  /** @param {Wish} wish */
  prepare(wish) {
    return call("POST", "/api/v1/stakes/prepare", { ...wish, chain_id: this.chainId }, { signal: this.steps.signal });
  }

  /**
   * Have the wallet send what was prepared. A hash that comes after the member gave up counts.
   * @param {any} prepared
   * @param {string} doing
   * @returns {Promise<string>} its hash
   */
  async send({ transaction: { to, data, value, gas }, explanation }, doing) {
    const { say, sent, signal } = this.steps;
    say(`Look into ${this.wallet.name}`, explanation);
    const fields = { from: this.member, to, data, value, gas };
    const never = new AbortController().signal;
    const asked = ask(this.wallet.provider, "eth_sendTransaction", [fields], readHash, never).then((hash) => {
      sent({ hash, to, data, doing });
      return hash;
    });
    const givenUp = new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    return Promise.race([asked, /** @type {Promise<never>} */ (givenUp)]);
  }

  /**
   * Have the wallet sign a permit for a wish.
   * @param {Wish} wish
   */
  async permit(wish) {
    const { typed_data: data, explanation } = await this.prepare({ ...wish, action: "permit" });
    this.steps.say(`Look into ${this.wallet.name}`, explanation);
    const params = [this.member, JSON.stringify(data)];
    const { signal } = this.steps;
    const signature = await ask(this.wallet.provider, "eth_signTypedData_v4", params, readSignature, signal);
    if (!PERMIT_SIGNATURES.has(signature.length)) throw new Trouble("garbage");
    return { deadline: Number(data.message.deadline), signature };
  }

  /**
   * Let the contract take the wish's tokens by a transaction of its own.
   * @param {Wish} wish
   */
  async approve(wish) {
    const prepared = await this.prepare({ ...wish, action: "approve" });
    const hash = await this.send(prepared, `Allowing ${wish.amount} SALON to be taken`);
    this.steps.say("One moment", ["The approval is on its way into a block. Then your wallet asks once more."]);
    await this.steps.included(hash);
  }

  /**
   * The permit a wish goes on with; none where an approval was sent instead.
   * @param {Wish} wish
   * @param {string} first
   */
  async allow(wish, first) {
    if (first === "permit") {
      try {
        return await this.permit(wish);
      } catch (error) {
        // A wallet that cannot sign typed data can send an approval all the same.
        if (!(error instanceof Trouble) || error.kind !== "unsupported") throw error;
      }
    }
    await this.approve(wish);
    return undefined;
  }

  /** @param {Wish} wish */
  async run(wish) {
    let prepared = await this.prepare(wish);
    if (!prepared.first) return this.send(prepared, this.steps.doing);
    const permit = await this.allow(wish, prepared.first);
    for (let tries = 0; tries < TRIES; tries += 1) {
      prepared = await this.prepare(permit ? { ...wish, permit } : wish);
      if (!prepared.first) return this.send(prepared, this.steps.doing);
      // The wallet's node knows of the approval, the site's not yet.
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
      this.steps.signal.throwIfAborted();
    }
    throw new Trouble("refused", "The approval has not arrived yet. Try again in a minute; it need not be sent again.");
  }
}

/**
 * Do what a member wishes.
 * @param {Wish} wish
 * @param {Wallet} wallet
 * @param {string} member address in lower case
 * @param {Steps} steps
 * @returns {Promise<string>} the hash of the transaction that does it
 * @throws {Trouble}
 */
export async function carryOut(wish, wallet, member, steps) {
  const chainId = await bringHome(wallet, member, steps);
  return new Errand(wallet, member, chainId, steps).run(wish);
}
