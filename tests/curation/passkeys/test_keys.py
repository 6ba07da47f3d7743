"""Which passkeys somebody has, who may add and remove them, and what a shell can do."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from curation.models import Member, ModerationAction, Passkey
from curation.moderation import log
from curation.moderation.rules import faults_in
from curation.passkeys import rules
from tests.authenticators import Authenticator

from .conftest import SITE, Browser


def actions(word: str) -> int:
    return ModerationAction.objects.filter(action=f"passkey_{word}").count()


def test_threat_27_another_passkey_takes_a_raised_session(enrolled, authenticator, moderator):
    elsewhere = Browser(moderator)
    assert elsewhere.post("options", {"for": "enrol"}).status_code == 403
    second = Authenticator(SITE)
    assert elsewhere.hand_in("enrol", second.create(enrolled.options("enrol"))).status_code == 403
    assert Passkey.objects.count() == 1
    assert elsewhere.lift(authenticator).status_code == 200
    assert elsewhere.enrol(second, "Phone").status_code == 200
    assert [key.name for key in Passkey.objects.all()] == ["Key ring", "Phone"]


def test_threat_27_of_two_first_passkeys_the_second_to_come_is_refused(moderator, authenticator):
    owner, thief = Browser(moderator), Browser(moderator)
    theirs = Authenticator(SITE)
    early = theirs.create(thief.options("enrol"))
    assert owner.enrol(authenticator).status_code == 200
    assert thief.hand_in("enrol", early).status_code == 403
    assert not thief.is_open


def test_threat_27_removing_a_passkey_ends_what_it_raised(enrolled, authenticator, moderator):
    second, elsewhere = Authenticator(SITE), Browser(moderator)
    assert enrolled.enrol(second, "Phone").status_code == 200
    assert elsewhere.lift(authenticator).status_code == 200
    first = Passkey.objects.get(name="Key ring")
    enrolled.client.post("/moderation/keys/remove", {"passkey": first.pk})
    assert enrolled.is_open  # raised by the phone
    assert not elsewhere.is_open
    assert actions("removed") == 1


def test_threat_27_the_last_passkey_and_others_are_not_removed_in_a_browser(enrolled, colleague):
    key = Passkey.objects.get()
    enrolled.client.post("/moderation/keys/remove", {"passkey": key.pk})
    other = Browser(colleague)
    other.enrol(Authenticator(SITE))
    other.enrol(Authenticator(SITE))
    other.client.post("/moderation/keys/remove", {"passkey": key.pk})
    assert Passkey.objects.filter(pk=key.pk).exists()


def test_threat_27_a_session_that_is_not_raised_removes_nothing(enrolled, moderator):
    enrolled.enrol(Authenticator(SITE))
    for key in Passkey.objects.all():
        Browser(moderator).client.post("/moderation/keys/remove", {"passkey": key.pk})
    assert Passkey.objects.count() == 2


def test_threat_27_where_passkeys_are_offered_whoever_has_one_uses_it(
    settings, moderator, colleague, authenticator
):
    settings.STAFF_PASSKEYS = "offered"
    laptop = Browser(moderator)
    assert laptop.is_open
    assert laptop.enrol(authenticator).status_code == 200
    assert not Browser(moderator).is_open
    assert Browser(colleague).is_open


def test_threat_27_a_shell_asks_for_a_passkey_and_ends_the_sessions(settings, moderator):
    settings.STAFF_PASSKEYS = "offered"
    before = Browser(moderator)
    assert before.is_open
    call_command("passkeys", moderator.address, "--require")
    assert before.client.get("/moderation/").status_code == 404  # signed out
    assert not Browser(moderator).is_open
    assert actions("required") == 1
    call_command("passkeys", moderator.address, "--no-require")
    assert Browser(moderator).is_open
    rows = ModerationAction.objects.filter(action="passkey_required").order_by("number")
    assert [row.after["required"] for row in rows] == [True, False]
    assert list(faults_in(log.entries())) == []


def test_threat_27_a_shell_removes_passkeys_and_ends_the_sessions(enrolled, moderator, capsys):
    call_command("passkeys", moderator.address, "--remove-all")
    assert enrolled.client.get("/moderation/").status_code == 404
    assert Passkey.objects.count() == 0
    line = ModerationAction.objects.get(action="passkey_removed")
    assert (line.actor, line.before["name"]) == (None, "Key ring")
    assert list(faults_in(log.entries())) == []
    with pytest.raises(CommandError, match="no such passkey"):
        call_command("passkeys", moderator.address, "--remove", "7")
    with pytest.raises(CommandError, match="Nobody"):
        call_command("passkeys", "0x" + "11" * 20)


def test_page_lists_names_and_escapes_them(enrolled, authenticator, moderator):
    assert enrolled.enrol(Authenticator(SITE), "<b>Phone</b>").status_code == 200
    text = enrolled.client.get("/moderation/keys/").text
    assert "Key ring" in text
    assert "&lt;b&gt;Phone&lt;/b&gt;" in text
    assert "<b>Phone" not in text
    assert (
        "Is it you?"
        in Browser(moderator).client.get("/moderation/keys/?next=/moderation/log/").text
    )
    assert enrolled.enrol(Authenticator(SITE), "").status_code == 422


def test_next_leads_into_the_panel_only(enrolled, moderator):
    laptop = Browser(moderator)
    for wanted in ("//evil.test/", "https://evil.test/moderation/", "/account/"):
        page = laptop.client.get("/moderation/keys/", {"next": wanted}).text
        assert 'data-next="/moderation/"' in page


def test_at_most_ten(enrolled, monkeypatch):
    monkeypatch.setattr(rules, "PASSKEYS_MOST", 2)
    assert enrolled.enrol(Authenticator(SITE)).status_code == 200
    assert enrolled.enrol(Authenticator(SITE)).status_code == 403


@pytest.mark.parametrize(
    ("site", "desk", "wanted"),
    [
        ("https://salon.example", "", "salon.example"),
        ("https://salon.example", "desk.salon.example", "salon.example"),
        ("https://salon.example", "desk.example", "desk.example"),
        ("https://salon.example", "notsalon.example", "notsalon.example"),
        ("http://127.0.0.1:8000", "localhost:8000", "localhost"),
    ],
)
def test_relying_party_follows_from_settings(settings, site, desk, wanted):
    settings.SITE_URL = site
    settings.MODERATION_URL = f"https://{desk}" if desk else ""
    assert rules.rp_id() == wanted
    assert rules.origin() == (settings.MODERATION_URL or site)


def test_page_says_why_a_bare_address_has_no_passkeys(settings, moderator):
    settings.SITE_URL = "http://127.0.0.1:8000"
    assert "bare address" in Browser(moderator).client.get("/moderation/keys/").text


def test_taking_and_granting_a_role_again_keeps_the_passkeys(enrolled, moderator):
    call_command("take_role", moderator.address)
    call_command("grant_role", moderator.address, "moderator")
    laptop = Browser(Member.objects.get(pk=moderator.pk))
    assert not laptop.is_open
    assert laptop.post("options", {"for": "enrol"}).status_code == 403
