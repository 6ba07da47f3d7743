"""What pages tell of moderation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from curation.galleries.models import Candidate, Round
from curation.moderation import log
from curation.moderation.models import Action, Appeal, ModerationAction, Reason, Report, Sanction
from curation.stakes.selectors import Anchor, anchor_of

TAKES_DOWN = (Action.HIDDEN, Action.DISQUALIFIED)
# What the public reads; two people's coming to terms is nobody's business but the log's.
PUBLIC = tuple(a for a in Action if a not in (Action.PROPOSED, Action.CONFIRMED, Action.DECLINED))


@dataclass(frozen=True, slots=True)
class Takedown:
    """What is told of a picture that was taken down: not the picture, not its words."""

    candidate: Candidate
    reason: str
    at: datetime
    for_ever: bool
    anchor: Anchor | None


def takedown_of(digest: str) -> Takedown | None:
    """How a picture was taken down; None if it hangs, is held before it ever did, or is sealed."""
    found = Candidate.objects.select_related("round__brief").filter(digest=digest)
    gone = (Candidate.Status.HIDDEN, Candidate.Status.DISQUALIFIED)
    candidate = found.filter(status__in=gone).first()
    if candidate is None or (candidate.trial and candidate.round.status == Round.Status.OPEN):
        return None
    acts = ModerationAction.objects.filter(object=f"candidate:{digest}", action__in=TAKES_DOWN)
    last = acts.order_by("-number").first()
    return Takedown(
        candidate=candidate,
        reason=Reason(last.reason).label if last else Reason.OTHER.label,
        at=last.created_at if last else candidate.published_at,
        for_ever=candidate.status == Candidate.Status.DISQUALIFIED,
        anchor=anchor_of(candidate),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """How often something was done, in all and by reason."""

    label: str
    count: int
    reasons: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Transparency:
    """What was done, in numbers; nobody is named."""

    lines: list[Line]
    reports: list[tuple[str, int]]
    reports_count: int
    reports_open: int
    appeals: int
    appeals_lifted: int
    sanctions: list[tuple[str, int]]
    number: int
    digest: str


def transparency() -> Transparency:
    """Everything the public page tells."""
    rows = ModerationAction.objects.filter(action__in=PUBLIC).order_by()
    found: dict[str, list[tuple[str, int]]] = {}
    for action, reason, count in rows.values_list("action", "reason").annotate(n=Count("pk")):
        found.setdefault(action, []).append((Reason(reason).label, count))
    reported = Report.objects.order_by().values_list("reason").annotate(n=Count("pk"))
    reports = sorted(((Reason(r).label, n) for r, n in reported), key=lambda row: -row[1])
    kinds = Sanction.objects.order_by().values_list("kind").annotate(n=Count("pk"))
    number, digest = log.head()
    return Transparency(
        lines=[
            Line(
                action.label,
                sum(count for _, count in found[action]),
                sorted(found[action], key=lambda row: -row[1]),
            )
            for action in PUBLIC
            if action in found
        ],
        reports=reports,
        reports_count=sum(count for _, count in reports),
        reports_open=Report.objects.filter(answer=None).count(),
        appeals=Appeal.objects.count(),
        appeals_lifted=Appeal.objects.filter(outcome=Appeal.Outcome.LIFTED).count(),
        sanctions=sorted(kinds.values_list("kind", "n")),
        number=number,
        digest=digest,
    )
