// @ts-check
/** The large picture, alone; with the arrow keys the other of the pair, in the same place. */

import { place } from "./stage.js";

/** @typedef {import("./pairs.js").Pair} Pair */
/** @typedef {"left" | "right"} Side */

/**
 * Bring the dialog to life.
 * @param {HTMLDialogElement} dialog
 * @returns {(pair: Pair, side: Side) => void} opens it
 */
export function zoomDialog(dialog) {
  const image = /** @type {HTMLImageElement} */ (dialog.querySelector("img"));
  const label = /** @type {HTMLElement} */ (dialog.querySelector("[data-zoom-label]"));
  /** @type {Pair | null} */
  let open = null;
  /** @type {Side} */
  let shown = "left";
  const show = (/** @type {Side} */ side) => {
    if (!open) return;
    shown = side;
    const { picture, alt, image: small } = open[side];
    Object.assign(image, { src: picture, alt, width: small.width, height: small.height });
    label.textContent = `The ${place(side)} picture`;
  };
  dialog.addEventListener("keydown", ({ key }) => {
    if (key === "ArrowLeft") show("left");
    if (key === "ArrowRight") show("right");
    if (key.toLowerCase() === "z") dialog.close();
  });
  let isPressed = false;
  dialog.addEventListener("pointerdown", () => (isPressed = true));
  dialog.addEventListener("click", ({ target, detail }) => {
    // The finger that opened it by resting lifts only now: that is no click here.
    if (!(target instanceof Element) || (detail > 0 && !isPressed)) return;
    if (target.closest("[data-other]")) show(shown === "left" ? "right" : "left");
    else if (target === dialog || target.closest("[data-close], img")) dialog.close();
  });
  return (pair, side) => {
    open = pair;
    isPressed = false;
    show(side);
    dialog.showModal();
  };
}
