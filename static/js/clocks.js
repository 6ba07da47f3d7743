// @ts-check

/**
 * Remaining time in two units at most.
 * @param {number} seconds
 */
export function remaining(seconds) {
  if (seconds <= 0) return "a moment";
  const d = Math.floor(seconds / 86400);
  const h = Math.floor((seconds % 86400) / 3600);
  const m = Math.floor((seconds % 3600) / 60);
  const s = Math.floor(seconds % 60);
  if (d) return `${d} d ${h} h`;
  if (h) return `${h} h ${m} min`;
  if (m) return `${m} min ${String(s).padStart(2, "0")} s`;
  return `${s} s`;
}

/** Keep every `[data-until]` counting down, those that arrive later too. */
export function startClocks() {
  const tick = () => {
    for (const clock of document.querySelectorAll("[data-until]")) {
      const until = Date.parse(clock.getAttribute("data-until") ?? "");
      if (!Number.isNaN(until)) clock.textContent = remaining((until - Date.now()) / 1000);
    }
  };
  tick();
  setInterval(tick, 1000);
}
