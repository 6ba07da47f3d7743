"""Staff with an authenticator: registering, raising, copies, other people's; and the lists."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import CDPSession, Page, expect

from curation import rates
from curation.models import Member, ModerationAction, Passkey
from curation.moderation.roles import grant_role
from tests.curation.moderation.held import hold
from tests.factories import AgentFactory, JobFactory, VersionFactory

from .chromium import Visitor
from .gallery import Gallery, picture
from .house import House
from .looking import wait_for
from .sound import assert_sound, violations
from .wallets import Fake, browse, sign_in

LOOK = os.environ.get("SALON_LOOK", "")  # a folder for pictures of the pages, to be looked at
LISTS = ("keys", "briefs", "rounds", "work", "model", "agents", "chain", "settings")
DRAWN = "[...document.querySelectorAll('.piece img')].every((i) => i.naturalWidth)"


@pytest.fixture(scope="module")
def strict(house: House, tmp_path_factory) -> Iterator[House]:
    """The same site where browsers know passkeys, asking staff for one."""
    folder = house.env["SALON_DATA"]
    made = House(house.log.parent, "localhost", STAFF_PASSKEYS="required", SALON_DATA=folder)
    made.log = tmp_path_factory.mktemp("strict") / "web.log"
    made.open()
    yield made
    made.kill()


@pytest.fixture
def strictly(browser, strict: House, house: House) -> Iterator[Visitor]:
    """Opens pages of it."""
    strict.open()
    rates._limiter().storage.reset()
    visitor = Visitor(browser, strict.url)
    yield visitor
    visitor.leave()
    assert visitor.problems == []


@pytest.fixture
def operator(house) -> Fake:
    fox = Fake()
    grant_role(address=fox.wallet.address, role=Member.Role.OPERATOR)
    return fox


class Keyring:
    """A virtual authenticator in a page's browser."""

    def __init__(self, page: Page) -> None:
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.name = {"authenticatorId": made["authenticatorId"]}

    def credentials(self) -> list[dict]:
        return self.cdp.send("WebAuthn.getCredentials", self.name)["credentials"]

    def add(self, credential: dict, **changes: object) -> None:
        found = {key: value for key, value in credential.items() if key in KEPT} | changes
        self.cdp.send("WebAuthn.addCredential", {**self.name, "credential": found})

    def verifies(self, finger: bool) -> None:
        self.cdp.send("WebAuthn.setUserVerified", {**self.name, "isUserVerified": finger})


KEPT = {"credentialId", "isResidentCredential", "rpId", "privateKey", "userHandle", "signCount"}


def enter(strictly: Visitor, fox: Fake, **options: object) -> tuple[Page, Keyring]:
    """Signed in by wallet, sent to the keys."""
    page = browse(strictly, fox, **options)
    sign_in(page, fox)
    keyring = Keyring(page)
    page.goto("/moderation/")
    expect(page).to_have_url(re.compile(r"/moderation/keys/"))
    return page, keyring


def register(page: Page, name: str) -> None:
    page.fill("#key-name", name)
    page.get_by_role("button", name="Register a passkey").click()


def raised(page: Page) -> None:
    page.get_by_role("button", name="Use a passkey").click()


def test_threat_27_a_passkey_is_registered_and_asked_for_in_every_browser(strictly, operator):
    page, keyring = enter(strictly, operator)
    expect(page.get_by_text("This desk opens with a passkey only")).to_be_visible()
    register(page, "Key ring")
    expect(page).to_have_url(re.compile(r"/moderation/$"))
    expect(page.get_by_role("heading", name="Queue")).to_be_attached()
    (credential,) = keyring.credentials()
    other, ring = enter(strictly, operator)
    raised(other)  # an authenticator that holds nothing
    expect(other.get_by_role("alert").filter(has_text="cancelled")).to_be_visible()
    ring.add(credential)
    raised(other)
    expect(other).to_have_url(re.compile(r"/moderation/$"))
    key = Passkey.objects.get(member__address=operator.wallet.address)
    assert key.sign_count > credential["signCount"]


def test_threat_27_copies_and_other_peoples_passkeys_are_refused(strictly, operator):
    page, keyring = enter(strictly, operator)
    register(page, "Key ring")
    expect(page).to_have_url(re.compile(r"/moderation/$"))
    (credential,) = keyring.credentials()
    first, ring = enter(strictly, operator)
    ring.add(credential, signCount=40)
    raised(first)
    expect(first).to_have_url(re.compile(r"/moderation/$"))
    second, copied = enter(strictly, operator)
    copied.add(credential)  # counts from where it was copied
    raised(second)
    expect(second.locator("[data-passkeys-said]")).to_contain_text("as a copy of it would")
    assert ModerationAction.objects.filter(action="passkey_copied").count() == 1
    hare = Fake()
    grant_role(address=hare.wallet.address, role=Member.Role.MODERATOR)
    theirs, _ = enter(strictly, hare)
    register(theirs, "Paw")
    expect(theirs).to_have_url(re.compile(r"/moderation/$"))
    stranger, ring = enter(strictly, hare)
    ring.add(credential, signCount=90)
    raised(stranger)
    expect(stranger.locator("[data-passkeys-said]")).not_to_be_empty()
    assert stranger.goto("/moderation/").url.endswith("?next=%2Fmoderation%2F")


