// @ts-check
/** What the pair view shows: the pair, the count, and what stands in its place when there is none. */

/** @typedef {import("./pairs.js").Pair} Pair */
/** @typedef {"loading" | "pair" | "unready" | "few" | "done" | "dry" | "closed" | "key" | "trouble"} Step */
/** @typedef {"left" | "right"} Side */

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const stacked = matchMedia("(max-aspect-ratio: 1/1), (max-width: 480px)"); // as in ballots.css
const ARRIVES = [{ opacity: 0.35, transform: "translateY(5px)" }, { opacity: 1, transform: "none" }];
const FLASH_MS = 160;

/**
 * Where a picture hangs, in a word.
 * @param {Side} side
 */
export function place(side) {
  return stacked.matches ? { left: "upper", right: "lower" }[side] : side;
}

/** The view's elements. */
export class Stage {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.at = "";
  }

  /** @param {string} name */
  part(name) {
    return /** @type {HTMLElement} */ (this.root.querySelector(`[data-part="${name}"]`));
  }

  /** @param {Side} side */
  frame(side) {
    return /** @type {HTMLElement} */ (this.root.querySelector(`[data-frame="${side}"]`));
  }

  /**
   * @param {string} name
   * @param {() => void} act
   */
  onClick(name, act) {
    this.part(name)?.addEventListener("click", act);
  }

  /**
   * Show one of the view's states.
   * @param {Step} step
   * @param {string} [words] what its changing line says
   */
  show(step, words) {
    const section = this.root.querySelector(`[data-step="${step}"]`);
    const line = section?.querySelector("[data-words]");
    if (line && words !== undefined && line.textContent !== words) line.textContent = words;
    if (this.at === step) return;
    const hadFocus = this.root.querySelector(`[data-step="${this.at}"]`)?.contains(document.activeElement);
    this.at = this.root.dataset.at = step;
    for (const one of this.root.querySelectorAll("[data-step]")) one.toggleAttribute("hidden", one !== section);
    // Whoever pressed a button that is gone now goes on from what took its place.
    const next = section?.querySelector("[data-focus]");
    if (hadFocus && next instanceof HTMLElement) next.focus({ preventScroll: true });
  }

  /**
   * Hang a pair.
   * @param {Pair} pair
   */
  hang(pair) {
    for (const side of /** @type {const} */ (["left", "right"])) {
      const { image } = pair[side];
      image.id = `picture-${side}`;
      const frame = this.frame(side);
      frame.replaceChildren(image);
      if (!calm.matches) frame.animate(ARRIVES, { duration: 140, easing: "ease-out" });
    }
    this.part("pair").dataset.pair = pair.key;
    this.show("pair");
  }

  /**
   * Tell whoever does not see it.
   * @param {string} before what happened
   * @param {Pair} pair
   * @param {number} number of the pair
   */
  announce(before, pair, number) {
    const [first, second] = [pair.left.alt, pair.right.alt];
    const right = first === second ? "the same words, drawn anew" : second;
    const [here, there] = [place("left"), place("right")].map((word) => word[0].toUpperCase() + word.slice(1));
    this.tell(`${before} Pair ${number}. ${here}: ${first}. ${there}: ${right}.`.trim());
  }

  /** @param {string} text */
  tell(text) {
    this.part("announcer").textContent = text;
  }

  /**
   * Let a button look pressed for a moment.
   * @param {string} act
   */
  flash(act) {
    const button = this.root.querySelector(`[data-act="${act}"]`);
    button?.classList.add("pressed");
    setTimeout(() => button?.classList.remove("pressed"), FLASH_MS);
  }

  /**
   * @param {number} judged
   * @param {number} remaining
   */
  count(judged, remaining) {
    const words = [judged ? `${judged} judged` : "", remaining ? `${remaining} to go` : ""];
    this.part("count").textContent = words.filter(Boolean).join(" · ");
  }

  /** @param {string} text about ballots on their way */
  way(text) {
    const line = this.part("way");
    if (line.textContent !== text) line.textContent = text;
  }

  /** @param {string} text about what was refused, or could not be done */
  said(text) {
    const line = this.part("said");
    if (line.textContent !== text) line.textContent = text;
  }

  /** @param {boolean} isPossible */
  mayUndo(isPossible) {
    const button = /** @type {HTMLButtonElement | null} */ (this.root.querySelector("[data-act='undo']"));
    if (!button || button.disabled === !isPossible) return;
    const hadFocus = document.activeElement === button;
    button.disabled = !isPossible;
    if (hadFocus && !isPossible) this.part("pair").focus({ preventScroll: true });
  }

  /** @param {boolean} isBusy the wallet asks about a vote */
  busy(isBusy) {
    this.part("pair").setAttribute("aria-busy", String(isBusy));
  }
}
