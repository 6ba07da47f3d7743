// @ts-check
import { markOf } from "./pieces.js";

/** The queue by keys: one letter does it, and the next picture is under the cursor. */

const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-act]"));

/** @returns {any} htmx, as the page loaded it */
const htmx = () => /** @type {any} */ (window).htmx;

/** Requests go one after the other: htmx itself would keep only the last of those that wait. */
let line = Promise.resolve();

/**
 * @param {"GET" | "POST"} verb
 * @param {string} url
 * @param {object} how
 */
function ask(verb, url, how) {
  line = line.then(() => htmx().ajax(verb, url, how)).catch(() => {});
  return line;
}

/** @param {HTMLFormElement} form */
function desk(form) {
  const outcome = /** @type {HTMLElement} */ (document.getElementById("outcome"));
  const chosenWords = /** @type {HTMLElement} */ (form.querySelector("[data-chosen]"));
  const pieces = markOf(() => /** @type {HTMLElement} */ (document.getElementById("grid")));

  const buttons = /** @type {NodeListOf<HTMLButtonElement>} */ (form.querySelectorAll("button[data-deed]"));

  /** Say what is chosen, and offer only what can be done to it. */
  const say = () => {
    const count = pieces.chosen().length;
    chosenWords.textContent = count ? `${count} chosen` : "the marked one";
    const here = pieces.deedsHere();
    const now = pieces.deedsNow();
    for (const button of buttons) {
      button.hidden = here.size > 0 && !here.has(button.value);
      button.disabled = !now.has(button.value);
    }
  };

  /**
   * Do something to the marked picture at once; to chosen ones after showing them.
   * @param {string} deed
   */
  const act = (deed) => {
    if (pieces.chosen().length) {
      const button = form.querySelector(`button[value="${CSS.escape(deed)}"]`);
      form.requestSubmit(/** @type {HTMLButtonElement} */ (button));
      return;
    }
    const piece = pieces.marked();
    if (!piece) return;
    const said = new FormData(form);
    const digest = pieces.keyOf(piece);
    piece.dataset.going = "";
    pieces.step(1, piece);
    ask("POST", form.action, {
      target: outcome,
      swap: "innerHTML settle:0ms", // so that what it offers can be pressed as soon as it is seen
      values: { deed, digest, source: said.get("source"), reason: said.get("reason"), note: said.get("note") },
    });
  };

  form.addEventListener("submit", (event) => {
    const button = /** @type {SubmitEvent} */ (event).submitter;
    if (!(button instanceof HTMLButtonElement) || !button.dataset.deed || pieces.chosen().length) return;
    event.preventDefault();
    act(button.value);
  });
  form.addEventListener("change", say);
  form.addEventListener("focusin", say);
  say();
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
    if (keys(event.key.toLowerCase(), form, pieces, act)) event.preventDefault();
    say();
  });
  let bringBack = () => {};
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.target.id === "grid") bringBack = pieces.keep();
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    const target = /** @type {CustomEvent} */ (event).detail.target;
    if (target === outcome) settle(outcome, pieces);
    else if (target.id === "grid") {
      bringBack();
      bringBack = () => {}; // the counts beside it come with events of their own
    }
    say();
  });
}

/**
 * Take away what is done; ask for more when nothing is left.
 * @param {HTMLElement} outcome
 * @param {ReturnType<typeof markOf>} pieces
 */
function settle(outcome, pieces) {
  const told = /** @type {HTMLElement | null} */ (outcome.querySelector("[data-outcome]:not([data-settled])"));
  if (!told) return;
  told.dataset.settled = "";
  const done = (told.dataset.done ?? "").split(" ").filter(Boolean);
  if (told.hasAttribute("data-undone") || pieces.remove(done) === 0) {
    ask("GET", location.href, { target: "#grid", swap: "outerHTML" });
  }
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/**
 * @param {string} key
 * @param {HTMLFormElement} form
 * @param {ReturnType<typeof markOf>} pieces
 * @param {(deed: string) => void} act
 * @returns {boolean} whether the key meant something
 */
function keys(key, form, pieces, act) {
  const deed = form.querySelector(`[data-deed="${CSS.escape(key)}"]`);
  if (deed instanceof HTMLButtonElement) {
    if (!deed.disabled) act(deed.value);
  } else if (key === "j" || key === "arrowright") pieces.step(1);
  else if (key === "k" || key === "arrowleft") pieces.step(-1);
  else if (key === "x") pieces.toggle();
  else if (key === "u") /** @type {HTMLElement | null} */ (form.querySelector("[data-undo]"))?.click();
  else if (/^[1-9]$/.test(key)) choose(form, Number(key) - 1);
  else return false;
  return true;
}

/**
 * @param {HTMLFormElement} form
 * @param {number} index
 */
function choose(form, index) {
  const reasons = /** @type {HTMLSelectElement} */ (form.querySelector("[data-reason]"));
  if (index < reasons.length) reasons.selectedIndex = index;
}

// On a phone the menu is wider than the screen: the page one is on has to be in sight.
document.querySelector(".desk [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
if (form) desk(form);