def test_threat_27_without_a_finger_nothing_opens_and_keys_are_removed(strictly, operator):
    page, keyring = enter(strictly, operator)
    register(page, "Key ring")
    expect(page).to_have_url(re.compile(r"/moderation/$"))
    page.goto("/moderation/keys/")
    register(page, "Again")  # the same authenticator
    expect(page.get_by_text("holds a passkey for you already")).to_be_visible()
    (credential,) = keyring.credentials()
    phone, ring = enter(strictly, operator)
    ring.add(credential, signCount=40)
    ring.verifies(False)
    raised(phone)
    expect(phone.locator("[data-passkeys-said]")).not_to_be_empty()
    ring.verifies(True)
    raised(phone)
    expect(phone).to_have_url(re.compile(r"/moderation/$"))
    ring.cdp.send("WebAuthn.clearCredentials", ring.name)
    phone.goto("/moderation/keys/")
    register(phone, "Phone")
    expect(phone.get_by_role("button", name="Remove Phone")).to_be_visible()
    phone.get_by_role("button", name="Remove Key ring").click()
    expect(phone.locator(".entry-name")).to_have_text("Phone")
    assert page.goto("/moderation/").url.endswith("?next=%2Fmoderation%2F")


def fill(gallery: Gallery) -> None:
    """Something for every list to show."""
    round_ = gallery.round()
    gallery.fill(round_, 2)
    JobFactory(round=round_, status="dead", attempts=3, error="CUDA ran out of memory.")
    VersionFactory(status="retired")
    AgentFactory()


def test_lists_fit_and_have_no_axe_violations(gallery, strictly, operator):
    fill(gallery)
    page, _ = enter(strictly, operator, reduced_motion="reduce")
    assert violations(page) == []
    register(page, "Key ring")
    expect(page).to_have_url(re.compile(r"/moderation/$"))
    for name in LISTS:
        page.goto(f"/moderation/{name}/")
        page.evaluate("document.querySelectorAll('main details').forEach((d) => (d.open = true))")
        assert_sound(page, f"desk-{name}", shots=LOOK)
        assert page.evaluate("window.salonTest.violations") == [], name


def test_toolbar_offers_what_the_marked_one_allows_and_a_key_hangs_a_held_one(
    gallery, strictly, operator
):
    round_ = gallery.round()
    hung = gallery.fill(round_, 1)
    held = [hold(round_, 70_000 + n, picture(70_000 + n)) for n in range(2)]
    JobFactory(round=round_, status="dead", attempts=3, error="CUDA ran out of memory.")
    page, _ = enter(strictly, operator)
    register(page, "Key ring")
    expect(page).to_have_url(re.compile(r"/moderation/$"))
    page.goto("/moderation/?source=held")
    mine = page.locator(f"#piece-{held[0].digest}")
    mine.focus()
    bench = page.get_by_role("toolbar")
    expect(bench.get_by_role("button", name="Approve")).to_be_enabled()
    for name in ("Hide", "Restore", "Escalate", "Try again", "Drop"):
        expect(bench.get_by_role("button", name=name)).to_be_hidden()
    page.keyboard.press("h")  # not for a held one
    wait_for(page, "document.querySelectorAll('[data-going], .htmx-request').length === 0")
    expect(mine).to_be_visible()
    page.keyboard.press("a")
    expect(mine).to_have_count(0)
    held[0].refresh_from_db()
    held[1].refresh_from_db()
    assert (held[0].status, held[1].status) == ("published", "held")
    wall = page.context.new_page()
    wall.goto(f"{held[0].get_absolute_url()}")
    expect(wall.locator("main img").first).to_be_visible()
    page.goto("/moderation/?source=hanging")
    page.locator(f"#piece-{hung[0].digest}").focus()
    expect(bench.get_by_role("button", name="Hide")).to_be_enabled()
    expect(bench.get_by_role("button", name="Approve")).to_be_hidden()
    page.goto("/moderation/?source=dead")
    expect(bench.get_by_role("button", name="Try again")).to_be_enabled()
    before = page.locator("[data-piece]").count()
    page.keyboard.press("p")
    expect(page.locator("[data-piece]")).to_have_count(before - 1)
    assert ModerationAction.objects.filter(action="dropped").exists()
