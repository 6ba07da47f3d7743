"""What members were told, in words; made when it is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import NoReverseMatch, reverse

from curation.accounts.models import Member
from curation.briefs.models import Brief
from curation.cursors import page_of
from curation.galleries.models import Round
from curation.moderation.models import Action, Report, Sanction
from curation.notifications.models import Notification
from curation.notifications.selectors import notifications_of
from curation.stakes.amounts import rounded

PAGE = 30
Kind = Notification.Kind
_SANCTIONS = {
    Sanction.Kind.STRIKE: "A moderator gave you a strike",
    Sanction.Kind.MUTE: "You are muted for now",
    Sanction.Kind.BAN: "You are banned",
}
_DONE = {
    Action.HIDDEN: "the picture was taken down",
    Action.DISQUALIFIED: "the picture was taken down for ever",
    Action.RESTORED: "the picture hangs again",
    Action.APPROVED: "a moderator looked at the picture, and it stays",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing a member was told: a sentence, and where it leads."""

    notification: Notification
    text: str
    url: str

    @property
    def is_new(self) -> bool:
        return self.notification.read_at is None


@dataclass(frozen=True, slots=True)
class Lines:
    """A page of them, the newest first, and the cursor of the next, empty at the end."""

    lines: list[Line]
    next_cursor: str

    @property
    def newest(self) -> int:
        """The id up to which this page shows everything; 0 when it is empty."""
        return self.lines[0].notification.pk if self.lines else 0


@dataclass(slots=True)
class Known:
    """What the lines of one page name, fetched together."""

    rounds: Mapping[int, Round] = field(default_factory=dict)
    briefs: Mapping[int, Brief] = field(default_factory=dict)
    reports: Mapping[int, Report] = field(default_factory=dict)
    sanctions: Mapping[int, Sanction] = field(default_factory=dict)


def notifications_page(member: Member, *, cursor: str = "") -> Lines:
    """A page of what a member was told.

    Raises:
        CursorInvalid: the cursor is none of ours.
    """
    found, next_cursor = page_of(notifications_of(member), cursor=cursor, limit=PAGE)
    known = _known(found)
    return Lines([_line(row, known) for row in found], next_cursor)


def _known(rows: Collection[Notification]) -> Known:
    ids: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        if row.key.isdecimal():
            ids[row.about.partition(":")[0]].add(int(row.key))
    return Known(
        rounds=Round.objects.select_related("brief").in_bulk(ids["round"]),
        briefs=Brief.objects.in_bulk(ids["brief"]),
        reports=Report.objects.select_related("candidate", "answer").in_bulk(ids["report"]),
        sanctions=Sanction.objects.select_related("appeal").in_bulk(ids["sanction"]),
    )


def _line(row: Notification, known: Known) -> Line:
    text, url = _WORDS[Kind(row.kind)](row, known)
    return Line(row, text, url)


def _name(row: Notification, known: Known) -> str:
    round_ = known.rounds.get(int(row.key))
    return f"round {round_.number} of “{round_.brief}”" if round_ else f"round {row.key}"


def _tokens(row: Notification, name: str) -> str:
    return f"{rounded(int(row.facts.get(name, 0)))} SALON"


def _result(row: Notification, known: Known) -> tuple[str, str]:
    yours = ", your brief," if row.facts.get("yours") else ""
    text = f"Counted: the result of {_name(row, known)}{yours} is out."
    return text, reverse("result", args=[row.key])


def _won(row: Notification, known: Known) -> tuple[str, str]:
    text = (
        f"Your stake won {_tokens(row, 'earned_wei')} in {_name(row, known)}. It can be taken out "
        f"with the {_tokens(row, 'staked_wei')} you staked."
    )
    return text, reverse("stakes")


def _lost(row: Notification, known: Known) -> tuple[str, str]:
    text = (
        f"No picture you staked on won {_name(row, known)}. Your {_tokens(row, 'staked_wei')} are "
        "free and can be taken out."
    )
    return text, reverse("stakes")


