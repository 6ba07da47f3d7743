// @ts-check
import { ringBell } from "./bell.js";
import { followRooms } from "./live.js";
import { startClocks } from "./clocks.js";
import { stakesPage } from "./stakes.js";
import { offerTour } from "./tour.js";
import { accountPage } from "./wallet/account.js";
import { pageMember } from "./wallet/chain.js";
import { openDoors } from "./wallet/door.js";
import { followWallet } from "./wallet/events.js";
import { sayWhatWasLeft } from "./wallet/memory.js";

/** The switch between white walls and the dark room. */
function lightSwitch() {
  const button = /** @type {HTMLButtonElement | null} */ (document.querySelector("button[data-lights]"));
  const label = button?.querySelector("[data-lights-label]");
  if (!button || !label) return;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => {
    const chosen = document.documentElement.dataset.lights;
    return chosen ? chosen === "off" : dark.matches;
  };
  const show = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    label.textContent = isDark() ? "Raise the lights" : "Dim the lights";
  };
  button.addEventListener("click", () => {
    const next = isDark() ? "on" : "off";
    document.documentElement.dataset.lights = next;
    try {
      localStorage.setItem("lights", next);
    } catch {
      // Not remembered, but switched.
    }
    show();
  });
  dark.addEventListener("change", show);
  button.hidden = false;
  show();
}

/** Arrow keys walk along the wall on a candidate's page. */
function arrowKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target instanceof Element && event.target.closest("input, textarea, select, pre")) return;
    const link = document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`);
    if (link instanceof HTMLAnchorElement) link.click();
  });
}

/** Votes made while the connection was away; few pages have any, so most load nothing. */
function waitingVotes() {
  const member = pageMember();
  if (member) import("./ballots/waiting.js").then(({ sendWaiting }) => sendWaiting(member)).catch(console.error);
}

lightSwitch();
arrowKeys();
startClocks();
followRooms();
ringBell();
sayWhatWasLeft();
openDoors();
followWallet();
accountPage();
stakesPage();
offerTour();
waitingVotes();
