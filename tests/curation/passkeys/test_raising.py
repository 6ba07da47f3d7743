"""Sessions of staff are raised with a passkey, and whatever is not quite one raises nothing."""

from __future__ import annotations

import copy
from datetime import timedelta

import pytest
from django.utils import timezone

from curation.models import ModerationAction, Passkey, PasskeyChallenge
from curation.passkeys import rules
from tests.authenticators import Authenticator
from tests.threads import at_once

from .conftest import SITE, Browser


def later(monkeypatch, by: timedelta) -> None:
    moment = timezone.now() + by
    monkeypatch.setattr(timezone, "now", lambda: moment)


def test_threat_27_panel_opens_with_a_passkey_only(laptop, authenticator, moderator):
    for path in ("/moderation/", "/moderation/log/", "/moderation/log.jsonl", "/moderation/work/"):
        answer = laptop.client.get(path)
        assert answer.status_code == 302, path
        assert answer.url.startswith("/moderation/keys/?next="), path
    assert laptop.client.post("/moderation/act", {"deed": "hide"}).status_code == 302
    assert laptop.enrol(authenticator).json() == {"raised": True}
    assert laptop.is_open
    elsewhere = Browser(moderator)
    assert not elsewhere.is_open
    assert elsewhere.lift(authenticator).status_code == 200
    assert elsewhere.is_open


def test_threat_27_a_member_without_a_role_finds_no_keys(member_browser):
    for what in ("", "options", "answer", "remove"):
        path = f"/moderation/keys/{what}"
        assert member_browser.client.get(path).status_code == 404, path
        assert member_browser.client.post(path).status_code == 404, path


def test_threat_27_the_same_answer_raises_once(enrolled, authenticator, moderator):
    elsewhere = Browser(moderator)
    answer = authenticator.get(elsewhere.options("raise"))
    assert elsewhere.hand_in("raise", answer).status_code == 200
    again = elsewhere.hand_in("raise", answer)
    assert again.status_code == 403
    assert "answered before" in again.json()["detail"]


@pytest.mark.django_db(transaction=True)
def test_threat_27_of_racing_copies_of_an_answer_one_raises(enrolled, authenticator, moderator):
    elsewhere = Browser(moderator)
    answer = authenticator.get(elsewhere.options("raise"))
    copies = [elsewhere.copy() for _ in range(8)]
    found = at_once(8, lambda i: copies[i].hand_in("raise", answer).status_code)
    assert sorted(found) == [200, *[403] * 7]


def test_threat_27_an_answer_made_elsewhere_raises_nothing(enrolled, authenticator, moderator):
    elsewhere = Browser(moderator)
    for origin in ("http://salon.test", "https://salon.test:8000", "http://phish.test:8000"):
        authenticator.origin = origin
        assert elsewhere.lift(authenticator).status_code == 403, origin
    authenticator.origin, authenticator.rp_id = SITE, "phish.test"
    assert elsewhere.lift(authenticator).status_code == 403
    assert not elsewhere.is_open


def test_threat_27_a_colleagues_passkey_raises_only_their_own(enrolled, authenticator, colleague):
    theirs = Authenticator(SITE)
    other = Browser(colleague)
    assert other.enrol(theirs).status_code == 200
    again = Browser(colleague)
    assert again.lift(authenticator).status_code == 403
    authenticator.handle = theirs.handle  # it lies about whose it is
    assert again.lift(authenticator).status_code == 403
    assert not again.is_open


def test_threat_27_a_colleagues_passkey_is_not_registered_twice(enrolled, authenticator, colleague):
    answer = Browser(colleague).enrol(authenticator)
    assert answer.status_code == 409
    assert Passkey.objects.count() == 1


def test_threat_27_a_copy_whose_counter_is_behind_is_refused_and_told(
    enrolled, authenticator, moderator
):
    copied = copy.copy(authenticator)
    assert Browser(moderator).lift(authenticator).status_code == 200
    assert Browser(moderator).lift(authenticator).status_code == 200
    elsewhere = Browser(moderator)
    refused = elsewhere.lift(copied)
    assert refused.status_code == 403
    assert "as a copy of it would" in refused.json()["detail"]
    assert not elsewhere.is_open
    line = ModerationAction.objects.get(action="passkey_copied")
    assert (line.before["sign_count"], line.after["count"]) == (2, 1)


