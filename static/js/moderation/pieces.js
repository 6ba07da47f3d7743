// @ts-check

/** @param {HTMLElement} piece */
const deedsOf = (piece) => (piece.dataset.deeds ?? "").split(" ").filter(Boolean);

/**
 * The pictures in a grid, and which of them is marked.
 * @param {() => HTMLElement} grid
 */
export function markOf(grid) {
  /** @returns {HTMLElement[]} */
  const all = () => [...grid().querySelectorAll("[data-piece]:not([data-going])")].map((piece) => /** @type {HTMLElement} */ (piece));

  /** @returns {HTMLElement | undefined} the focused one, else the first */
  const marked = () => {
    const here = document.activeElement?.closest("[data-piece]:not([data-going])");
    return here instanceof HTMLElement ? here : all().find((piece) => piece.tabIndex === 0) ?? all()[0];
  };

  /** @param {HTMLElement} piece */
  const point = (piece) => {
    for (const other of grid().querySelectorAll("[data-piece]")) /** @type {HTMLElement} */ (other).tabIndex = -1;
    piece.tabIndex = 0;
  };

  /** @param {HTMLElement} piece */
  const mark = (piece) => {
    point(piece);
    piece.focus();
    piece.scrollIntoView({ block: "nearest" });
  };

  return {
    marked,
    /** @returns {HTMLInputElement[]} */
    chosen: () => [...grid().querySelectorAll("input[name=digest]:checked")].map((box) => /** @type {HTMLInputElement} */ (box)),
    /** @returns {Set<string>} what can be done to anything here */
    deedsHere: () => new Set(all().flatMap(deedsOf)),
    /** @returns {Set<string>} what can be done to all chosen ones, else to the marked one */
    deedsNow: () => {
      const picked = all().filter((piece) => piece.querySelector("input[name=digest]:checked"));
      const one = marked();
      const [first, ...rest] = (picked.length || !one ? picked : [one]).map(deedsOf);
      return new Set((first ?? []).filter((deed) => rest.every((deeds) => deeds.includes(deed))));
    },
    /**
     * Note what is chosen and marked before another grid takes this one's place.
     * @returns {() => void} choose and mark the same ones in the grid that came
     */
    keep: () => {
      const boxes = [...grid().querySelectorAll("input[name=digest]:checked")];
      const keys = boxes.map((box) => /** @type {HTMLInputElement} */ (box).value);
      const at = marked()?.id;
      const focused = grid().contains(document.activeElement);
      return () => {
        for (const box of grid().querySelectorAll("input[name=digest]")) {
          if (box instanceof HTMLInputElement) box.checked = keys.includes(box.value);
        }
        const piece = all().find((other) => other.id === at);
        if (!piece) return;
        if (focused) mark(piece);
        else point(piece);
      };
    },
    /** @param {HTMLElement} piece */
    keyOf: (piece) => piece.id.replace("piece-", ""),
    toggle: () => {
      const box = marked()?.querySelector("input[name=digest]");
      if (box instanceof HTMLInputElement) box.checked = !box.checked;
    },
    /**
     * Mark the next one or the one before; from a piece that is going, its neighbour.
     * @param {number} by
     * @param {HTMLElement} [from]
     */
    step: (by, from) => {
      const every = [...grid().querySelectorAll("[data-piece]")].map((piece) => /** @type {HTMLElement} */ (piece));
      const at = from ?? marked();
      if (!at) return;
      const start = every.indexOf(at);
      const ahead = by > 0 ? every.slice(start + 1) : every.slice(0, start).reverse();
      const rest = by > 0 ? every.slice(0, start).reverse() : [];
      const next = [...ahead, ...(from ? rest : [])].find((piece) => !("going" in piece.dataset));
      if (next) mark(next);
    },
    /**
     * Take pieces off the grid.
     * @param {string[]} keys
     * @returns {number} how many are left
     */
    remove: (keys) => {
      for (const key of keys) document.getElementById(`piece-${key}`)?.remove();
      for (const piece of grid().querySelectorAll("[data-going]")) {
        if (!keys.length) delete /** @type {HTMLElement} */ (piece).dataset.going;
      }
      return grid().querySelectorAll("[data-piece]").length;
    },
  };
}
