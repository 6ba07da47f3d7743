// @ts-check
/** The way in and the way out: the sign-in dialog, the member's menu, signing out. */

import { pageMember } from "./chain.js";
import { demoWallet } from "./demo.js";
import { rememberWallet } from "./memory.js";
import { signInPanel } from "./panel.js";
import { forget } from "./session-key.js";

/** @param {MouseEvent} event */
function opensElsewhere(event) {
  return event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
}

/** Links to the sign-in page open a dialog instead, where the page has one. */
function openDialogs() {
  const dialog = document.querySelector("dialog[data-sign-in-dialog]");
  const root = dialog?.querySelector("[data-sign-in-panel]");
  if (!(dialog instanceof HTMLDialogElement) || !(root instanceof HTMLElement)) return;
  const panel = signInPanel(root);
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("a[data-sign-in]");
    if (!link || opensElsewhere(event)) return;
    event.preventDefault();
    dialog.showModal();
    panel.choose();
  });
  dialog.addEventListener("click", (event) => {
    const isClose = event.target instanceof Element && event.target.closest("[data-close]");
    if (isClose || event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => panel.stop());
}

/** The same panel on the page of its own. */
function openPage() {
  const root = document.querySelector("main [data-sign-in-panel]");
  if (root instanceof HTMLElement) signInPanel(root).choose(false);
}

/** A menu closes when one turns to something else. */
function closeMenus() {
  const close = (/** @type {Event} */ event) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (event instanceof KeyboardEvent) {
        if (event.key !== "Escape") continue;
        menu.querySelector("summary")?.focus();
      } else if (menu.contains(/** @type {Node} */ (event.target))) continue;
      menu.removeAttribute("open");
    }
  };
  document.addEventListener("click", close);
  document.addEventListener("keydown", close);
}

/** Whoever signs out leaves no key behind on this browser. */
function forgetOnSignOut() {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.dataset.signOut === undefined) return;
    event.preventDefault();
    rememberWallet(null);
    await forget(pageMember());
    form.submit();
  });
}

/** Open the doors of this page. */
export function openDoors() {
  demoWallet();
  openDialogs();
  openPage();
  closeMenus();
  forgetOnSignOut();
}
