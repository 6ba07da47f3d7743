// @ts-check
/** What can go wrong between a member, a wallet and the site, and what to do about it. */

/**
 * @typedef {"rejected" | "pending" | "locked" | "unsupported" | "disconnected" | "unknown-chain"
 *   | "wrong-chain" | "changed" | "garbage" | "wallet" | "refused" | "away" | "later"} Kind
 */

/** @typedef {{status: number, code: string, retryAfterS: number, lastNonce: string}} Problem */

/** Something went wrong that a member can be told about. */
export class Trouble extends Error {
  /**
   * @param {Kind} kind
   * @param {string} [detail] words of the site itself; never those of a wallet
   */
  constructor(kind, detail = "") {
    super(detail || kind);
    this.name = "Trouble";
    /** @type {Kind} */
    this.kind = kind;
    this.detail = detail;
    /** @type {Problem | null} what the site's refusal says to programs */
    this.problem = null;
  }
}

/** @type {Record<Kind, [title: string, advice: string]>} */
const WORDS = {
  rejected: ["You said no in {wallet}", "Nothing was signed. Try again whenever you like."],
  pending: ["{wallet} is still waiting for you", "It has an older question open. Open the wallet, answer it there, then try again."],
  locked: ["{wallet} shows no account", "Unlock it, allow this site to see an account, then try again."],
  unsupported: ["{wallet} cannot do this", "It does not know the request. Update it, or use another wallet."],
  disconnected: ["{wallet} is not connected", "It has lost its connection to the chain. Check it, then try again."],
  "unknown-chain": ["{wallet} does not know this chain", "Add {chain} (chain id {chainId}) in the wallet itself, then try again."],
  "wrong-chain": ["{wallet} stayed on another chain", "Switch it to {chain} in the wallet itself, then try again."],
  changed: ["{wallet} changed its account", "Begin again, so that the right account signs."],
  garbage: ["{wallet} gave an answer that makes no sense", "Nothing was signed in. Update the wallet, or use another one."],
  wallet: ["{wallet} reported an error", "Open the wallet to see what is the matter, then try again."],
  refused: ["The site did not accept this", "Begin again. If it happens twice, use another wallet."],
  away: ["The site did not answer", "Check your connection, then try again. Nothing was lost."],
  later: ["Too many attempts", "Wait a minute, then try again."],
};

/**
 * A trouble in words.
 * @param {unknown} error whatever was thrown
 * @param {Record<"wallet" | "chain" | "chainId", string>} names
 * @returns {{title: string, advice: string}}
 */
export function inWords(error, names) {
  const trouble = error instanceof Trouble ? error : new Trouble("wallet");
  const [title, advice] = WORDS[trouble.kind];
  const fill = (/** @type {string} */ text) =>
    text.replace(/\{(wallet|chain|chainId)\}/g, (_, key) => names[/** @type {"wallet"} */ (key)]);
  return { title: fill(title), advice: trouble.detail || fill(advice) };
}
