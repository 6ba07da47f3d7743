// @ts-check
/**
 * Keeps what pages show of the chain fresh. Every `[data-fresh]` names the address of its own
 * HTML; the `[data-region]`s in it are replaced when what the site sends has changed, without
 * taking away what a visitor is typing.
 */

const EVERY_MS = 8000;
/** @type {Map<string, string>} HTML of regions as the site sent it last, by id */
const sent = new Map();
for (const region of document.querySelectorAll("[data-region]")) sent.set(region.id, region.innerHTML);

/**
 * Take over what a visitor did to a region.
 * @param {Element} before
 * @param {Element} after
 */
function carryOver(before, after) {
  for (const field of before.querySelectorAll("input[id]")) {
    const next = after.querySelector(`#${CSS.escape(field.id)}`);
    if (field instanceof HTMLInputElement && next instanceof HTMLInputElement) next.value = field.value;
  }
  const opened = [...before.querySelectorAll("details")];
  for (const [at, details] of [...after.querySelectorAll("details")].entries()) {
    details.open = opened[at]?.open ?? false;
  }
}

/**
 * Put a region in its place, and the focus where it was.
 * @param {Element} here
 * @param {Element} region
 */
function replace(here, region) {
  const active = here.contains(document.activeElement) ? document.activeElement : null;
  const caret = active instanceof HTMLInputElement ? active.selectionStart : null;
  carryOver(here, region);
  here.replaceChildren(...region.childNodes);
  const next = active?.id ? document.getElementById(active.id) : null;
  next?.focus({ preventScroll: true });
  if (next instanceof HTMLInputElement && caret !== null) next.setSelectionRange(caret, caret);
  here.dispatchEvent(new CustomEvent("salon:fresh", { bubbles: true }));
}

/** @param {HTMLElement} place */
async function freshen(place) {
  let text;
  try {
    const answer = await fetch(place.dataset.fresh ?? "", { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    text = await answer.text();
  } catch {
    return; // The next time, then.
  }
  const page = new DOMParser().parseFromString(text, "text/html");
  for (const region of page.querySelectorAll("[data-region]")) {
    const here = document.getElementById(region.id);
    const html = region.innerHTML;
    // A region with something under way is left alone until that is over.
    if (!here || sent.get(region.id) === html || here.querySelector("[aria-busy='true']")) continue;
    sent.set(region.id, html);
    replace(here, region);
  }
}

/** Fetch everything anew now. */
export function freshenAll() {
  for (const place of document.querySelectorAll("[data-fresh]")) {
    if (place instanceof HTMLElement) freshen(place);
  }
}

/** Keep the page fresh as long as somebody looks at it. */
export function stayFresh() {
  if (!document.querySelector("[data-fresh]")) return;
  const look = () => document.visibilityState === "visible" && freshenAll();
  setInterval(look, EVERY_MS);
  document.addEventListener("visibilitychange", look);
}
