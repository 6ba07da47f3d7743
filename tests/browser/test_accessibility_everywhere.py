"""Pages that other tests pass by: as a visitor, a member, a moderator, each wide and narrow."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from curation.galleries.services import close_round
from curation.galleries.takedowns import disqualify_candidate, hide_candidate
from curation.models import Appeal, Member, Sanction
from curation.moderation import proposals, reports, sanctions
from curation.moderation.roles import grant_role
from tests.factories import MemberFactory

from .sound import looks, violations
from .wallets import Fake, browse, sign_in

LOOK = os.environ.get("SALON_LOOK", "")  # a folder for pictures of the pages, to be looked at


def check(page: Page, path: str) -> list[str]:
    """What is wrong with a page, wide in the light and narrow in the dark, one line each."""
    answer = page.goto(path)
    assert answer.status < 500, path
    wrong = [] if page.locator("h1").count() == 1 else [f"{path}: not one first heading"]
    for look in looks(page):
        where = f"{path} {look}"
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            wrong.append(f"{where}: wider than the screen")
        wrong += [f"{where}: {line}" for line in violations(page)]
        if LOOK:
            name = f"{path.strip('/').replace('/', '_')[:40] or 'home'}-{look}.png"
            page.screenshot(path=str(Path(LOOK, name)), full_page=True)
    return wrong


def check_all(page: Page, paths: list[str]) -> None:
    assert [line for path in paths for line in check(page, path)] == []


@pytest.fixture
def fox(house) -> Fake:
    return Fake()


def member_of(page: Page, fox: Fake) -> Member:
    sign_in(page, fox)
    return Member.objects.get(address=fox.wallet.address)


def test_visitors_pages(gallery, visit):
    round_ = gallery.round(palette=["navy"])
    hung = gallery.fill(round_, 5)
    hide_candidate(candidate=hung[0], reason="rights")
    disqualify_candidate(candidate=hung[1], reason="hate")
    empty = gallery.round()
    over = gallery.round()
    close_round(round_=over)
    at = round_.get_absolute_url()
    check_all(
        visit("/"),
        [
            *(hung[0].get_absolute_url(), hung[1].get_absolute_url()),
            *(f"{at}judge/", f"{at}result/", f"{at}learning/", f"{at}?after={hung[3].pk}"),
            *(
                empty.get_absolute_url(),
                over.get_absolute_url(),
                f"{over.get_absolute_url()}judge/",
            ),
            *("/briefs/new/", "/sign-in/", "/model/", "/beliefs/", "/activity/", "/transparency/"),
            *(f"{at}?after=x", "/members/0xnobody/", "/nowhere/"),
        ],
    )


def test_members_pages(gallery, visit, fox):
    round_ = gallery.round()
    hung = gallery.fill(round_, 2)
    page = browse(visit, fox)
    member = member_of(page, fox)
    check_all(
        page,
        [
            f"{hung[0].get_absolute_url()}report",
            *("/votes/", "/stakes/", "/appeal/", "/notifications/", "/briefs/new/"),
            f"{round_.get_absolute_url()}judge/",
        ],
    )
    moderator = MemberFactory()
    grant_role(address=moderator.address, role=Member.Role.SENIOR)
    said = {"member": member, "by": Member.objects.get(pk=moderator.pk), "reason": "spam"}
    for note in ("", "Twice on one day.", "And again."):
        sanctions.strike_member(note=note, **said)
    appealed, answered, lifted, _mute = Sanction.objects.filter(member=member).order_by("pk")
    Appeal.objects.create(sanction=appealed, text="It was art.\nIt was.")
    Appeal.objects.create(
        sanction=answered,
        text="So was this.",
        answer="It was not.",
        answered_at=timezone.now(),
        outcome="upheld",
    )
    Sanction.objects.filter(pk=lifted.pk).update(lifted_at=timezone.now() - timedelta(hours=1))
    check_all(page, ["/appeal/", "/notifications/", "/briefs/new/"])


def test_moderators_pages(gallery, visit, fox):
    grant_role(address=fox.wallet.address, role=Member.Role.OPERATOR)
    round_ = gallery.round()
    hung = gallery.fill(round_, 3)
    target, other = MemberFactory(name="W" * 32), MemberFactory()
    grant_role(address=other.address, role=Member.Role.MODERATOR)
    other = Member.objects.get(pk=other.pk)
    for picture in hung[:2]:
        reports.report_candidate(candidate=picture, member=target, reason="spam", note="n" * 90)
    strike = sanctions.strike_member(member=target, by=other, reason="hate", note="Not here.")
    Appeal.objects.create(sanction=strike, against=other, text="Why not? " * 40)
    for deed, name in (("ban", f"member:{target.address}"), ("cancel_round", f"round:{round_.pk}")):
        by = other if deed == "ban" else Member.objects.get(address=fox.wallet.address)
        proposals.propose(deed_name=deed, object=name, by=by, reason="spam", note="So it goes.")
    page = browse(visit, fox)
    sign_in(page, fox)
    check_all(
        page,
        [
            *("/moderation/", "/moderation/?source=hanging", "/moderation/?q=nothing-like-it"),
            *("/moderation/second/", "/moderation/appeals/", "/moderation/log/"),
            f"/moderation/members/{target.address}/",
        ],
    )
