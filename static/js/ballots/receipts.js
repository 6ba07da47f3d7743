// @ts-check
/** Receipts that this browser keeps, for whoever wants to check a result without asking the site. */

import { pageMember } from "../wallet/chain.js";
import { openStore } from "./store.js";

/** @param {import("./store.js").Kept} kept in the shape in which the site hands them out */
function shaped({ digest, ballot, receipt, signer, signature }) {
  return { ballot: { digest, ...ballot, signer, signature }, receipt };
}

/**
 * Hand a file to the member.
 * @param {string} name
 * @param {unknown} content
 */
function save(name, content) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(content, null, 1)], { type: "application/json" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

const line = document.querySelector("[data-receipts]");
const member = pageMember();
if (line instanceof HTMLElement && member) {
  const kept = await (await openStore()).receipts(member);
  line.hidden = kept.length === 0;
  const count = /** @type {HTMLElement} */ (line.querySelector("[data-receipts-count]"));
  count.textContent = `This browser keeps ${kept.length} receipt${kept.length === 1 ? "" : "s"}.`;
  line.querySelector("[data-receipts-save]")?.addEventListener("click", () => {
    save(`salon-receipts-${member.slice(2, 10)}.json`, kept.map(shaped));
  });
}
