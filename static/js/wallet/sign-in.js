// @ts-check
/**
 * Signing in, as steps without a page: connect a wallet, bring it to the site's chain, compose
 * the message, have it signed, hand it in. Whoever shows the steps decides when the next begins.
 */

import { call } from "./api.js";
import { ask, ignore, readAccounts, readChainId, readSignature } from "./ask.js";
import { KeyUnavailable, prove, sessionKey } from "./session-key.js";
import { Trouble } from "./words.js";

/** @typedef {import("./discovery.js").Wallet} Wallet */
/** @typedef {{id: number, hex: string, name: string, rpcUrl: string}} Chain */
/**
 * @typedef {object} Composed a message that waits for the wallet's signature
 * @property {string} address as the site spells it
 * @property {string} message
 * @property {string} nonce
 * @property {string[]} explanation
 * @property {import("./session-key.js").SessionKey | null} key
 * @property {number} composedAt ms since the epoch
 */

const NONCE_GOOD_FOR_MS = 4 * 60_000; // the site says five minutes

/**
 * Ask the wallet for an account. The member may have to unlock it and to agree.
 * @param {Wallet} wallet
 * @param {AbortSignal} signal
 * @returns {Promise<string>} the address in use
 * @throws {Trouble}
 */
export async function connect({ provider }, signal) {
  const [address] = await ask(provider, "eth_requestAccounts", undefined, readAccounts, signal);
  if (!address) throw new Trouble("locked");
  return address;
}

/**
 * Whether the wallet is on the site's chain.
 * @param {Wallet} wallet
 * @param {Chain} chain
 * @param {AbortSignal} signal
 * @throws {Trouble}
 */
export async function isOnChain({ provider }, chain, signal) {
  return (await ask(provider, "eth_chainId", undefined, readChainId, signal)) === chain.id;
}

/**
 * Bring the wallet to the site's chain, adding the chain where the wallet does not know it.
 * @param {Wallet} wallet
 * @param {Chain} chain
 * @param {AbortSignal} signal
 * @throws {Trouble} "unknown-chain" where it cannot be added, "wrong-chain" where it stays
 */
export async function switchChain(wallet, chain, signal) {
  const { provider } = wallet;
  try {
    await ask(provider, "wallet_switchEthereumChain", [{ chainId: chain.hex }], ignore, signal);
  } catch (error) {
    if (!(error instanceof Trouble) || error.kind !== "unknown-chain" || !chain.rpcUrl) throw error;
    const added = {
      chainId: chain.hex,
      chainName: chain.name,
      rpcUrls: [chain.rpcUrl],
      nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    };
    await ask(provider, "wallet_addEthereumChain", [added], ignore, signal);
    if (!(await isOnChain(wallet, chain, signal))) {
      await ask(provider, "wallet_switchEthereumChain", [{ chainId: chain.hex }], ignore, signal);
    }
  }
  if (!(await isOnChain(wallet, chain, signal))) throw new Trouble("wrong-chain");
}

/**
 * Have the site write the message for an address. It lists this browser's key, if it has one.
 * @param {string} address
 * @param {AbortSignal} signal
 * @returns {Promise<Composed>}
 * @throws {Trouble}
 */
export async function compose(address, signal) {
  const key = await sessionKey(address).catch((error) => {
    if (error instanceof KeyUnavailable) return null;
    throw error;
  });
  signal.throwIfAborted();
  const wanted = { address, did_key: key?.didKey ?? "" };
  const told = await call("POST", "/api/v1/sign-in-message", wanted, { signal });
  const message = String(told.message);
  const spelled = message.split("\n")[1];
  return {
    address: spelled?.toLowerCase() === address ? spelled : address,
    message,
    nonce: String(told.nonce),
    explanation: Array.from(told.explanation, String),
    key: key && message.includes(key.didKey) ? key : null, // the moderators' host lists none
    composedAt: Date.now(),
  };
}

/**
 * Whether a message waited so long that the site would refuse it.
 * @param {Composed} composed
 */
export function isStale(composed) {
  return Date.now() - composed.composedAt > NONCE_GOOD_FOR_MS;
}

/** @param {string} text */
function toHex(text) {
  const bytes = new TextEncoder().encode(text);
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * Have the wallet sign the message, and hand it in.
 * @param {Wallet} wallet
 * @param {Composed} composed
 * @param {AbortSignal} signal
 * @throws {Trouble}
 */
export async function signAndEnter({ provider }, composed, signal) {
  const { address, message, nonce, key } = composed;
  const params = [toHex(message), address];
  const signature = await ask(provider, "personal_sign", params, readSignature, signal);
  const proof = key ? await prove(key, nonce) : "";
  const signed = { message, signature, delegation_proof: proof };
  await call("POST", "/api/v1/sign-in", signed, { signal });
}
