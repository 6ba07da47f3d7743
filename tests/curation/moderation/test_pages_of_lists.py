"""Briefs, rounds, agents, chain and settings: who finds them, and what is done there."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from curation.briefs.services import post_brief
from curation.galleries.services import open_round
from curation.models import Brief, ChainRound, Member, ModerationAction, Proposal
from curation.moderation import sanctions
from curation.moderation.ending import end_brief
from curation.moderation.errors import RoleMissing
from tests.factories import BriefFactory, MemberFactory, RoundFactory

BACKEND = "curation.accounts.backends.AddressBackend"
FOR_ALL = ("briefs", "rounds", "work", "model", "agents")
FOR_OPERATORS = ("chain", "settings")
pytestmark = pytest.mark.usefixtures("collected_static")


def signed_in(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend=BACKEND)
    return client


def on_chain(round_, state: str) -> ChainRound:
    now = timezone.now()
    times = dict.fromkeys(("anchor_deadline", "staking_deadline", "result_deadline"), now)
    return ChainRound.objects.create(round=round_, state=state, challenge_s=300, **times)


def test_threat_27_role_matrix_of_the_lists(client, member, moderator, senior, operator):
    for who, sees, sees_all in (
        (None, False, False),
        (member, False, False),
        (moderator, True, False),
        (senior, True, False),
        (operator, True, True),
    ):
        visitor = signed_in(who) if who else client
        for name in FOR_ALL:
            found = visitor.get(f"/moderation/{name}/").status_code
            assert found == (200 if sees else 404), (who, name)
        for name in FOR_OPERATORS:
            found = visitor.get(f"/moderation/{name}/").status_code
            assert found == (200 if sees_all else 404), (who, name)


def titles(visitor: Client, name: str, **wanted: str) -> set[str]:
    text = visitor.get(f"/moderation/{name}/", wanted).text
    return set(re.findall(r'row-title"><a[^>]*>([^<]*)</a>', text))


def test_briefs_and_rounds_are_found_by_status_title_and_sponsor(moderator):
    sponsor = MemberFactory()
    swan = BriefFactory(title="A swan", posted_by=sponsor)
    BriefFactory(title="An oak", status=Brief.Status.WITHDRAWN)
    round_ = RoundFactory(brief=swan)
    RoundFactory(brief=BriefFactory(title="A mill"), status="closed")
    visitor = signed_in(moderator)
    assert titles(visitor, "briefs") == {"A swan", "An oak", "A mill"}
    assert titles(visitor, "briefs", status="withdrawn") == {"An oak"}
    assert titles(visitor, "briefs", q="SWAN") == {"A swan"}
    assert titles(visitor, "briefs", q=sponsor.address[:12].lower()) == {"A swan"}
    assert titles(visitor, "rounds", status="closed") == {"A mill · round 1"}
    assert titles(visitor, "rounds", q="swan") == {"A swan · round 1"}
    assert titles(visitor, "rounds", q=str(round_.pk)) == {"A swan · round 1"}
    assert titles(visitor, "rounds", q=sponsor.address) == {"A swan · round 1"}
    assert titles(visitor, "rounds", q="\0%") == set()
    assert visitor.get("/moderation/briefs/?cursor=x").status_code == 302


def test_older_ones_are_on_the_next_page(moderator, monkeypatch):
    monkeypatch.setattr("curation.moderation.catalogue.PAGE", 2)
    for number in range(3):
        BriefFactory(title=f"Brief {number}")
    visitor = signed_in(moderator)
    assert titles(visitor, "briefs") == {"Brief 2", "Brief 1"}
    cursor = visitor.get("/moderation/briefs/").context["cursor"]
    assert titles(visitor, "briefs", cursor=cursor) == {"Brief 0"}


def test_senior_ends_briefs_and_the_log_says_how_they_stood(senior, moderator):
    brief = post_brief(title="A swan", purpose="For the door.", rounds_planned=3)
    open_round(brief=brief)
    said = {"brief": brief.pk, "do": "stop", "reason": "spam", "note": "Enough."}
    with pytest.raises(RoleMissing):
        end_brief(brief=brief, how="stop", by=moderator, reason="spam")
    signed_in(moderator).post("/moderation/briefs/", said)
    assert Brief.objects.get().rounds_planned == 3
    visitor = signed_in(senior)
    visitor.post("/moderation/briefs/", said)
    assert Brief.objects.get().rounds_planned == 1
    line = ModerationAction.objects.get(action="brief_stopped")
    assert (line.before["rounds_planned"], line.after["rounds_planned"]) == (3, 1)
    assert (line.actor, line.object, line.note) == (senior, f"brief:{brief.slug}", "Enough.")
    answer = visitor.post("/moderation/briefs/", said | {"do": "withdraw"}, follow=True)
    assert "A round is open" in answer.text
    assert not ModerationAction.objects.filter(action="brief_withdrawn").exists()


def test_operator_proposes_to_cancel_what_is_open_on_the_chain(operator, senior):
    open_one, settled = RoundFactory(), RoundFactory(brief=BriefFactory(), status="closed")
    on_chain(open_one, "open")
    on_chain(settled, "settled")
    visitor = signed_in(operator)
    text = visitor.get("/moderation/rounds/").text
    assert text.count('value="cancel_round"') == 1
    assert 'value="veto_result"' not in text
    assert "cancel_round" not in signed_in(senior).get("/moderation/rounds/").text
    said = {"round": open_one.pk, "do": "cancel_round", "reason": "mistake"}
    signed_in(senior).post("/moderation/rounds/", said)
    assert not Proposal.objects.exists()
    visitor.post("/moderation/rounds/", said)
    asked = Proposal.objects.get()
    assert (asked.deed, asked.object, asked.status) == (
        "cancel_round",
        f"round:{open_one.pk}",
        "waiting",
    )


def test_what_has_a_result_is_struck_down_and_cannot_be_cancelled(operator):
    on_chain(RoundFactory(), "proposed")
    text = signed_in(operator).get("/moderation/rounds/").text
    assert text.count('value="veto_result"') == 1
    assert 'value="cancel_round"' not in text


def test_account_leads_to_appeals_whoever_has_something_to_appeal(member, moderator):
    visitor = signed_in(member)
    assert 'href="/appeal/"' not in visitor.get("/account/").text
    sanctions.strike_member(member=member, by=moderator, reason="spam")
    assert 'href="/appeal/"' in visitor.get("/account/").text
