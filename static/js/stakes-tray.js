// @ts-check
/** The tray at the foot of a page: a member's transactions and how far each has come. */

import { OVER } from "./wallet/transactions.js";

/** @typedef {import("./wallet/transactions.js").Followed} Followed */
/** @typedef {import("./wallet/transactions.js").State} State */

const STEPS = ["Sent", "In a block", "On Salon", "Final"];
/** @type {Record<State, number>} how many steps are behind it */
const DONE = { sent: 1, included: 2, seen: 3, final: 4, failed: 2, replaced: 1, lost: 1 };
/** @type {Record<State, string>} */
const TITLES = {
  sent: "Sent. It waits for a block.",
  included: "In a block. Salon is about to see it.",
  seen: "Done; final in a while",
  final: "Done, for good",
  failed: "It failed",
  replaced: "Replaced",
  lost: "Lost on its way",
};
const GONE_AFTER_MS = 8000; // what is final and needs nobody's attention

/** @param {number} since ms since the epoch */
function elapsed(since) {
  const seconds = Math.max(0, Math.round((Date.now() - since) / 1000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} className
 * @param {string} text
 */
function element(tag, className, text) {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

/**
 * @param {Followed} entry
 * @param {(hash: string) => void} dismiss
 */
function card(entry, dismiss) {
  const { hash, doing, state, words, sentAt } = entry;
  const item = element("article", "tray-item", "");
  item.dataset.state = state;
  item.dataset.transaction = hash;
  const close = element("button", "tray-close", "×");
  close.type = "button";
  close.setAttribute("aria-label", `Close: ${doing}`);
  close.addEventListener("click", () => dismiss(hash));
  item.append(element("p", "tray-doing", doing), close);
  if (state === "seen" || state === "final") {
    item.append(element("p", "tray-words", TITLES[state]));
    return item;
  }
  const steps = element("ol", "tray-steps", "");
  steps.setAttribute("aria-hidden", "true");
  for (const [at, name] of STEPS.entries()) {
    const step = element("li", at < DONE[state] ? "done" : "", name);
    steps.append(step);
  }
  const time = element("span", "tray-time", OVER.has(state) ? "" : elapsed(sentAt));
  if (!OVER.has(state)) time.dataset.since = String(sentAt);
  time.setAttribute("aria-hidden", "true");
  const line = element("p", "tray-words", [TITLES[state], words].filter(Boolean).join(" "));
  line.append(" ", time);
  item.append(steps, line);
  return item;
}

/**
 * Show a member's transactions as long as the page is open.
 * @param {import("./wallet/transactions.js").Transactions} transactions
 */
export function showTray(transactions) {
  const tray = document.getElementById("tray");
  const announcer = document.getElementById("announcer");
  if (!tray) return;
  const render = () => {
    tray.hidden = transactions.list.length === 0;
    const focused = tray.contains(document.activeElement) && document.activeElement?.getAttribute("aria-label");
    tray.replaceChildren(...transactions.list.map((entry) => card(entry, (hash) => transactions.dismiss(hash))));
    if (!focused) return;
    for (const close of tray.querySelectorAll("button")) if (close.getAttribute("aria-label") === focused) close.focus();
  };
  transactions.listeners.add((changed) => {
    render();
    if (changed && announcer) announcer.textContent = `${changed.doing}: ${TITLES[changed.state]} ${changed.words}`;
  });
  setInterval(() => {
    for (const time of tray.querySelectorAll("[data-since]")) {
      time.textContent = elapsed(Number(time.getAttribute("data-since")));
    }
    const gone = (/** @type {Followed} */ { state, changedAt }) => state === "final" && Date.now() - changedAt > GONE_AFTER_MS;
    for (const { hash } of transactions.list.filter(gone)) transactions.dismiss(hash);
  }, 1000);
  render();
}
