// @ts-check
/**
 * The live wall. htmx swaps what the socket sends; this module adds what it leaves open:
 * where to start after a reconnect, where to hang what has no place yet, polling without a
 * socket, and calm: pictures that arrive above what one is looking at wait to be asked for.
 */

const POLL_MS = 5000;
const EASEL_STALE_MS = 30000;
const ANNOUNCE_MS = 10000;
const NEXT_ROUND_MS = 8000;
const STRIP_KEEPS = 14;
const htmx = /** @type {any} */ (window)["htmx"];
const calm = matchMedia("(prefers-reduced-motion: reduce)");
/** @type {Map<string, number>} running polls, by round */
const polls = new Map();
/** @type {Set<string>} easels whose picture hangs: a late preview must not put it back */
const finished = new Set();
let announcedAt = 0;

/** @param {string} round */
function position(round) {
  return document.getElementById(`position-${round}`)?.dataset.position ?? "";
}

/** @param {string} url a socket's address, which names its round */
function openSocket(url) {
  const round = /\/ws\/rounds\/(\d+)\//.exec(url)?.[1] ?? "";
  const address = new URL(url, location.href);
  address.searchParams.set("since", position(round));
  return new WebSocket(address, []);
}

/**
 * @param {string} round
 * @param {"live" | "away"} state
 */
function showState(round, state) {
  const words = { live: "Being drawn now", away: "Reconnecting; looking every few seconds" };
  for (const dot of document.querySelectorAll(`[data-live-dot="${round}"]`)) {
    dot.setAttribute("data-state", state);
  }
  for (const word of document.querySelectorAll(`[data-live-word="${round}"]`)) {
    word.textContent = words[state];
  }
}

/** @param {HTMLElement} room */
function poll(room) {
  const round = room.dataset.round ?? "";
  if (polls.has(round)) return;
  showState(round, "away");
  const ask = () => {
    const url = `${room.dataset.events}?since=${position(round)}`;
    if (document.visibilityState !== "visible") return;
    htmx.ajax("GET", url, { source: room, swap: "none" })?.catch(() => {}); // asked again anyway
  };
  polls.set(round, window.setInterval(ask, POLL_MS));
}

/** @param {string} round */
function stopPolling(round) {
  clearInterval(polls.get(round));
  polls.delete(round);
  showState(round, "live");
}

/** @param {Element} card */
function announce(card) {
  const now = Date.now();
  const announcer = document.getElementById("announcer");
  if (!announcer || now - announcedAt < ANNOUNCE_MS) return;
  announcedAt = now;
  announcer.textContent = `New picture: ${card.querySelector("img")?.alt ?? ""}`;
}

/**
 * Insert at the head of a wall while the others glide to their new places.
 * @param {HTMLElement} wall
 * @param {Element[]} cards newest last
 */
function hang(wall, cards) {
  const moving = calm.matches ? [] : [...wall.children].slice(0, 24);
  const before = new Map(moving.map((card) => [card, card.getBoundingClientRect()]));
  for (const card of cards) wall.prepend(card);
  if (wall.classList.contains("wall-strip")) {
    for (const old of [...wall.children].slice(STRIP_KEEPS)) old.remove();
  }
  for (const card of moving) {
    const [from, to] = [before.get(card), card.getBoundingClientRect()];
    const [dx, dy] = [from.left - to.left, from.top - to.top];
    if (!dx && !dy) continue;
    card.animate([{ transform: `translate(${dx}px, ${dy}px)` }, { transform: "none" }], {
      duration: 450,
      easing: "cubic-bezier(.2, .8, .2, 1)",
    });
  }
  wall.parentElement?.querySelector("[data-empty]")?.remove();
}

/** @param {HTMLElement} wall */
function isScrolledPast(wall) {
  return !wall.classList.contains("wall-strip") && wall.getBoundingClientRect().top < -120;
}

/**
 * The hidden shelf beside a wall, where pictures wait.
 * @param {HTMLElement} wall
 */
function shelf(wall) {
  const found = wall.parentElement?.querySelector("[data-shelf]");
  if (found) return found;
  const made = document.createElement("div");
  made.hidden = true;
  made.dataset.shelf = wall.id;
  wall.after(made);
  return made;
}

/**
 * Make sure that a card about to be swapped in has a place; say whether it should be.
 * @param {HTMLElement} card
 */
