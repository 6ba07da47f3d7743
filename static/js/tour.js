// @ts-check
/**
 * A tour of three steps for somebody's first visit. It goes along while they look around and takes
 * no focus. Once closed, on a later visit, or once somebody signed in here, it stays away. Where
 * nothing can be remembered it is not shown: nobody is to close it twice.
 */

const KEY = "tour"; // for good: it was shown; for this visit: the step one is at, from 0, or OVER
const OVER = "over";

/** @param {string} step */
function remember(step) {
  try {
    localStorage.setItem(KEY, "shown");
    sessionStorage.setItem(KEY, step);
  } catch {
    // Storage is forbidden; somebody asked for the tour all the same.
  }
}

/** @returns {string} the step of this visit, or OVER */
function remembered() {
  try {
    const seen = localStorage.getItem(KEY) !== null;
    if (!seen) localStorage.setItem(KEY, "shown");
    if (document.body.dataset.member) return OVER;
    return sessionStorage.getItem(KEY) ?? (seen ? OVER : "0");
  } catch {
    return OVER;
  }
}

class Tour {
  /** @param {HTMLElement} tour */
  constructor(tour) {
    this.tour = tour;
    this.steps = /** @type {HTMLElement[]} */ ([...tour.querySelectorAll("[data-tour-step]")]);
    this.back = /** @type {HTMLButtonElement} */ (tour.querySelector("[data-tour-back]"));
    this.next = /** @type {HTMLButtonElement} */ (tour.querySelector("[data-tour-next]"));
    this.at = 0;
    this.back.addEventListener("click", () => this.turn(this.at - 1));
    this.next.addEventListener("click", () => this.turn(this.at + 1));
    tour.querySelector("[data-tour-close]")?.addEventListener("click", () => this.close());
    tour.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  /** @param {number} step */
  show(step) {
    this.at = Math.min(Math.max(step, 0), this.steps.length - 1);
    this.steps.forEach((section, number) => (section.hidden = number !== this.at));
    this.back.hidden = this.at === 0;
    this.next.textContent = this.at === this.steps.length - 1 ? "Done" : "Next";
    this.tour.hidden = false;
  }

  /** @param {number} step */
  turn(step) {
    if (step >= this.steps.length) return this.close();
    remember(String(step));
    this.show(step);
    this.focus();
  }

  focus() {
    this.steps[this.at].querySelector("h2")?.focus();
  }

  close() {
    const inside = this.tour.contains(document.activeElement);
    this.tour.hidden = true;
    remember(OVER);
    if (inside) document.getElementById("content")?.focus({ preventScroll: true });
  }
}

/** Show the tour to who was never here, and to everybody who asks for it. */
export function offerTour() {
  const found = document.getElementById("tour");
  if (!found) return;
  const tour = new Tour(found);
  document.querySelector("[data-tour-offer]")?.removeAttribute("hidden");
  document.querySelector("[data-tour-again]")?.addEventListener("click", () => {
    tour.show(0);
    tour.focus();
  });
  const step = remembered();
  if (step === OVER) return;
  remember(step);
  tour.show(Number(step) || 0);
}