def _refund(row: Notification, known: Known) -> tuple[str, str]:
    text = (
        f"There is no result on the chain for {_name(row, known)}. Your "
        f"{_tokens(row, 'staked_wei')} can be taken back."
    )
    return text, reverse("stakes")


def _pool(row: Notification, known: Known) -> tuple[str, str]:
    text = (
        f"{_tokens(row, 'refund_wei')} of what you put into the pool of {_name(row, known)} were "
        "earned by nobody and can be taken back."
    )
    return text, reverse("stakes")


def _brief_round(row: Notification, known: Known) -> tuple[str, str]:
    round_ = known.rounds.get(int(row.key))
    named = f"“{round_.brief}” has its round {round_.number}" if round_ else "A round is open"
    return f"Your brief {named}: pictures are on their way.", reverse("round", args=[row.key])


def _of_brief(row: Notification, known: Known) -> tuple[str, str]:
    brief = known.briefs.get(int(row.key))
    return (f"“{brief}”", brief.get_absolute_url()) if brief else ("", reverse("home"))


def _brief_completed(row: Notification, known: Known) -> tuple[str, str]:
    name, url = _of_brief(row, known)
    return f"Your brief {name} is complete: no further round is held.", url


def _brief_stopped(row: Notification, known: Known) -> tuple[str, str]:
    name, url = _of_brief(row, known)
    if row.facts.get("withdrawn"):
        return f"A moderator withdrew your brief {name}.", url
    return f"A moderator stopped your brief {name}: no further round is opened.", url


def _report(row: Notification, known: Known) -> tuple[str, str]:
    report = known.reports.get(int(row.key))
    action = report.answer.action if report is not None and report.answer is not None else ""
    done = _DONE.get(Action(action), "a moderator acted on it") if action else "it is closed"
    url = report.candidate.get_absolute_url() if report is not None else reverse("transparency")
    return f"Your report was answered: {done}.", url


def _sanctioned(row: Notification, known: Known) -> tuple[str, str]:
    sanction = known.sanctions.get(int(row.key))
    if sanction is None:
        return "A moderator acted on your account.", reverse("appeal")
    said = _SANCTIONS[Sanction.Kind(sanction.kind)]
    return f"{said}. Reason: {sanction.get_reason_display()}. You can appeal.", reverse("appeal")


def _lifted(row: Notification, known: Known) -> tuple[str, str]:
    sanction = known.sanctions.get(int(row.key))
    kind = sanction.get_kind_display().lower() if sanction is not None else "sanction"
    return f"Your {kind} was lifted.", reverse("appeal")


def _appeal(row: Notification, known: Known) -> tuple[str, str]:
    sanction = known.sanctions.get(int(row.key))
    kind = sanction.get_kind_display().lower() if sanction is not None else "sanction"
    if row.facts.get("lifted"):
        return f"Your appeal was granted: the {kind} is lifted.", reverse("appeal")
    return f"Your appeal was answered: the {kind} stays.", reverse("appeal")


def _promoted(row: Notification, known: Known) -> tuple[str, str]:
    text = f"Your votes taught {row.key}. It won its blind test and draws from now on."
    try:
        return text, reverse("version", args=[row.key])
    except NoReverseMatch:
        return text, reverse("model")


_WORDS: dict[Kind, Callable[[Notification, Any], tuple[str, str]]] = {
    Kind.RESULT: _result,
    Kind.STAKE_WON: _won,
    Kind.STAKE_LOST: _lost,
    Kind.STAKE_REFUND: _refund,
    Kind.POOL_REFUND: _pool,
    Kind.BRIEF_ROUND: _brief_round,
    Kind.BRIEF_COMPLETED: _brief_completed,
    Kind.BRIEF_STOPPED: _brief_stopped,
    Kind.REPORT_ANSWERED: _report,
    Kind.SANCTIONED: _sanctioned,
    Kind.SANCTION_LIFTED: _lifted,
    Kind.APPEAL_ANSWERED: _appeal,
    Kind.MODEL_PROMOTED: _promoted,
}
