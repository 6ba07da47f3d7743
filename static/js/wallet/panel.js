// @ts-check
/** The sign-in panel: where its visitor is in signing in, and what a click leads to. */

import { listen, readAccounts } from "./ask.js";
import { siteChain } from "./chain.js";
import { demoWallet } from "./demo.js";
import { findWallets } from "./discovery.js";
import { leaveWords, rememberWallet } from "./memory.js";
import { PanelView, shortened } from "./panel-view.js";
import { compose, connect, isOnChain, isStale, signAndEnter, switchChain } from "./sign-in.js";
import { Trouble, inWords } from "./words.js";

/** @typedef {import("./discovery.js").Wallet} Wallet */

const NONE_FOUND_AFTER_MS = 500;

/** One panel, on a page of its own or in a dialog. */
class SignInPanel {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.view = new PanelView(root);
    this.next = root.dataset.next ?? "";
    this.chain = siteChain();
    this.demo = demoWallet();
    this.running = new AbortController();
    /** @type {Wallet | null} */
    this.wallet = null;
    /** @type {import("./sign-in.js").Composed | null} */
    this.composed = null;
    this.address = "";
    this.straight = false; // No second look: the demo's words were on the first screen.
    this.looking = false;
    for (const name of ["cancel", "back", "stay", "other"]) this.view.onClick(name, () => this.choose());
    this.view.onClick("again", () => this.begin());
    this.view.onClick("switch", () => this.switch());
    this.view.onClick("sign", () => this.sign());
    for (const button of root.querySelectorAll("[data-demo]")) {
      const { demo = "", name = "" } = /** @type {HTMLElement} */ (button).dataset;
      button.addEventListener("click", () => this.beginAs(demo, name));
    }
  }

  /** Forget what was begun; answers that still come are ignored. */
  stop() {
    this.running.abort(new DOMException("given up", "AbortError"));
    this.running = new AbortController();
    return this.running.signal;
  }

  /** @param {boolean} [focus] */
  choose(focus = true) {
    this.stop();
    this.view.show("choose", focus);
    if (this.looking) return;
    this.looking = true;
    findWallets((wallet) => {
      if (wallet.provider !== this.demo?.provider) this.view.offer(wallet, () => this.begin(wallet));
    }, this.demo?.provider);
    setTimeout(() => this.view.sayIfNone(), NONE_FOUND_AFTER_MS);
  }

  /**
   * Do something that can be given up and can fail in words.
   * @param {(signal: AbortSignal, wallet: Wallet) => Promise<void>} act
   */
  async run(act) {
    const signal = this.stop();
    if (!this.wallet) return this.choose();
    try {
      await act(signal, this.wallet);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Trouble)) console.error(error);
      const { id, name } = this.chain;
      this.view.trouble(inWords(error, { wallet: this.wallet.name, chain: name, chainId: String(id) }));
    }
  }

  /**
   * Sign in as a demo member, at once.
   * @param {string} address
   * @param {string} name
   */
  beginAs(address, name) {
    if (!this.demo) return;
    this.demo.provider.choose(address);
    this.begin({ ...this.demo, name }, true);
  }

  /**
   * Begin with a wallet, or again with the same one.
   * @param {Wallet | null} [wallet]
   * @param {boolean} [straight]
   */
  begin(wallet = this.wallet, straight = wallet === this.wallet && this.straight) {
    [this.wallet, this.straight] = [wallet, straight];
    return this.run(async (signal, chosen) => {
      if (straight) this.view.wait(`Signing in as ${chosen.name}`);
      else this.view.wait(`Look into ${chosen.name}`, "It asks whether this site may see an account of yours.");
      this.address = await connect(chosen, signal);
      if (await isOnChain(chosen, this.chain, signal)) return this.review(chosen, signal);
      this.view.part("chain-wallet").textContent = chosen.name;
      this.view.show("chain");
    });
  }

  switch() {
    return this.run(async (signal, wallet) => {
      this.view.wait(`Look into ${wallet.name}`, `It asks whether to switch to ${this.chain.name}.`);
      await switchChain(wallet, this.chain, signal);
      await this.review(wallet, signal);
    });
  }

  /**
   * @param {Wallet} wallet
   * @param {AbortSignal} signal
   */
  async review(wallet, signal) {
    if (!this.straight) this.view.wait("One moment");
    const composed = await compose(this.address, signal);
    if (this.straight) return this.enter(wallet, composed, signal);
    this.composed = composed;
    this.view.review(composed, wallet.name);
    this.watchAccount(wallet, signal);
  }

  /**
   * Begin again when the wallet turns to another account before it signs.
   * @param {Wallet} wallet
   * @param {AbortSignal} signal
   */
  watchAccount({ provider }, signal) {
    listen(provider, "accountsChanged", (fact) => {
      if (!signal.aborted && readAccounts(fact)[0] !== this.address) this.begin();
    }, signal);
  }

  sign() {
    return this.run(async (signal, wallet) => {
      const seen = this.composed;
      const composed = seen && !isStale(seen) ? seen : await compose(this.address, signal);
      this.view.wait(`Look into ${wallet.name}`, "It shows you the message and asks you to sign it.");
      await this.enter(wallet, composed, signal);
    });
  }

  /**
   * @param {Wallet} wallet
   * @param {import("./sign-in.js").Composed} composed
   * @param {AbortSignal} signal
   */
  async enter(wallet, composed, signal) {
    await signAndEnter(wallet, composed, signal);
    rememberWallet(wallet);
    if (this.straight) this.demo?.provider.remember();
    leaveWords(`You are signed in as ${shortened(composed.address)}.`, "announce");
    if (this.next) location.assign(this.next);
    else location.reload();
  }
}

/**
 * Bring a panel to life.
 * @param {HTMLElement} root
 */
export function signInPanel(root) {
  root.querySelector("[data-part='no-script']")?.remove();
  return new SignInPanel(root);
}
