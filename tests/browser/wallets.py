"""Wallet extensions for the browser of the tests: real signatures, any behaviour."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from playwright.sync_api import Page, expect

from tests.wallets import Wallet

from .chromium import Visitor

ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E"
    "%3Crect width='8' height='8' fill='%234a6cf7'/%3E%3C/svg%3E"
)
# Every provider is kept in `window.fakes` by its name, with the questions it was asked.
SCRIPT = """
window.fakes = {};
window.fakeWallet = ({name, uuid, rdns, icon, accounts, chainId, behave, legacy}) => {
  const heard = {};
  const provider = {
    asked: [], accounts, chainId,
    async request({method, params}) {
      provider.asked.push(method);
      if (behave[method]) return behave[method](provider, params);
      if (method === "eth_requestAccounts" || method === "eth_accounts") return provider.accounts;
      if (method === "eth_chainId") return provider.chainId;
      if (method === "personal_sign") return window.signText(name, params[0], params[1]);
      throw {code: 4200, message: "unknown"};
    },
    on(event, act) { (heard[event] ??= new Set()).add(act); },
    removeListener(event, act) { heard[event]?.delete(act); },
    tell(event, fact) { for (const act of heard[event] ?? []) act(fact); },
  };
  window.fakes[name] = provider;
  if (legacy) { window.ethereum = provider; return; }
  const detail = Object.freeze({info: Object.freeze({uuid, rdns, name, icon}), provider});
  const announce = () =>
    window.dispatchEvent(new CustomEvent("eip6963:announceProvider", {detail}));
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
};
"""


@dataclass
class Fake:
    """A wallet extension; `behave` maps methods to JavaScript `(provider, params) => …`."""

    name: str = "Fox"
    wallet: Wallet = field(default_factory=Wallet)
    behave: dict[str, str] = field(default_factory=dict)
    chain_id: str = "0x7a69"
    accounts: list[str] | None = None
    legacy: bool = False

    def script(self) -> str:
        """What the extension injects."""
        facts = {
            "name": self.name,
            "uuid": f"uuid-of-{self.name}",
            "rdns": f"test.{self.name.lower()}",
            "icon": ICON,
            "accounts": [self.wallet.address.lower()] if self.accounts is None else self.accounts,
            "chainId": self.chain_id,
            "legacy": self.legacy,
        }
        acts = ", ".join(f"{method}: {act}" for method, act in self.behave.items())
        return f"window.fakeWallet({{...{json.dumps(facts)}, behave: {{{acts}}}}});"


def browse(visit: Visitor, *fakes: Fake, path: str = "/", extra: str = "", **options) -> Page:
    """A visitor whose browser has these wallets installed."""
    page = visit("about:blank", **options)
    signers = {fake.name: fake.wallet for fake in fakes}

    def sign(name: str, text: str, _address: str) -> str:
        return signers[name].sign(bytes.fromhex(text.removeprefix("0x")).decode())

    page.context.expose_function("signText", sign)
    scripts = [SCRIPT, *(fake.script() for fake in fakes), extra]
    page.context.add_init_script("\n".join(scripts))
    page.goto(path)
    return page


def open_dialog(page: Page) -> None:
    page.click("a[data-sign-in]")
    expect(page.locator("dialog")).to_be_visible()


def choose(page: Page, name: str) -> None:
    page.click(f".wallet:has-text('{name}')")


def expect_signed_in(page: Page, wallet: Wallet) -> None:
    """Wait until the page is that member's."""
    expect(page.locator("body")).to_have_attribute("data-member", wallet.address)
    expect(page.locator(".member-chip")).to_be_visible()


def sign_in(page: Page, fake: Fake) -> None:
    """The whole way with a wallet that does as it is told."""
    open_dialog(page)
    choose(page, fake.name)
    page.click("[data-part=sign]")
    expect_signed_in(page, fake.wallet)


def asked(page: Page, name: str) -> list[str]:
    """What a wallet was asked since the page was loaded."""
    return page.evaluate("name => window.fakes[name].asked", name)


def expect_trouble(page: Page, title: str) -> None:
    expect(page.locator("[data-part=trouble-title]")).to_have_text(title)
    expect(page.locator("[data-part=again]")).to_be_focused()
    assert page.locator("[data-part=trouble-text]").inner_text()
