// @ts-check
/**
 * The bell: asks how much is new when a round closes or is counted, when one comes back to the
 * page, and once a minute while one looks at it.
 */

const LOOK_MS = 60_000;
const SOON_MS = 1_500;

/** @returns {HTMLElement | null} */
function bell() {
  return document.getElementById("bell");
}

async function look() {
  const url = bell()?.dataset.bell;
  if (!url || document.visibilityState !== "visible") return;
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    if (answer.status === 200) hang(await answer.text());
  } catch {
    // The site is away; it is asked again.
  }
}

/** @param {string} html */
function hang(html) {
  const made = document.createElement("template");
  made.innerHTML = html;
  const [old, fresh] = [bell(), made.content.firstElementChild];
  if (!old || !(fresh instanceof HTMLElement) || fresh.dataset.count === old.dataset.count) return;
  const more = Number(fresh.dataset.count) - Number(old.dataset.count);
  const focused = document.activeElement === old;
  old.replaceWith(fresh);
  if (focused) fresh.focus();
  const announcer = document.getElementById("announcer");
  if (more > 0 && announcer) announcer.textContent = more === 1 ? "One new notification" : `${more} new notifications`;
}

/** Keep the bell true on a page that stays open. */
export function ringBell() {
  if (!bell()) return;
  setInterval(look, LOOK_MS);
  document.addEventListener("visibilitychange", look);
  document.addEventListener("salon:arrived", (event) => {
    const heard = /** @type {CustomEvent} */ (event).detail.element.dataset;
    if (heard.closed !== undefined || heard.counted !== undefined) setTimeout(look, SOON_MS);
  });
}
