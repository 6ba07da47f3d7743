// @ts-check
/**
 * The demo wallet: an EIP-6963 provider like any other, whose keys lie with the site's own
 * chain. It exists only on pages that carry the demo's data.
 */

import { call } from "./api.js";

/** @typedef {import("./discovery.js").Wallet} Wallet */
/** @typedef {(fact: unknown) => void} Listener */

const RPC = "/demo-wallet/rpc";
const CHOICE = "salon-demo-member";
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" fill="#b23417"/><path d="M8 22V10h16v12zm2-2h12v-8H10z" fill="#fcfbf9"/></svg>',
)}`;

/** An EIP-1193 error. */
class ProviderError extends Error {
  /**
   * @param {number} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** @returns {Record<string, string>} the page's CSRF header */
function csrf() {
  return JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
}

/** An EIP-1193 provider of one chosen demo member. */
class DemoProvider {
  /** @param {number} chainId */
  constructor(chainId) {
    this.chainId = chainId;
    this.chosen = "";
    try {
      this.chosen = localStorage.getItem(CHOICE) ?? "";
    } catch {
      // Chosen anew on every page, then.
    }
    this.questions = 0;
    /** @type {Map<string, Set<Listener>>} */
    this.listeners = new Map();
    addEventListener("storage", (event) => {
      if (event.key === CHOICE && (event.newValue ?? "") !== this.chosen) this.choose(event.newValue ?? "");
    });
  }

  /**
   * Act for another demo member from now on.
   * @param {string} address empty for none
   */
  choose(address) {
    this.chosen = address.toLowerCase();
    for (const listener of this.listeners.get("accountsChanged") ?? []) listener(this.accounts());
  }

  /** Let other pages and later visits act for the same member. */
  remember() {
    try {
      localStorage.setItem(CHOICE, this.chosen);
    } catch {
      // Then not.
    }
  }

  accounts() {
    return this.chosen ? [this.chosen] : [];
  }

  /** @param {{method: string, params?: unknown[]}} question */
  async request({ method, params = [] }) {
    if (method === "eth_accounts") return this.accounts();
    if (method === "eth_requestAccounts") {
      if (!this.chosen) throw new ProviderError(4001, "no demo member was chosen");
      return this.accounts();
    }
    if (method === "wallet_switchEthereumChain") {
      const wanted = /** @type {{chainId?: unknown} | undefined} */ (params[0])?.chainId;
      if (Number(wanted) === this.chainId) return null;
      throw new ProviderError(4902, "the demo wallet knows one chain");
    }
    this.questions += 1;
    const question = { jsonrpc: "2.0", id: this.questions, method, params };
    const { result, error } = await call("POST", RPC, question, { headers: csrf() });
    if (error) throw new ProviderError(Number(error.code), String(error.message));
    return result;
  }

  /**
   * @param {string} event
   * @param {Listener} listener
   */
  on(event, listener) {
    const heard = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, heard.add(listener));
    return this;
  }

  /**
   * @param {string} event
   * @param {Listener} listener
   */
  removeListener(event, listener) {
    this.listeners.get(event)?.delete(listener);
    return this;
  }
}

/** @type {(Wallet & {provider: DemoProvider}) | null | undefined} */
let wallet;

/**
 * The demo wallet, announced to whoever asks for wallets; null on pages without a demo.
 * @returns {(Wallet & {provider: DemoProvider}) | null}
 */
export function demoWallet() {
  if (wallet !== undefined) return wallet;
  const { demoChain } = document.body.dataset;
  wallet = null;
  if (!demoChain) return wallet;
  const info = { uuid: crypto.randomUUID(), rdns: "salon.demo", name: "Demo wallet", icon: ICON };
  const made = { ...info, provider: new DemoProvider(Number(demoChain)) };
  wallet = made;
  const detail = Object.freeze({ info: Object.freeze(info), provider: made.provider });
  const announce = () => dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  addEventListener("eip6963:requestProvider", announce);
  announce();
  return wallet;
}
