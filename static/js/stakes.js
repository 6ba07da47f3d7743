// @ts-check
/** Stakes on pages: forms and buttons that lead to a wallet, and what they say meanwhile. */

import { earning, shown, weiOf } from "./stakes-amounts.js";
import { freshenAll, stayFresh } from "./stakes-fresh.js";
import { showTray } from "./stakes-tray.js";
import { pageMember, siteChain } from "./wallet/chain.js";
import { carryOut, memberWallet } from "./wallet/staking.js";
import { Transactions } from "./wallet/transactions.js";
import { Trouble, inWords } from "./wallet/words.js";

/** @type {Transactions | null} */
let transactions = null;
let running = new AbortController();

/**
 * The line near a control that says how it goes.
 * @param {Element} control
 */
function saidNear(control) {
  const around = control.closest("[data-fresh]") ?? document.body;
  return /** @type {HTMLElement | null} */ (around.querySelector("[data-said]"));
}

/**
 * @param {HTMLElement | null} place
 * @param {string} title
 * @param {string[]} [lines]
 * @param {{cancel?: () => void, isWrong?: boolean}} [more]
 */
function say(place, title, lines = [], { cancel, isWrong = false } = {}) {
  if (!place) return;
  place.classList.toggle("stakes-wrong", isWrong);
  const strong = document.createElement("strong");
  strong.textContent = title;
  place.replaceChildren(...[title && strong, lines.join(" ")].filter(Boolean).flatMap((part) => [part, " "]));
  if (!title && !lines.length) place.replaceChildren();
  if (!cancel) return;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "small", textContent: "Cancel" });
  button.addEventListener("click", cancel);
  place.append(" ", button);
}

/**
 * What went wrong, in words.
 * @param {unknown} error
 * @param {string} wallet
 * @returns {[title: string, lines: string[]]}
 */
function wrong(error, wallet) {
  if (!(error instanceof Trouble)) console.error(error);
  if (error instanceof Trouble && error.kind === "refused" && error.detail) return ["", [error.detail]];
  const { id, name } = siteChain();
  const { title, advice } = inWords(error, { wallet, chain: name, chainId: String(id) });
  return [`${title}.`, [advice]];
}

/**
 * @param {HTMLElement} control a form or a button
 * @param {boolean} isBusy
 */
function setBusy(control, isBusy) {
  control.setAttribute("aria-busy", String(isBusy));
  const buttons = control instanceof HTMLButtonElement ? [control] : control.querySelectorAll("button");
  for (const button of buttons) button.disabled = isBusy;
}

/**
 * Do what a control is for.
 * @param {HTMLElement} control
 * @param {string} [amount]
 */
async function act(control, amount) {
  const list = transactions;
  if (!list || control.getAttribute("aria-busy") === "true") return;
  running.abort(new DOMException("something else was begun", "AbortError"));
  running = new AbortController();
  const { signal } = running;
  const cancel = () => running.abort(new DOMException("given up", "AbortError"));
  const place = saidNear(control);
  const { stakes: action = "", round, candidate, doing = "" } = control.dataset;
  const wish = { action, ...(round && { round: Number(round) }), ...(candidate && { candidate }), ...(amount && { amount }) };
  let name = "Your wallet";
  setBusy(control, true);
  say(place, "One moment");
  try {
    const wallet = await memberWallet();
    list.provider = wallet.provider;
    name = wallet.name;
    await carryOut(wish, wallet, list.member, {
      doing: doing.replace("{amount}", amount ?? ""),
      say: (title, lines) => say(place, title, lines, { cancel }),
      sent: (sent) => list.add(sent),
      included: (hash) => list.included(hash, signal),
      signal,
    });
    say(place, "");
  } catch (error) {
    if (signal.aborted) say(place, "");
    else say(place, ...wrong(error, name), { isWrong: true });
  } finally {
    setBusy(control, false);
    freshenAll();
  }
}

/** What the amount in a form would earn. @param {Element} form */
function estimate(form) {
  const place = form.querySelector("[data-estimate]");
  const field = form.querySelector("input[name=amount]");
  if (!(form instanceof HTMLFormElement) || !(place instanceof HTMLElement) || !(field instanceof HTMLInputElement)) return;
  const { pool: poolText = "", behind: behindText = "" } = form.dataset;
  const [amount, pool, behind] = [field.value, poolText, behindText].map(weiOf);
  place.hidden = !amount || pool === null || behind === null;
  if (!amount || pool === null || behind === null) return;
  place.textContent = pool
    ? `If it takes the whole pool, these ${shown(amount)} earn ${shown(earning({ pool, behind, amount }))} SALON as things stand. That changes with what others stake and add.`
    : "The pool is empty so far: what can be earned is what others add to it.";
}

function estimateAll() {
  for (const form of document.querySelectorAll("form[data-stakes]")) estimate(form);
}

function listen() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.dataset.stakes === undefined) return;
    event.preventDefault();
    const amount = String(new FormData(form).get("amount") ?? "").trim();
    act(form, amount);
  });
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    if (button.dataset.stakes !== undefined) act(button);
    const form = button.closest("form[data-stakes]");
    const field = form?.querySelector("input[name=amount]");
    if (button.dataset.amount === undefined || !(form instanceof HTMLFormElement) || !(field instanceof HTMLInputElement)) return;
    field.value = button.dataset.amount === "all" ? (form.dataset.balance ?? "") : button.dataset.amount;
    estimate(form);
  });
  document.addEventListener("input", (event) => {
    const form = event.target instanceof Element ? event.target.closest("form[data-stakes]") : null;
    if (form) estimate(form);
  });
  document.addEventListener("salon:fresh", estimateAll);
}

/** Bring stakes on this page to life. */
export function stakesPage() {
  stayFresh();
  const member = pageMember();
  if (!member) return;
  const list = new Transactions(member);
  transactions = list;
  listen();
  estimateAll();
  showTray(list);
  list.listeners.add((changed) => {
    if (changed && ["seen", "final"].includes(changed.state)) freshenAll();
  });
  if (list.underWay().length) {
    memberWallet().then((wallet) => (list.provider = wallet.provider)).catch(() => {});
    list.look(0);
  }
}