function makePlace(card) {
  const wall = document.getElementById(card.dataset.wall ?? "");
  const isEasel = card.matches(".easel");
  const target = isEasel ? card.id : (card.getAttribute("hx-swap-oob") ?? "").split("#")[1];
  const place = document.getElementById(target);
  const hangs = document.getElementById(card.id)?.matches(".card:not(.easel)");
  if (!wall || hangs || (isEasel && finished.has(target))) {
    place?.remove();
    return false;
  }
  if (!isEasel) {
    finished.add(target);
    card.classList.add("arrived");
    announce(card);
  }
  if (place) return true;
  const empty = document.createElement("figure");
  empty.id = target;
  empty.className = "card easel";
  if (isScrolledPast(wall)) shelf(wall).append(empty);
  else hang(wall, [empty]);
  return true;
}

/**
 * Prepare what arrived, by socket or by poll, for htmx's out-of-band swaps: drop what hangs
 * already or belongs to another page, and give every new picture a place.
 * @param {string} html
 */
function prepare(html) {
  const arrived = document.createElement("template");
  arrived.innerHTML = html;
  for (const element of [...arrived.content.children]) {
    if (!(element instanceof HTMLElement)) continue;
    if (element.dataset.refetch !== undefined) location.reload();
    document.dispatchEvent(new CustomEvent("salon:arrived", { detail: { element } }));
    if (element.dataset.closed !== undefined) expectNextRound(element.dataset.closed);
    if (turnsOver(element.dataset)) location.reload();
    const wanted = element.matches(".card") ? makePlace(element) : document.getElementById(element.id);
    if (!wanted) element.remove();
  }
  queueMicrotask(offerArrivals);
  return arrived.innerHTML;
}

/**
 * A page of strips shows what is open; when a round closes the next one opens soon after.
 * @param {string} round
 */
function expectNextRound(round) {
  const wall = document.getElementById(`wall-${round}`);
  if (!wall?.classList.contains("wall-strip")) return;
  setTimeout(() => location.reload(), NEXT_ROUND_MS * (1 + Math.random()));
}

/**
 * Whether this page shows a round's result and that has come a step nearer.
 * @param {DOMStringMap} heard
 */
function turnsOver(heard) {
  const round = heard.closed ?? heard.counted;
  return round !== undefined && document.querySelector(`[data-result="${CSS.escape(round)}"]`) !== null;
}

function offerArrivals() {
  const button = /** @type {HTMLButtonElement | null} */ (document.querySelector("[data-arrivals]"));
  if (!button) return;
  const count = document.querySelectorAll("[data-shelf] > .card:not(.easel)").length;
  button.hidden = count === 0;
  button.textContent = count === 1 ? "1 new picture" : `${count} new pictures`;
}

function hangWaiting() {
  for (const waiting of document.querySelectorAll("[data-shelf]")) {
    const wall = document.getElementById(waiting.getAttribute("data-shelf") ?? "");
    if (wall) hang(wall, [...waiting.children]);
  }
  offerArrivals();
}

/** A picture whose worker died is taken off its easel. */
function clearStaleEasels() {
  for (const easel of document.querySelectorAll(".easel")) {
    const seen = Number(easel.getAttribute("data-seen"));
    if (!seen) easel.setAttribute("data-seen", String(Date.now()));
    else if (Date.now() - seen > EASEL_STALE_MS) easel.remove();
  }
}

/** Follow every room on this page that is open. */
export function followRooms() {
  if (!htmx) return;
  htmx.createWebSocket = openSocket;

  htmx.defineExtension("salon-wall", {
    /** Only what a room itself hears; the older pictures it asks for are swapped as they are. */
    transformResponse: (
      /** @type {string} */ html,
      /** @type {unknown} */ _request,
      /** @type {Element} */ element,
    ) => (element.matches("[data-round]") ? prepare(html) : html),
  });
  document.body.addEventListener("htmx:wsOpen", (event) => {
    const room = /** @type {HTMLElement} */ (event.target).closest("[data-round]");
    stopPolling(/** @type {HTMLElement} */ (room)?.dataset.round ?? "");
  });
  for (const name of ["htmx:wsClose", "htmx:wsError"]) {
    document.body.addEventListener(name, (event) => {
      const room = /** @type {HTMLElement} */ (event.target).closest("[data-round][data-events]");
      if (room instanceof HTMLElement) poll(room);
    });
  }
  document.querySelector("[data-arrivals]")?.addEventListener("click", () => {
    hangWaiting();
    scrollTo({ top: 0, behavior: calm.matches ? "auto" : "smooth" });
  });
  addEventListener("scroll", () => {
    if (scrollY < 120 && document.querySelector("[data-shelf] > .card")) hangWaiting();
  }, { passive: true });
  setInterval(clearStaleEasels, 5000);
}
