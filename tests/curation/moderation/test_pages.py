"""The moderators' pages: for roles alone; the public's: in numbers."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from curation.galleries.takedowns import hide_candidate
from curation.models import Candidate, Member, Report
from curation.moderation import appeals, proposals, rules, sanctions
from curation.moderation.reports import report_candidate
from tests.curation.accounts.visitor import Visitor

BACKEND = "curation.accounts.backends.AddressBackend"
pytestmark = pytest.mark.usefixtures("collected_static")


def signed_in(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend=BACKEND)
    return client


def panel_paths(candidate, member) -> list[str]:
    return [
        *("/moderation/", "/moderation/act", "/moderation/undo", "/moderation/second/"),
        *("/moderation/appeals/", "/moderation/log/", "/moderation/log.jsonl"),
        f"/moderation/members/{member.address}/",
        f"/moderation/pictures/{candidate.digest}",
    ]


def test_threat_27_panel_is_nowhere_for_whoever_has_no_role(client, candidate, member):
    for visitor in (client, signed_in(member)):
        for path in panel_paths(candidate, member):
            for ask in (visitor.get, visitor.post):
                assert ask(path).status_code == 404, path


def test_threat_27_every_role_reads_the_panel(candidate, member, moderator, senior, operator):
    for who in (moderator, senior, operator):
        visitor = signed_in(who)
        for path in panel_paths(candidate, member):
            wanted = 405 if path in ("/moderation/act", "/moderation/undo") else 200
            assert visitor.get(path).status_code == wanted, path


def test_threat_27_flag_of_staff_without_a_role_opens_nothing(candidate, member):
    Member.objects.filter(pk=member.pk).update(is_staff=True, is_superuser=True)
    assert signed_in(member).get("/moderation/").status_code == 404


def test_queue_shows_what_was_reported_and_a_key_hides_it(candidate, member, moderator):
    report_candidate(candidate=candidate, member=member, reason="hate", note="<b>Look</b>")
    visitor = signed_in(moderator)
    text = visitor.get("/moderation/").text
    assert "1 × Hate or harassment" in text
    assert "&lt;b&gt;Look&lt;/b&gt;" in text
    said = {"deed": "hide", "digest": candidate.digest, "reason": "hate"}
    answer = visitor.post("/moderation/act", said, headers={"HX-Request": "true"})
    assert f'data-done="{candidate.digest}"' in answer.text
    assert Candidate.objects.get().status == "hidden"
    assert candidate.digest not in visitor.get("/moderation/").text
    assert candidate.digest in visitor.get("/moderation/?source=hidden").text
    picture = visitor.get(f"/moderation/pictures/{candidate.digest}")
    assert picture.status_code == 200
    assert {"private", "no-store"} <= set(picture["Cache-Control"].split(", "))


def test_many_are_shown_before_they_are_hidden_and_can_be_taken_back(candidate, moderator):
    visitor = signed_in(moderator)
    said = {"deed": "hide", "digest": [candidate.digest], "reason": "spam", "note": "Flood."}
    shown = visitor.post("/moderation/act", said | {"preview": "1"})
    assert "Hide 1 picture?" in shown.text
    assert Candidate.objects.get().status == "published"
    done = visitor.post("/moderation/act", said)
    assert Candidate.objects.get().status == "hidden"
    batch = done.context["outcome"].batch
    visitor.post("/moderation/undo", {"batch": batch})
    assert Candidate.objects.get().status == "published"


@pytest.mark.parametrize("said", [{}, {"deed": "burn"}, {"deed": "hide", "reason": "because"}])
def test_nonsense_is_refused_in_words(candidate, moderator, said):
    answer = signed_in(moderator).post("/moderation/act", said | {"digest": candidate.digest})
    assert "field-error" in answer.text
    assert Candidate.objects.get().status == "published"


def test_second_person_confirms_on_the_page(member, moderator, colleague):
    visitor = signed_in(moderator)
    said = {"do": "ban", "reason": "spam", "note": ""}
    visitor.post(f"/moderation/members/{member.address}/", said)
    (asked,) = proposals.waiting()
    visitor.post("/moderation/second/", {"do": "confirm", "proposal": asked.pk})
    assert Member.objects.get(pk=member.pk).is_active
    signed_in(colleague).post("/moderation/second/", {"do": "confirm", "proposal": asked.pk})
    assert not Member.objects.get(pk=member.pk).is_active


def test_log_is_shown_and_its_export_verifies(candidate, moderator):
    hide_candidate(candidate=candidate, by=moderator, reason="rights", note="<i>theirs")
    visitor = signed_in(moderator)
    assert "&lt;i&gt;theirs" in visitor.get("/moderation/log/").text
    lines = visitor.get("/moderation/log.jsonl").text.splitlines()
    assert list(rules.faults_in(map(json.loads, lines))) == []
    assert len(lines) == 2


def test_member_reports_on_a_page_and_is_told_when_it_was_done_before(candidate, member):
    visitor = signed_in(member)
    path = f"{candidate.get_absolute_url()}report"
    assert visitor.get(path).status_code == 200
    assert visitor.post(path, {"reason": ""}).status_code == 422
    assert visitor.post(path, {"reason": "hate"}).status_code == 302
    assert visitor.post(path, {"reason": "hate"}).status_code == 409
    assert Report.objects.count() == 1
    assert Client().post(path, {"reason": "hate"}).url.startswith("/sign-in/")


def test_member_appeals_and_reads_the_answer(member, moderator, colleague):
    mute = sanctions.mute_member(member=member, by=moderator, reason="spam")
    visitor = signed_in(member)
    visitor.post("/appeal/", {"sanction": mute.pk, "text": "It was not me."})
    assert "Nobody answered yet" in visitor.get("/appeal/").text
    said = {"appeal": mute.appeal.pk, "answer": "You are right.", "do": "lift"}
    signed_in(moderator).post("/moderation/appeals/", said)
    assert "Nobody answered yet" in visitor.get("/appeal/").text
    signed_in(colleague).post("/moderation/appeals/", said)
    assert "You are right." in visitor.get("/appeal/").text


def test_banned_member_who_signs_may_only_appeal(wallet, browser_key, moderator, senior):
    Visitor().sign_in(wallet, browser_key)
    member = Member.objects.get(address=wallet.address)
    name = f"member:{member.address}"
    asked = proposals.propose(deed_name="ban", object=name, by=moderator, reason="spam")
    proposals.confirm(proposal=asked, by=senior)
    visitor = Visitor()
    assert visitor.client.get("/appeal/").status_code == 404
    answer = visitor.sign_in(wallet, browser_key)
    assert answer.status_code == 403
    assert "/appeal/" in answer.json()["detail"]
    assert visitor.whoami() == ""
    assert visitor.client.get("/appeal/").status_code == 200
    ban = member.sanctions.get()
    visitor.client.post("/appeal/", {"sanction": ban.pk, "text": "It was my brother."})
    assert appeals.Appeal.objects.get().sanction == ban


def test_public_reads_numbers_and_reasons_and_no_names(client, candidate, member, moderator):
    report_candidate(candidate=candidate, member=member, reason="hate", note="between us")
    hide_candidate(candidate=candidate, by=moderator, reason="hate", note="between us")
    text = client.get("/transparency/").text
    assert "Picture hidden" in text
    assert "Hate or harassment" in text
    for secret in (member.address, moderator.address, candidate.digest, "between us"):
        assert secret not in text
