// @ts-check
/** A ballot as it is signed: EIP-712 typed data, its outcome, its nonce. */

/**
 * @typedef {object} Ballot numbers in decimal, digests in hex
 * @property {string} voter
 * @property {string} round
 * @property {string} chosen 0x-hex, 32 bytes
 * @property {string} rejected 0x-hex; of a tie the higher digest
 * @property {number} outcome
 * @property {string} nonce
 * @property {number} issuedAt seconds since 1970
 */
/** @typedef {{name: string, version: string, chainId: number, verifyingContract: string}} Domain */
/** @typedef {"left" | "tie" | "right"} Choice */

export const [PREFERENCE, TIE, WITHDRAWN] = [0, 1, 2];

const TYPES = {
  Ballot: [
    { name: "voter", type: "address" },
    { name: "round", type: "uint256" },
    { name: "chosen", type: "bytes32" },
    { name: "rejected", type: "bytes32" },
    { name: "outcome", type: "uint8" },
    { name: "nonce", type: "uint256" },
    { name: "issuedAt", type: "uint256" },
  ],
};

/**
 * The pair of two digests, whichever comes first.
 * @param {string} one
 * @param {string} other
 */
export function pairOf(one, other) {
  return one < other ? `${one}:${other}` : `${other}:${one}`;
}

/**
 * What a choice says: which digest is chosen, which rejected, with what outcome.
 * @param {Choice} choice
 * @param {string} left digest, hex without 0x
 * @param {string} right digest
 */
export function saying(choice, left, right) {
  const [chosen, rejected] = choice === "left" || (choice === "tie" && left < right) ? [left, right] : [right, left];
  return { chosen: `0x${chosen}`, rejected: `0x${rejected}`, outcome: choice === "tie" ? TIE : PREFERENCE };
}

/**
 * The typed data of a ballot, as a wallet shows it.
 * @param {Ballot} ballot
 * @param {Domain} domain
 * @returns {import("../wallet/eip712.js").TypedData}
 */
export function typedData(ballot, domain) {
  const { name, version, chainId, verifyingContract } = domain;
  const { voter, round, chosen, rejected, outcome, nonce, issuedAt } = ballot;
  return {
    types: TYPES,
    primaryType: "Ballot",
    domain: { name, version, chainId, verifyingContract },
    message: { voter, round, chosen, rejected, outcome, nonce, issuedAt },
  };
}

/** 80 random bits. */
function salt() {
  const [one, other, last] = crypto.getRandomValues(new Uint32Array(3));
  return (BigInt(one) << 48n) | (BigInt(other) << 16n) | BigInt(last & 0xffff);
}

/**
 * A nonce above every other: by the clock, so that two browsers seldom meet, and beyond guessing,
 * so that nobody finds out what a ballot says from a root that was anchored over few.
 * @param {bigint[]} others
 * @returns {bigint}
 */
export function nonceAbove(...others) {
  const highest = [BigInt(Date.now()) << 80n, ...others].reduce((most, one) => (one > most ? one : most));
  return highest + salt() + 1n;
}