def test_threat_27_a_forged_counter_without_the_key_is_no_copy(enrolled, authenticator, moderator):
    forged = Authenticator(
        SITE, credential_id=authenticator.credential_id, handle=authenticator.handle
    )
    assert Browser(moderator).lift(forged).status_code == 403
    assert not ModerationAction.objects.filter(action="passkey_copied").exists()


def test_threat_27_a_challenge_is_good_for_three_minutes(
    enrolled, authenticator, moderator, monkeypatch
):
    elsewhere = Browser(moderator)
    answer = authenticator.get(elsewhere.options("raise"))
    later(monkeypatch, rules.CHALLENGE_FOR)
    assert elsewhere.hand_in("raise", answer).status_code == 403
    assert not elsewhere.is_open


def test_threat_27_a_challenge_is_good_in_its_session_only(enrolled, authenticator, moderator):
    one, other = Browser(moderator), Browser(moderator)
    answer = authenticator.get(one.options("raise"))
    assert other.hand_in("raise", answer).status_code == 403
    assert one.hand_in("raise", answer).status_code == 200


def test_threat_27_a_challenge_is_good_for_its_purpose_only(enrolled, moderator):
    asked = enrolled.options("raise")
    options = enrolled.options("enrol") | {"challenge": asked["challenge"]}
    second = Authenticator(SITE)
    assert enrolled.hand_in("enrol", second.create(options)).status_code == 403
    assert Passkey.objects.count() == 1


def test_threat_27_a_challenge_is_used_up_by_a_wrong_answer(enrolled, authenticator, moderator):
    elsewhere = Browser(moderator)
    options = elsewhere.options("raise")
    right, authenticator.origin = authenticator.get(options), "http://phish.test"
    assert elsewhere.hand_in("raise", authenticator.get(options)).status_code == 403
    assert elsewhere.hand_in("raise", right).status_code == 403
    assert PasskeyChallenge.objects.count() == 0


def test_threat_27_a_touch_without_a_finger_or_code_is_not_enough(laptop, authenticator, moderator):
    authenticator.verifies = False
    assert laptop.enrol(authenticator).status_code == 403
    authenticator.verifies = True
    assert laptop.enrol(authenticator).status_code == 200
    authenticator.verifies = False
    assert Browser(moderator).lift(authenticator).status_code == 403


def test_threat_27_a_raised_session_falls_after_some_hours(enrolled, authenticator, monkeypatch):
    assert enrolled.is_open
    later(monkeypatch, rules.RAISED_FOR + timedelta(seconds=1))
    assert not enrolled.is_open
    assert enrolled.lift(authenticator).status_code == 200
    assert enrolled.is_open


def test_threat_27_raising_changes_the_sessions_key(enrolled, authenticator, moderator):
    elsewhere = Browser(moderator)
    options = elsewhere.options("raise")
    stolen = elsewhere.copy()
    assert stolen.client.get("/moderation/").status_code == 302
    assert elsewhere.hand_in("raise", authenticator.get(options)).status_code == 200
    assert elsewhere.is_open
    assert stolen.client.get("/moderation/").status_code == 404


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"credential": "x"},
        {"credential": {}},
        {"credential": {"id": "a", "rawId": "a", "type": "public-key", "response": {}}},
        {"credential": {"id": 7, "rawId": [], "response": {"clientDataJSON": "!"}}},
    ],
)
def test_nonsense_is_refused_in_words(enrolled, said):
    for purpose in ("raise", "enrol", "else"):
        answer = enrolled.post("answer", {"for": purpose, "name": "x", **said})
        assert answer.status_code in (403, 422)
        assert answer.json()["detail"]
    for body in ("[]", "{", "x" * 20_000):
        path = "/moderation/keys/answer"
        answer = enrolled.client.post(path, body, content_type="application/json")
        assert answer.status_code == 400
