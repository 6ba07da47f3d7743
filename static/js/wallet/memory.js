// @ts-check
/** What this browser remembers between pages: the wallet in use, and words for the next page. */

const WALLET = "salon-wallet";
const WORDS = "salon-words";

/**
 * @param {() => Storage} storage
 * @param {string} key
 */
function read(storage, key) {
  try {
    return storage().getItem(key) ?? "";
  } catch {
    return ""; // Storage may be forbidden.
  }
}

/**
 * @param {() => Storage} storage
 * @param {string} key
 * @param {string} value empty forgets
 */
function write(storage, key, value) {
  try {
    if (value) storage().setItem(key, value);
    else storage().removeItem(key);
  } catch {
    // Not remembered; everything works without.
  }
}

/** @returns {string} its rdns; "legacy" for one that does not announce itself */
export function rememberedWallet() {
  return read(() => localStorage, WALLET);
}

/** @param {import("./discovery.js").Wallet | null} wallet */
export function rememberWallet(wallet) {
  write(() => localStorage, WALLET, wallet ? wallet.rdns || wallet.uuid : "");
}

/**
 * Words that the next page says.
 * @param {string} text
 * @param {"announce" | "notice"} how quietly to a screen reader, or for everyone to see
 */
export function leaveWords(text, how) {
  write(() => sessionStorage, WORDS, `${how}:${text}`);
}

/**
 * Show a line at the foot of the page until it is dismissed.
 * @param {string} text
 */
export function say(text) {
  const notice = document.getElementById("notice");
  const line = notice?.querySelector("[data-notice-text]");
  if (!notice || !line) return;
  line.textContent = text;
  notice.hidden = false;
}

/** Say what the page before left to say, and let notices be dismissed. */
export function sayWhatWasLeft() {
  const notice = document.getElementById("notice");
  const close = notice?.querySelector("[data-notice-close]");
  close?.removeAttribute("hidden");
  close?.addEventListener("click", () => notice?.setAttribute("hidden", ""));
  const left = read(() => sessionStorage, WORDS);
  write(() => sessionStorage, WORDS, "");
  const [how, text] = [left.slice(0, left.indexOf(":")), left.slice(left.indexOf(":") + 1)];
  const announcer = document.getElementById("announcer");
  // A live region speaks only of what changes after it was there.
  if (how === "announce" && announcer) setTimeout(() => (announcer.textContent = text), 400);
  if (how === "notice") say(text);
}
