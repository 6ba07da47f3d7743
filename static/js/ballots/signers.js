// @ts-check
/** Who signs a ballot: the browser's own key without a word, or the wallet, which asks each time. */

import { ask, readSignature } from "../wallet/ask.js";
import { hashTypedData } from "../wallet/eip712.js";
import { heldKey, signDigest } from "../wallet/session-key.js";

/** @typedef {import("../wallet/eip712.js").TypedData} TypedData */
/**
 * @typedef {object} Signer
 * @property {string} asks the wallet that is going to ask; empty when nothing does
 * @property {(data: TypedData, voter: string) => Promise<{signer: string, signature: string}>} sign
 */

const DOMAIN_TYPE = [
  { name: "name", type: "string" },
  { name: "version", type: "string" },
  { name: "chainId", type: "uint256" },
  { name: "verifyingContract", type: "address" },
];

/**
 * This browser's key for a member.
 * @param {string} member address
 * @returns {Promise<{didKey: string, signer: Signer} | null>}
 */
export async function browserSigner(member) {
  const key = await heldKey(member);
  if (!key) return null;
  const { didKey } = key;
  const sign = async (/** @type {TypedData} */ data) => ({
    signer: didKey,
    signature: await signDigest(member, hashTypedData(data)),
  });
  return { didKey, signer: { asks: "", sign } };
}

/**
 * The member's wallet.
 * @param {import("../wallet/discovery.js").Wallet} wallet
 * @returns {Signer}
 */
export function walletSigner({ provider, name }) {
  return {
    asks: name,
    async sign(data, voter) {
      const whole = { ...data, types: { EIP712Domain: DOMAIN_TYPE, ...data.types } };
      const params = [voter, JSON.stringify(whole)];
      const never = new AbortController().signal;
      const signature = await ask(provider, "eth_signTypedData_v4", params, readSignature, never);
      return { signer: "wallet", signature };
    },
  };
}
