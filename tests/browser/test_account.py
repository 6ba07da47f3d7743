"""The account page and the page others see."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from curation.models import Brief, Delegation, Member, MemberSession
from tests.wallets import Wallet

from .sound import assert_sound, violations
from .wallets import Fake, browse, expect_signed_in, sign_in

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def fox() -> Fake:
    return Fake()


@pytest.fixture
def page(visit, fox) -> Page:
    """The account page of a member who has just signed in."""
    opened = browse(visit, fox)
    sign_in(opened, fox)
    opened.goto("/account/")
    return opened


def plain(visit, page: Page) -> Page:
    """The same member's account in a browser without scripts."""
    other = visit("about:blank", java_script_enabled=False)
    other.context.add_cookies(page.context.cookies())
    other.goto("/account/")
    return other


def save_name(page: Page, name: str) -> None:
    page.fill("#id_name", name)
    page.click("text=Save")


def test_a_name_is_shown_everywhere_at_once(page, fox):
    save_name(page, "Ada  of the harbour ")
    expect(page.locator("#name-part .said")).to_have_text("Saved.")
    expect(page.locator("h1")).to_have_text("Ada of the harbour")
    expect(page.locator("#member-chip-name")).to_have_text("Ada of the harbour")
    assert Member.objects.get(address=fox.wallet.address).name == "Ada of the harbour"
    page.click("text=Delete my name")
    short = f"{fox.wallet.address[:6]}…{fox.wallet.address[-4:]}"
    expect(page.locator("h1")).to_have_text(short)
    expect(page.locator("#id_name")).to_have_value("")
    assert Member.objects.get(address=fox.wallet.address).name == ""


@pytest.mark.parametrize("name", ["vitalik.eth", "0xf39Fd6e51aad", "A\u200bda"])
def test_a_name_that_misleads_is_refused_and_stays_in_the_field(page, fox, name):
    save_name(page, name)
    expect(page.locator(".field-error")).to_be_visible()
    expect(page.locator("#id_name")).to_have_value(name)
    expect(page.locator("#id_name")).to_have_attribute("aria-invalid", "true")
    assert Member.objects.get(address=fox.wallet.address).name == ""
    assert violations(page) == []


def test_without_scripts_a_name_can_be_given_refused_and_deleted(visit, page, fox):
    still = plain(visit, page)
    save_name(still, "who.eth")
    expect(still.locator(".field-error")).to_be_visible()
    expect(still.locator("#id_name")).to_have_value("who.eth")
    save_name(still, "Ada")
    expect(still.locator("#notice")).to_contain_text("Saved.")
    expect(still.locator("h1")).to_have_text("Ada")
    still.click("text=Delete my name")
    expect(still.locator("#notice")).to_contain_text("deleted")
    assert Member.objects.get(address=fox.wallet.address).name == ""


def test_a_hostile_name_is_text_on_every_page(page, fox):
    save_name(page, HOSTILE)
    expect(page.locator("h1")).to_have_text(HOSTILE)
    expect(page.locator("#member-chip-name")).to_have_text(HOSTILE)
    for path in ("/account/", "/", f"/members/{fox.wallet.address}/"):
        page.goto(path)
        expect(page.locator("#member-chip-name")).to_have_text(HOSTILE)
        assert page.locator("[onerror]").count() == 0
    expect(page.locator("h1")).to_have_text(HOSTILE)


def test_a_delegation_is_listed_as_this_browser_s_and_taken_back(page, fox):
    keys = page.locator("section[aria-labelledby=keys-title]")
    expect(keys.locator("[data-this-browser]")).to_be_visible()
    expect(keys.locator(".entry-name").first).to_contain_text("Chrome on Linux")
    keys.locator("text=Take back").click()
    expect(keys.locator(".empty")).to_be_visible()
    expect(page.locator("#access > .said")).to_contain_text("no longer vote")
    keys.locator("summary").click()
    expect(keys.locator(".past")).to_contain_text("Taken back")
    assert Delegation.objects.get(key__member__address=fox.wallet.address).revoked_at
    expect_signed_in(page, fox.wallet)


def test_sessions_elsewhere_are_ended_one_by_one_or_all_at_once(visit, page, fox):
    others = [browse(visit, Fake("Hare", fox.wallet)) for _ in range(3)]
    for other in others:
        sign_in(other, Fake("Hare", fox.wallet))
    page.reload()
    rows = page.locator("section[aria-labelledby=sessions-title] li")
    expect(rows).to_have_count(4)
    expect(rows.first).to_contain_text("this session")
    page.locator("text=Sign out there").first.click()
    expect(rows).to_have_count(3)
    page.click("text=Sign out everywhere else")
    expect(rows).to_have_count(1)
    expect(page.locator("#access > .said")).to_have_text("Signed out in 2 other places.")
    assert MemberSession.objects.filter(member__address=fox.wallet.address).count() == 1
    for other in others:
        other.goto("/")
        expect(other.locator("a[data-sign-in]")).to_be_visible()
    page.goto("/account/")
    expect_signed_in(page, fox.wallet)


def test_without_scripts_delegations_and_sessions_can_be_ended(visit, page, fox):
    sign_in(browse(visit, fox), fox)
    still = plain(visit, page)
    still.locator("text=Take back").first.click()
    expect(still.locator("#notice")).to_contain_text("no longer vote")
    still.click("text=Sign out everywhere else")
    expect(still.locator("#notice")).to_contain_text("Signed out in 1 other place.")


def test_a_session_that_ended_elsewhere_leads_to_the_sign_in_page(page, fox):
    MemberSession.objects.filter(member__address=fox.wallet.address).delete()
    save_name(page, "Too late")
    page.wait_for_url("**/sign-in/?next=%2Faccount%2F")


def test_the_export_holds_what_is_kept(page, fox):
    save_name(page, "Ada")
    expect(page.locator("#name-part .said")).to_have_text("Saved.")
    with page.expect_download() as download:
        page.click("text=Export my data")
    assert download.value.suggested_filename == f"salon-{fox.wallet.address}.json"
    told = json.loads(download.value.path().read_text())
    assert (told["address"], told["name"]) == (fox.wallet.address, "Ada")
    assert len(told["delegations"]) == len(told["sessions"]) == 1


def test_an_address_is_copied(page, fox):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("[data-copy]")
    expect(page.locator("[data-copy]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == fox.wallet.address


def test_the_public_page_shows_briefs_and_nothing_private(visit, page, fox):
    member = Member.objects.get(address=fox.wallet.address)
    Brief.objects.create(slug="of-fox", title=HOSTILE, purpose="A door.", posted_by=member)
    other = visit(f"/members/{member.address.lower()}/")
    assert other.url.endswith(f"/members/{member.address}/")
    expect(other.locator(".entry-name")).to_have_text(HOSTILE)
    html = other.content()
    assert "did:key" not in html
    assert "Chrome on" not in html
    Brief.objects.filter(slug="of-fox").delete()


def test_nobody_s_page_says_so(visit):
    for address in (Wallet().address, "0xnonsense", "0x" + "F" * 40):
        page = visit(f"/members/{address}/")
        expect(page.locator("main")).to_contain_text("Nobody with this address")


def test_account_and_member_pages_are_accessible(page, fox):
    save_name(page, "W" * 32)
    expect(page.locator("#name-part .said")).to_have_text("Saved.")
    for path in ("/account/", f"/members/{fox.wallet.address}/"):
        page.goto(path)
        assert_sound(page, path, {"width": 320, "height": 640})
        page.click(".member-chip summary")
        assert violations(page) == []
