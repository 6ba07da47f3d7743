// @ts-check
/** Small things on account and member pages. */

import { pageMember } from "./chain.js";
import { heldKey } from "./session-key.js";

/** Buttons that copy an address. */
function copyButtons() {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    if (!(button instanceof HTMLElement) || !navigator.clipboard) continue;
    button.hidden = false;
    const label = button.textContent;
    button.addEventListener("click", async () => {
      const announcer = document.getElementById("announcer");
      try {
        await navigator.clipboard.writeText(button.dataset.copy ?? "");
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not allowed: select it instead";
      }
      if (announcer) announcer.textContent = button.textContent;
      setTimeout(() => (button.textContent = label), 2500);
    });
  }
}

/** Say which of the delegations is this browser's own. */
async function markOwnKey() {
  const rows = document.querySelectorAll("[data-did-key]");
  if (!rows.length) return;
  const key = await heldKey(pageMember());
  for (const row of rows) {
    const mark = row.querySelector("[data-this-browser]");
    if (mark instanceof HTMLElement) mark.hidden = row.getAttribute("data-did-key") !== key?.didKey;
  }
}

/** Bring the account page to life, again after htmx has swapped a part of it. */
export function accountPage() {
  copyButtons();
  markOwnKey();
  document.body.addEventListener("htmx:afterSettle", () => markOwnKey());
}
