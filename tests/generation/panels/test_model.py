"""Operators promote and go back; both logs say who, from what, to what."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.test import Client

from curation.models import Member, ModerationAction
from curation.moderation.errors import RoleMissing
from curation.moderation.roles import grant_role
from generation.challenges.deeds import promote_by_hand, roll_back_by_hand
from generation.challenges.errors import ChallengeRefused, NothingToGoBackTo
from generation.challenges.models import VersionEvent
from generation.versions.models import ModelVersion
from tests.factories import MemberFactory, VersionFactory

BACKEND = "curation.accounts.backends.AddressBackend"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("collected_static")]


def staff(role: str) -> Member:
    member = MemberFactory()
    grant_role(address=member.address, role=Member.Role(role))
    return Member.objects.get(pk=member.pk)


@pytest.fixture
def operator() -> Member:
    return staff("operator")


@pytest.fixture
def base() -> ModelVersion:
    return VersionFactory(slug="base-1", status="live")


@pytest.fixture
def child(base) -> ModelVersion:
    return VersionFactory(slug="round-1", parent=base, adapter="a", adapter_hash="ab" * 32)


def line(action: str) -> ModerationAction:
    return ModerationAction.objects.get(action=action)


def test_promotion_is_told_with_what_drew_before(base, child, operator):
    promote_by_hand(version=child, by=operator, reason="other", note="It is plainly better.")
    told = line("promoted")
    assert (told.before, told.after) == ({"live": "base-1"}, {"live": "round-1"})
    assert (told.actor, told.object) == (operator, "version:round-1")
    event = VersionEvent.objects.get(kind="promoted")
    assert (event.by, event.reason) == (operator, "It is plainly better.")


def test_going_back_is_told_too_and_a_shell_is_nobody(base, child, operator):
    promote_by_hand(version=child, by=operator, reason="other", note="Better.")
    roll_back_by_hand(by=operator, reason="mistake", note="It was not.")
    told = line("rolled_back")
    assert (told.before, told.after) == ({"live": "round-1"}, {"live": "base-1"})
    with pytest.raises(NothingToGoBackTo):
        roll_back_by_hand(by=operator, reason="other", note="Further.")
    promote_by_hand(version=child, by=operator, reason="other", note="Again.")
    call_command("roll_back_model", "--reason", "At night.")
    last = ModerationAction.objects.filter(action="rolled_back").first()
    assert (last.actor, last.note) == (None, "At night.")


def test_without_a_reason_or_the_role_nothing_is_done_nor_told(base, child, operator):
    with pytest.raises(ChallengeRefused, match="Say why"):
        promote_by_hand(version=child, by=operator, reason="other", note=" ")
    for role in ("moderator", "senior"):
        with pytest.raises(RoleMissing):
            promote_by_hand(version=child, by=staff(role), reason="other", note="Because.")
        with pytest.raises(RoleMissing):
            roll_back_by_hand(by=staff(role), reason="other", note="Because.")
    base.refresh_from_db()
    assert base.status == "live"
    assert not ModerationAction.objects.filter(action__in=("promoted", "rolled_back")).exists()


def test_page_offers_it_to_operators_and_refuses_others(base, child, operator):
    said = {"do": "promote", "version": child.pk, "reason": "other", "note": "Better."}
    for role in ("moderator", "senior"):
        client = Client()
        client.force_login(staff(role), backend=BACKEND)
        assert 'value="promote"' not in client.get("/moderation/model/").text
        assert "role operator" in client.post("/moderation/model/", said, follow=True).text
    client = Client()
    client.force_login(operator, backend=BACKEND)
    assert client.get("/moderation/model/").text.count('value="promote"') == 1
    assert "round-1 draws" in client.post("/moderation/model/", said, follow=True).text
    back = client.post("/moderation/model/", said | {"do": "roll-back"}, follow=True)
    assert "base-1 draws" in back.text
