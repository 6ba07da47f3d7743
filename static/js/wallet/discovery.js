// @ts-check
/** Which wallets there are (EIP-6963), and `window.ethereum` where none makes itself known. */

/** @typedef {import("./ask.js").Provider} Provider */
/**
 * @typedef {object} Wallet
 * @property {string} uuid
 * @property {string} rdns reverse domain name; empty for a wallet that did not announce itself
 * @property {string} name
 * @property {string} icon a data: URL of an image, or empty
 * @property {Provider} provider
 */

const LEGACY_AFTER_MS = 150;
const NAME_LONGEST = 40;
const ICON_LONGEST = 200_000;
const MOST_WALLETS = 24;
const ICON = /^data:image\/(?:png|jpeg|webp|gif|svg\+xml)[;,]/i;

/**
 * A name on one line, without characters that hide or turn text around.
 * @param {unknown} value
 */
function cleanName(value) {
  if (typeof value !== "string") return "";
  const shown = value.slice(0, 200).replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}]/gu, "");
  return [...shown.replace(/\s+/gu, " ").trim()].slice(0, NAME_LONGEST).join("");
}

/**
 * @param {unknown} provider
 * @returns {provider is Provider}
 */
function isProvider(provider) {
  return typeof provider === "object" && provider !== null && typeof (/** @type {any} */ (provider).request) === "function";
}

/**
 * A wallet as it announced itself, cleaned; null when it makes no sense.
 * @param {any} detail
 * @returns {Wallet | null}
 */
function readAnnouncement(detail) {
  try {
    const { uuid, rdns, name, icon } = detail.info;
    if (!isProvider(detail.provider) || typeof uuid !== "string" || !uuid || uuid.length > 64) return null;
    const isDomain = typeof rdns === "string" && /^[A-Za-z0-9.-]{1,80}$/.test(rdns);
    const isIcon = typeof icon === "string" && icon.length <= ICON_LONGEST && ICON.test(icon);
    return {
      uuid,
      rdns: isDomain ? rdns.toLowerCase() : "",
      name: cleanName(name) || "A wallet without a name",
      icon: isIcon ? icon : "",
      provider: detail.provider,
    };
  } catch {
    return null;
  }
}

/** @returns {Wallet | null} */
function legacyWallet() {
  try {
    const provider = /** @type {any} */ (window)["ethereum"];
    if (!isProvider(provider)) return null;
    return { uuid: "legacy", rdns: "", name: "Browser wallet", icon: "", provider };
  } catch {
    return null;
  }
}

/**
 * Every wallet of this browser, one call each, now and whenever one shows up later.
 * @param {(wallet: Wallet) => void} onWallet
 * @param {Provider} [own] the site's own provider: it does not count as "there is one"
 * @returns {() => void} stop looking
 */
export function findWallets(onWallet, own) {
  /** @type {Wallet[]} */
  const found = [];
  const add = (/** @type {Wallet} */ wallet) => {
    const again = found.some(
      (one) => one.uuid === wallet.uuid || one.provider === wallet.provider || (one.rdns && one.rdns === wallet.rdns),
    );
    if (again || found.length >= MOST_WALLETS) return;
    found.push(wallet);
    onWallet(wallet);
  };
  const hear = (/** @type {Event} */ event) => {
    const wallet = readAnnouncement(/** @type {CustomEvent} */ (event).detail);
    if (wallet) add(wallet);
  };
  addEventListener("eip6963:announceProvider", hear);
  dispatchEvent(new Event("eip6963:requestProvider"));
  const timer = setTimeout(() => {
    if (found.some((wallet) => wallet.provider !== own)) return;
    const legacy = legacyWallet();
    if (legacy) add(legacy);
  }, LEGACY_AFTER_MS);
  return () => {
    clearTimeout(timer);
    removeEventListener("eip6963:announceProvider", hear);
  };
}
