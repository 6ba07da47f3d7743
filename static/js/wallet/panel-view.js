// @ts-check
/** What the sign-in panel shows: its steps and the words in them. */

/** @typedef {"choose" | "wait" | "chain" | "review" | "trouble"} Step */

/** @param {string} address in any spelling */
export const shortened = (address) => `${address.slice(0, 6)}…${address.slice(-4)}`;

/**
 * A button with a wallet's icon and name. Both come from the wallet: the icon is an image, in
 * which no script runs, and the name is text.
 * @param {import("./discovery.js").Wallet} wallet
 */
function walletButton({ icon, name }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "wallet";
  const image = document.createElement(icon ? "img" : "span");
  image.className = "wallet-icon";
  if (image instanceof HTMLImageElement) Object.assign(image, { src: icon, alt: "" });
  const label = document.createElement("span");
  label.textContent = name;
  button.append(image, label);
  return button;
}

/** The panel's elements. */
export class PanelView {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
  }

  /** @param {string} name */
  part(name) {
    return /** @type {HTMLElement} */ (this.root.querySelector(`[data-part="${name}"]`));
  }

  /**
   * @param {string} name
   * @param {() => void} act
   */
  onClick(name, act) {
    this.part(name).addEventListener("click", act);
  }

  /**
   * @param {Step} step
   * @param {boolean} [focus] false when the page has only just been opened
   */
  show(step, focus = true) {
    this.root.dataset.at = step;
    for (const section of this.root.querySelectorAll("[data-step]")) {
      const isShown = section.getAttribute("data-step") === step;
      section.toggleAttribute("hidden", !isShown);
      const first = section.querySelector("[data-focus]");
      if (isShown && focus && first instanceof HTMLElement) first.focus();
    }
  }

  /**
   * Put a wallet on the list.
   * @param {import("./discovery.js").Wallet} wallet
   * @param {() => void} onClick
   */
  offer(wallet, onClick) {
    const button = walletButton(wallet);
    button.addEventListener("click", onClick);
    const item = document.createElement("li");
    item.append(button);
    this.part("wallets").append(item);
    this.part("no-wallet").hidden = true;
  }

  /** Say that there is no wallet, unless there is. */
  sayIfNone() {
    this.part("no-wallet").hidden = this.part("wallets").childElementCount > 0;
  }

  /**
   * @param {string} title
   * @param {string} [text] what the wallet asks; empty when it is not the wallet that is waited for
   */
  wait(title, text = "") {
    this.part("wait-title").textContent = title;
    this.part("wait-text").textContent = text;
    this.part("wait-hint").hidden = !text;
    this.show("wait");
  }

  /** @param {{title: string, advice: string}} words */
  trouble({ title, advice }) {
    this.part("trouble-title").textContent = title;
    this.part("trouble-text").textContent = advice;
    this.show("trouble");
  }

  /**
   * @param {import("./sign-in.js").Composed} composed
   * @param {string} walletName
   */
  review(composed, walletName) {
    this.part("review-title").textContent = `Sign in as ${shortened(composed.address)}`;
    const sentences = composed.explanation.map((sentence) => {
      const item = document.createElement("li");
      item.textContent = sentence;
      return item;
    });
    this.part("explanation").replaceChildren(...sentences);
    this.part("no-key").hidden = composed.key !== null;
    this.part("message").textContent = composed.message;
    this.part("sign").textContent = `Sign in with ${walletName}`;
    this.show("review");
  }
}
