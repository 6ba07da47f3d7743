// @ts-check
/**
 * Asking wallets. A wallet is somebody else's program: an answer may be of any type and size, an
 * error need not be an error, and a question may never be answered at all.
 */

import { Trouble } from "./words.js";

/**
 * @typedef {object} Provider
 * @property {(question: {method: string, params?: unknown[]}) => Promise<unknown>} request
 * @property {(event: string, listener: (...facts: any[]) => void) => unknown} [on]
 * @property {(event: string, listener: (...facts: any[]) => void) => unknown} [removeListener]
 */

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const SIGNATURE_LONGEST = 2 + 2 * 8192; // hex; contract wallets' signatures can be long
const MOST_ACCOUNTS = 100;
/** @type {Record<string, import("./words.js").Kind>} EIP-1193, EIP-1474, EIP-3326 */
const KINDS = {
  4001: "rejected",
  4100: "locked",
  4200: "unsupported",
  4900: "disconnected",
  4901: "disconnected",
  4902: "unknown-chain",
  "-32002": "pending",
  "-32004": "unsupported",
  "-32601": "unsupported",
};

/**
 * Addresses in lower case, as many as a page can use.
 * @param {unknown} answer
 * @returns {string[]}
 */
export function readAccounts(answer) {
  if (!Array.isArray(answer)) throw new Trouble("garbage");
  const accounts = Array.from({ length: Math.min(answer.length, MOST_ACCOUNTS) }, (_, i) => answer[i]);
  if (!accounts.every((one) => typeof one === "string" && ADDRESS.test(one))) throw new Trouble("garbage");
  return accounts.map((one) => one.toLowerCase());
}

/**
 * A chain's number; some wallets say it as a number, the standard as hex.
 * @param {unknown} answer
 * @returns {number}
 */
export function readChainId(answer) {
  const hex = typeof answer === "string" && /^0x[0-9a-fA-F]{1,13}$/.test(answer);
  const id = hex ? Number.parseInt(/** @type {string} */ (answer), 16) : answer;
  if (typeof id !== "number" || !Number.isSafeInteger(id) || id <= 0) throw new Trouble("garbage");
  return id;
}

/**
 * @param {unknown} answer
 * @returns {string} 0x-hex
 */
export function readSignature(answer) {
  if (typeof answer !== "string" || answer.length > SIGNATURE_LONGEST) throw new Trouble("garbage");
  if (!/^0x(?:[0-9a-fA-F]{2})+$/.test(answer)) throw new Trouble("garbage");
  return answer.toLowerCase();
}

/** For questions whose answer does not matter. */
export function ignore() {}

/**
 * The error's code, looked for where wallets put it.
 * @param {unknown} error
 */
function codeOf(error) {
  const { code, data } = /** @type {{code?: unknown, data?: any}} */ (error ?? {});
  const inner = data?.originalError?.code;
  return String(inner === 4902 || inner === 4001 ? inner : code);
}

/**
 * What a wallet's error means. Its words are not shown: a page should not speak for strangers.
 * @param {unknown} error
 * @returns {Trouble}
 */
export function troubleOf(error) {
  if (error instanceof Trouble) return error;
  try {
    const code = codeOf(error);
    if (Object.hasOwn(KINDS, code)) return new Trouble(KINDS[code]);
    const said = String(/** @type {any} */ (error)?.message ?? "").slice(0, 500);
    return new Trouble(/reject|denied|cancell?ed/i.test(said) ? "rejected" : "wallet");
  } catch {
    return new Trouble("garbage");
  }
}

/**
 * A promise that fails when the member has waited long enough.
 * @param {AbortSignal} signal
 * @returns {Promise<never>}
 */
function givenUp(signal) {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/**
 * Ask a wallet something.
 * @template T
 * @param {Provider} provider
 * @param {string} method
 * @param {unknown[] | undefined} params
 * @param {(answer: unknown) => T} read checks the answer
 * @param {AbortSignal} signal ends the waiting, with its reason as the error
 * @returns {Promise<T>}
 * @throws {Trouble}
 */
export async function ask(provider, method, params, read, signal) {
  signal.throwIfAborted();
  let answer;
  try {
    const asked = (async () => provider.request(params ? { method, params } : { method }))();
    answer = await Promise.race([asked, givenUp(signal)]);
  } catch (error) {
    throw signal.aborted ? signal.reason : troubleOf(error);
  }
  try {
    return read(answer);
  } catch {
    throw new Trouble("garbage");
  }
}

/**
 * Hear what a wallet tells by itself. Facts that make no sense change nothing.
 * @param {Provider} provider
 * @param {string} event
 * @param {(fact: unknown) => void} act
 * @param {AbortSignal} [signal] ends the listening
 */
export function listen(provider, event, act, signal) {
  const quietly = (/** @type {() => unknown} */ step) => {
    try {
      step();
    } catch {
      // A wallet without events, or one that tells nonsense.
    }
  };
  const heard = (/** @type {unknown} */ fact) => quietly(() => act(fact));
  quietly(() => provider.on?.(event, heard));
  signal?.addEventListener("abort", () => quietly(() => provider.removeListener?.(event, heard)));
}
