// @ts-check
/** Who signs the votes of this page, and what to do where nobody can. */

import { siteChain } from "../wallet/chain.js";
import { compose, connect, isOnChain, signAndEnter, switchChain } from "../wallet/sign-in.js";
import { memberWallet } from "../wallet/staking.js";
import { Trouble } from "../wallet/words.js";
import { browserSigner, walletSigner } from "./signers.js";
import { notSigned } from "./words.js";

/** @typedef {import("./signers.js").Signer} Signer */
/** @typedef {import("./stage.js").Stage} Stage */

const NO_KEY = "This browser cannot keep a key; a private window can be the reason. Your wallet can sign every vote instead.";

/**
 * This browser's key, if the member has allowed it to vote.
 * @param {string} member
 * @param {string} allowed did:keys, parted by spaces
 * @returns {Promise<Signer | null>}
 */
export async function findSigner(member, allowed) {
  const found = await browserSigner(member);
  return found && allowed.split(" ").includes(found.didKey) ? found.signer : null;
}

/**
 * Sign in once more, so that this browser gets a key; the page is loaded anew then.
 * @param {string} member
 * @param {(words: string) => void} say
 */
async function signInAgain(member, say) {
  const { signal } = new AbortController();
  const wallet = await memberWallet();
  const composed = await compose(member, signal);
  if (!composed.key) throw new Trouble("refused", NO_KEY);
  say(`Look into ${wallet.name}: it shows you the message and asks you to sign it.`);
  await signAndEnter(wallet, composed, signal);
  location.reload();
}

/**
 * Let the wallet sign every vote.
 * @param {string} member
 * @param {(words: string) => void} say
 * @returns {Promise<Signer>}
 */
async function bringWallet(member, say) {
  const { signal } = new AbortController();
  const [wallet, chain] = [await memberWallet(), siteChain()];
  say(`Look into ${wallet.name}.`);
  if ((await connect(wallet, signal)) !== member) throw new Trouble("changed");
  if (!(await isOnChain(wallet, chain, signal))) await switchChain(wallet, chain, signal);
  return walletSigner(wallet);
}

/**
 * Offer the ways in, until one of them leads to a signer.
 * @param {Stage} stage
 * @param {string} member
 * @param {(signer: Signer) => void} enter
 */
export function askForKey(stage, member, enter) {
  const say = (/** @type {string} */ words) => (stage.part("key-said").textContent = words);
  const ways = /** @type {const} */ ([
    ["sign-again", () => signInAgain(member, say)],
    ["by-wallet", async () => enter(await bringWallet(member, say))],
  ]);
  for (const [name, way] of ways) {
    const button = /** @type {HTMLButtonElement} */ (stage.part(name));
    button.onclick = async () => {
      if (stage.part("key-said").getAttribute("aria-busy") === "true") return;
      stage.part("key-said").setAttribute("aria-busy", "true");
      say("One moment");
      try {
        await way();
      } catch (error) {
        say(error instanceof Trouble && error.detail ? error.detail : notSigned(error, "Your wallet"));
      } finally {
        stage.part("key-said").setAttribute("aria-busy", "false");
      }
    };
  }
  say("");
  stage.show("key");
}
