"""Writes about briefs."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from curation.accounts.models import Member
from curation.briefs import rules
from curation.briefs.errors import BriefBusy, BriefInvalid, NotYours
from curation.briefs.models import Brief
from curation.briefs.palette import COLOURS
from curation.briefs.rules import check_deadline, clean_text
from curation.briefs.selectors import may_end, why_not_post
from curation.galleries.models import Round
from curation.moderation.sanctions import check_not_muted
from curation.notifications.models import Notification
from curation.notifications.services import notify_member
from curation.status import advance
from curation.validators.texts import check_charter


@transaction.atomic
def post_brief(
    *,
    title: str,
    purpose: str,
    must: str = "",
    must_not: str = "",
    palette: Sequence[str] = (),
    deadline: datetime | None = None,
    rounds_planned: int = 3,
    candidates_per_round: int = 48,
    round_minutes: int = 60,
    posted_by: Member | None = None,
) -> Brief:
    """Post a brief, a member's or the house's own; the scheduler opens its first round.

    Raises:
        TextRefused: a text is empty or too long.
        BriefInvalid: the deadline, a colour or an amount is out of range.
        TooManyBriefs: the member has as many active ones, or posted as many today, as one may.
        Muted: a moderator keeps the member from posting.
        CharterBroken: it asks for what the house does not show.
    """
    bounds = rules.MEMBERS if posted_by else rules.HOUSE
    _check_amounts(bounds, rounds_planned, candidates_per_round, round_minutes)
    if posted_by:
        _check_member(posted_by, palette)
    check_charter(title, purpose, must)
    title = " ".join(clean_text(title, name="The title", longest=120).split())
    return Brief.objects.create(
        slug=f"{slugify(title)[:60].strip('-') or 'brief'}-{secrets.token_hex(3)}",
        posted_by=posted_by,
        title=title,
        purpose=clean_text(purpose, name="The purpose", longest=2000),
        must=clean_text(must, name="What it must have", longest=500, required=False),
        must_not=clean_text(must_not, name="What it must not have", longest=500, required=False),
        palette=[clean_text(c, name="A colour", longest=24) for c in palette][: rules.PALETTE_MOST],
        deadline=check_deadline(deadline, timezone.now()),
        rounds_planned=rounds_planned,
        candidates_per_round=candidates_per_round,
        round_minutes=round_minutes,
    )


def _check_amounts(bounds: rules.Bounds, rounds: int, candidates: int, minutes: int) -> None:
    for amount, (least, most), words in (
        (rounds, bounds.rounds, "A brief has {:,} to {:,} rounds."),
        (candidates, bounds.candidates, "A round has {:,} to {:,} candidates."),
        (minutes, bounds.minutes, "A round takes {:,} to {:,} minutes."),
    ):
        if not least <= amount <= most:
            raise BriefInvalid(words.format(least, most))


def _check_member(member: Member, palette: Sequence[str]) -> None:
    check_not_muted(member)
    unknown = [colour[:24] for colour in palette if colour not in COLOURS]
    if unknown:
        raise BriefInvalid(f"{unknown[0]!r} is not among the colours: {', '.join(COLOURS)}.")
    if len(palette) > rules.PALETTE_MOST:
        raise BriefInvalid(f"A palette has at most {rules.PALETTE_MOST} colours.")
    # The row lock queues this member's posts: none counts while another is being added.
    refusal = why_not_post(Member.objects.select_for_update(no_key=True).get(pk=member.pk))
    if refusal:
        raise refusal


@transaction.atomic
def complete_brief(*, brief: Brief) -> None:
    """End a brief whose rounds are all done or whose deadline has passed.

    Raises:
        TransitionRefused: it was withdrawn or completed before.
    """
    advance(brief, Brief.GRAPH, Brief.Status.COMPLETED)
    notify_member(
        member_id=brief.posted_by_id,
        kind=Notification.Kind.BRIEF_COMPLETED,
        about=f"brief:{brief.pk}",
    )


@transaction.atomic
def withdraw_brief(*, brief: Brief, by: Member) -> Brief:
    """Take a brief back while none of its rounds is open.

    Raises:
        NotYours: somebody else posted it.
        BriefBusy: a round is open.
        TransitionRefused: it was withdrawn or completed before.
    """
    locked = _locked_for(brief, by)
    if locked.rounds.filter(status=Round.Status.OPEN).exists():
        raise BriefBusy("A round is open and people work on it. Withdraw the brief afterwards.")
    advance(locked, Brief.GRAPH, Brief.Status.WITHDRAWN)
    _tell_poster(locked, by, withdrawn=True)
    return locked


@transaction.atomic
def stop_after_this_round(*, brief: Brief, by: Member) -> Brief:
    """Plan no round beyond those held, the open one included; the scheduler then completes it.

    Raises:
        NotYours: somebody else posted it.
        BriefInvalid: it has had no round yet, so there is none to stop after.
    """
    locked = _locked_for(brief, by)
    held = locked.rounds.count()
    if not held:
        raise BriefInvalid("No round was held yet. Withdraw the brief instead.")
    locked.rounds_planned = held
    locked.save(update_fields=["rounds_planned"])
    _tell_poster(locked, by, withdrawn=False)
    return locked


def _tell_poster(brief: Brief, by: Member, *, withdrawn: bool) -> None:
    """Tell a sponsor that somebody else ended their brief."""
    if brief.posted_by_id != by.pk:
        notify_member(
            member_id=brief.posted_by_id,
            kind=Notification.Kind.BRIEF_STOPPED,
            about=f"brief:{brief.pk}",
            facts={"withdrawn": withdrawn},
        )


def _locked_for(brief: Brief, by: Member) -> Brief:
    """The brief's row, locked as `open_round` locks it, so that one waits for the other."""
    locked = Brief.objects.select_for_update().get(pk=brief.pk)
    if not may_end(locked, by):
        raise NotYours("Only whoever posted a brief may end it.")
    return locked
