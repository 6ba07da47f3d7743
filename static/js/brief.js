// @ts-check
/**
 * The form for a brief, made kinder: a draft survives a reload (signing in is one), a deadline
 * is told in local time, a second press posts nothing twice. Without this the form works as well.
 */
import { say } from "./wallet/memory.js";

const DRAFT = "salon:brief-draft";
const LENGTHS = [
  { minutes: 1440, one: "day" },
  { minutes: 60, one: "hour" },
  { minutes: 1, one: "minute" },
];

const form = () => /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-brief-form]"));

/** @param {HTMLFormElement} current */
function keepDraft(current) {
  const entries = [...new FormData(current)].filter(([name]) => name !== "csrfmiddlewaretoken");
  try {
    sessionStorage.setItem(DRAFT, JSON.stringify(entries));
  } catch {
    // Storage may be full or forbidden; then there is no draft.
  }
}

/** @param {HTMLFormElement} current */
function restoreDraft(current) {
  let entries;
  try {
    entries = JSON.parse(sessionStorage.getItem(DRAFT) ?? "null");
  } catch {
    return;
  }
  if (!Array.isArray(entries)) return;
  for (const [name, value] of entries) {
    for (const field of current.querySelectorAll(`[name="${CSS.escape(String(name))}"]`)) {
      if (field instanceof HTMLInputElement && field.type === "checkbox") field.checked ||= field.value === value;
      else if ("value" in field) field.value = String(value);
    }
  }
}

function forgetDraft() {
  try {
    sessionStorage.removeItem(DRAFT);
  } catch {
    // Nothing was kept.
  }
}

/** @param {number} minutes */
function lasting(minutes) {
  const unit = LENGTHS.find((length) => minutes >= length.minutes) ?? LENGTHS[2];
  const count = Math.round((minutes / unit.minutes) * 10) / 10;
  return `${count} ${unit.one}${count === 1 ? "" : "s"}`;
}

/** What the amounts come to. @param {HTMLFormElement} current */
function showSum(current) {
  const data = new FormData(current);
  const [rounds, pictures, minutes] = ["rounds_planned", "candidates_per_round", "round_minutes"].map((name) =>
    Number(data.get(name)),
  );
  const place = /** @type {HTMLElement | null} */ (current.querySelector("[data-sum]"));
  if (!place) return;
  place.hidden = !(rounds > 0 && pictures > 0 && minutes > 0);
  place.textContent = `${(rounds * pictures).toLocaleString("en")} pictures in all, the last after about ${lasting(rounds * minutes)}.`;
}

/** @param {HTMLFormElement} current */
function showDeadline(current) {
  const place = /** @type {HTMLElement | null} */ (current.querySelector("[data-deadline-here]"));
  const at = new Date(`${new FormData(current).get("deadline")}Z`);
  if (!place) return;
  place.hidden = Number.isNaN(at.getTime());
  if (!place.hidden) {
    const here = at.toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
    place.textContent = `Where you are that is ${here}.`;
  }
}

function refresh() {
  const current = form();
  if (!current) return;
  showSum(current);
  showDeadline(current);
}

/** @param {boolean} isSent */
function lockPosting(isSent) {
  for (const button of document.querySelectorAll("button[data-post]")) {
    if (button instanceof HTMLButtonElement) button.disabled = isSent;
  }
}

if (document.querySelector("[data-brief-posted]")) forgetDraft();
const first = form();
if (first && !first.hasAttribute("data-answered")) restoreDraft(first);
refresh();

document.addEventListener("input", (event) => {
  const current = form();
  if (!current || !(event.target instanceof Node) || !current.contains(event.target)) return;
  keepDraft(current);
  refresh();
});
document.addEventListener("submit", (event) => {
  const isPost = event.submitter instanceof HTMLElement && event.submitter.hasAttribute("data-post");
  // After the form data was taken: a disabled button would not be part of it.
  if (isPost) setTimeout(() => lockPosting(true));
});
window.addEventListener("pageshow", () => lockPosting(false));
document.addEventListener("htmx:afterSwap", refresh);
for (const name of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(name, (event) => {
    if (event.target instanceof Element && event.target.closest(".posting-preview")) {
      say("The preview cannot be reached right now. What you typed is kept; try again in a moment.");
    }
  });
}
