// @ts-check
/** Registering passkeys, and raising the session with one. */

import { call } from "../wallet/api.js";
import { Trouble } from "../wallet/words.js";

const OPTIONS = "/moderation/keys/options";
const ANSWER = "/moderation/keys/answer";
const WORDS = {
  NotAllowedError: "Nothing was done: it was cancelled, or took too long.",
  InvalidStateError: "This authenticator holds a passkey for you already.",
  SecurityError: "The browser refuses passkeys at this address.",
  NotSupportedError: "This browser, or this authenticator, cannot do what is asked of it.",
};

/** @returns {Record<string, string>} the page's CSRF header */
function csrf() {
  return JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
}

/**
 * @param {unknown} error
 * @returns {string}
 */
function inWords(error) {
  if (error instanceof Trouble) return error.detail || "The site did not answer. Try again.";
  const name = error instanceof DOMException ? error.name : "";
  return WORDS[/** @type {keyof typeof WORDS} */ (name)] ?? "That did not work. Try again, or use another browser.";
}

/**
 * Ask the site what to ask, ask the authenticator, and hand its answer in.
 * @param {"enrol" | "raise"} purpose
 * @param {string} [name]
 */
async function prove(purpose, name = "") {
  const asked = await call("POST", OPTIONS, { for: purpose }, { headers: csrf() });
  const made = purpose === "enrol";
  const credential = made
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
  const answer = /** @type {PublicKeyCredential} */ (credential).toJSON();
  await call("POST", ANSWER, { for: purpose, name, credential: answer }, { headers: csrf() });
}

/** @param {HTMLElement} root */
function keysPage(root) {
  const said = /** @type {HTMLElement} */ (root.querySelector("[data-passkeys-said]"));
  const buttons = root.querySelectorAll("button");
  const form = root.querySelector("form[data-enrol]");

  /** @param {() => Promise<void>} act */
  const doing = async (act) => {
    said.textContent = "";
    for (const button of buttons) button.disabled = true;
    try {
      await act();
      location.assign(root.dataset.next ?? "/moderation/");
    } catch (error) {
      said.textContent = inWords(error);
      for (const button of buttons) button.disabled = false;
    }
  };

  root.querySelector("[data-raise]")?.addEventListener("click", () => doing(() => prove("raise")));
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = String(new FormData(/** @type {HTMLFormElement} */ (form)).get("name") ?? "");
    doing(() => prove("enrol", name));
  });
  if ("PublicKeyCredential" in window) return;
  said.textContent = "This browser knows no passkeys, or not at this address.";
  for (const button of buttons) button.disabled = true;
}

const root = document.querySelector("[data-passkeys]");
if (root instanceof HTMLElement) keysPage(root);
