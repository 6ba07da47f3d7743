// @ts-check
/** Keys, fingers and the mouse on a pair, as choices. */

/** @typedef {"left" | "tie" | "right" | "undo" | "zoom"} Act */
/** @typedef {(act: Act, side?: "left" | "right") => void} Do */

/** @type {Record<string, Act>} */
const KEYS = { ArrowLeft: "left", ArrowRight: "right", ArrowDown: "tie" };
/** @type {Record<string, Act>} */
const LETTERS = { u: "undo", z: "zoom" };
const LETTERS_OFF = "salon-letter-keys-off";
const HOLD_MS = 450;
const SWIPE_PX = 90;
const SWIPE_FAST = 0.45; // px/ms
const STILL_PX = 10;
const UNSEEN_MS = 250; // no one has judged a pair that came so shortly ago: a double click

/** Whether letters act, which some who speak to their browser don't want (WCAG 2.1.4). */
function lettersAct() {
  try {
    return localStorage.getItem(LETTERS_OFF) === null;
  } catch {
    return true;
  }
}

/**
 * The switch for letter keys.
 * @param {HTMLElement} root
 */
function letterSwitch(root) {
  const box = root.querySelector("[data-letters]");
  if (!(box instanceof HTMLInputElement)) return;
  box.checked = lettersAct();
  box.addEventListener("change", () => {
    try {
      if (box.checked) localStorage.removeItem(LETTERS_OFF);
      else localStorage.setItem(LETTERS_OFF, "1");
    } catch {
      // Not remembered, and so not off.
    }
  });
}

/** @param {Do} act */
function keys(act) {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.isComposing) return;
    const { target, key } = event;
    if (target instanceof Element && target.closest("input, textarea, select, pre, dialog")) return;
    if (document.querySelector("dialog[open]")) return;
    const found = KEYS[key] ?? (lettersAct() ? LETTERS[key.toLowerCase()] : undefined);
    if (!found) return;
    event.preventDefault();
    if (!event.repeat) act(found); // a key that is held down votes once
  });
}

/**
 * Click or tap a picture to choose it, swipe it, hold it to look closer.
 * @param {HTMLElement} frame
 * @param {"left" | "right"} side
 * @param {Do} act
 * @param {() => number} shownAt when the pair was hung, by performance.now()
 */
function pointer(frame, side, act, shownAt) {
  /** @type {{id: number, x: number, y: number, at: number, hold: number} | null} */
  let down = null;
  let isDone = false; // the gesture meant something: the click after it does not
  let dx = 0;
  const rest = () => {
    if (down) clearTimeout(down.hold);
    down = null;
    frame.style.transform = "";
    frame.classList.remove("lifted");
  };
  frame.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    [isDone, dx] = [false, 0];
    const hold = window.setTimeout(() => {
      isDone = true;
      rest();
      act("zoom", side);
    }, HOLD_MS);
    down = { id: event.pointerId, x: event.clientX, y: event.clientY, at: event.timeStamp, hold };
  });
  frame.addEventListener("pointermove", (event) => {
    if (down?.id !== event.pointerId) return;
    dx = event.clientX - down.x;
    const moved = Math.hypot(dx, event.clientY - down.y);
    if (moved > STILL_PX) clearTimeout(down.hold);
    if (event.pointerType !== "touch" || Math.abs(dx) <= STILL_PX) return;
    if (!frame.hasPointerCapture(down.id)) frame.setPointerCapture(down.id);
    isDone = true;
    frame.classList.add("lifted");
    frame.style.transform = `translateX(${dx}px) rotate(${dx / 60}deg)`;
  });
  frame.addEventListener("pointerup", (event) => {
    if (down?.id !== event.pointerId) return;
    const speed = Math.abs(dx) / Math.max(1, event.timeStamp - down.at);
    const isSwipe = frame.classList.contains("lifted") && (Math.abs(dx) > SWIPE_PX || speed > SWIPE_FAST);
    rest();
    if (isSwipe) act(side);
  });
  frame.addEventListener("pointercancel", rest);
  frame.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && rest());
  frame.addEventListener("click", () => {
    if (!isDone && performance.now() - shownAt() > UNSEEN_MS) act(side);
    isDone = false;
  });
  frame.addEventListener("contextmenu", (event) => {
    if (/** @type {PointerEvent} */ (event).pointerType === "touch") event.preventDefault();
  });
}

/**
 * Turn what a member does into acts.
 * @param {HTMLElement} root
 * @param {Do} act
 * @param {() => number} shownAt
 */
export function listen(root, act, shownAt) {
  keys(act);
  letterSwitch(root);
  for (const button of root.querySelectorAll("button[data-act]")) {
    const { act: name, side } = /** @type {HTMLElement} */ (button).dataset;
    button.addEventListener("click", () => act(/** @type {Act} */ (name), side === "right" ? "right" : "left"));
  }
  for (const frame of root.querySelectorAll("[data-frame]")) {
    if (!(frame instanceof HTMLElement)) continue;
    pointer(frame, frame.dataset.frame === "right" ? "right" : "left", act, shownAt);
  }
}
