// @ts-check
/** The site's JSON API, and what it says when it refuses. */

import { Trouble } from "./words.js";

const TIMEOUT_MS = 20_000;
const DETAIL_LONGEST = 400;

/**
 * The reason of a refusal, as the site tells it.
 * @param {Response} answer
 * @returns {Promise<Trouble>}
 */
async function refusal(answer) {
  const { status } = answer;
  const kind = status === 429 ? "later" : status >= 500 ? "away" : "refused";
  const told = await answer.json().catch(() => null);
  const { detail, code, last_nonce: lastNonce } = told ?? {};
  const trouble = new Trouble(kind, typeof detail === "string" ? detail.slice(0, DETAIL_LONGEST) : "");
  const retryAfterS = Number(answer.headers.get("Retry-After")) || 0;
  trouble.problem = { status, code: String(code ?? ""), retryAfterS, lastNonce: String(lastNonce ?? "") };
  return trouble;
}

/**
 * Call the site.
 * @param {"GET" | "POST"} method
 * @param {string} path
 * @param {object} [body]
 * @param {{signal?: AbortSignal, headers?: Record<string, string>, credentials?: RequestCredentials}} [options]
 * @returns {Promise<any>} the decoded answer; null when it is empty
 * @throws {Trouble} "refused", "later" or "away"
 */
export async function call(method, path, body, { signal, headers, credentials = "same-origin" } = {}) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: { Accept: "application/json", ...(body && { "Content-Type": "application/json" }), ...headers },
      body: body && JSON.stringify(body),
      credentials,
      redirect: "error",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    if (answer.ok) return answer.status === 204 ? null : await answer.json();
  } catch {
    signal?.throwIfAborted();
    throw new Trouble("away");
  }
  throw await refusal(answer);
}

/** @returns {Promise<string | null>} the address this browser is signed in as, if any */
export async function signedInAs() {
  try {
    return String((await call("GET", "/api/v1/me")).address).toLowerCase();
  } catch (error) {
    if (error instanceof Trouble && error.kind === "refused") return null;
    throw error;
  }
}
