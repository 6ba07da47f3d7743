"""Writes about rounds and candidates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Max
from django.utils import timezone

from curation.briefs.models import Brief
from curation.briefs.services import complete_brief
from curation.errors import CurationError
from curation.galleries.models import Candidate, Round
from curation.galleries.signals import round_closed, round_opened
from curation.live import services as live
from curation.notifications.models import Notification
from curation.notifications.services import notify_member
from curation.reputations.services import freeze_reputations
from curation.stakes.models import ChainRound
from curation.status import advance
from curation.validators import services as validators
from curation.validators.errors import PictureRefused
from curation.validators.examining import UNEXAMINED, Examined, judge_nearness
from curation.validators.near import lock_hashes
from curation.validators.verdicts import Consequence, Verdict, consequence_of

_SKIP = """
    SELECT setval('curation_round_id_seq', %(most)s) FROM curation_round_id_seq
    WHERE last_value < %(most)s OR NOT is_called
"""


class RoundClosed(CurationError):
    """The round takes no more candidates."""


class RoundRefused(CurationError):
    """No round can be opened for this brief now."""


class DigestTaken(CurationError):
    """A candidate with exactly these bytes hangs already."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """All that made a candidate; names as in `Candidate`."""

    agent: str
    prompt: str
    negative_prompt: str
    primitives: list[str]
    seed: int
    scheduler: str
    steps: int
    guidance: float
    width: int
    height: int
    model_version: str
    base_hash: str
    adapter_hash: str
    job_key: str
    easel: str
    worker: str
    libraries: dict[str, str] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)


@transaction.atomic
def open_round(*, brief: Brief) -> Round:
    """Open the next round of a brief, with everybody's reputation as it is now; announce it.

    Raises:
        RoundRefused: the brief is not active, has an open round or has had all its rounds.
    """
    brief = Brief.objects.select_for_update().get(pk=brief.pk)
    held = brief.rounds.count()
    if brief.status != Brief.Status.ACTIVE or held >= brief.rounds_planned:
        raise RoundRefused(f"{brief} takes no more rounds.")
    if brief.rounds.filter(status=Round.Status.OPEN).exists():
        raise RoundRefused(f"{brief} has an open round already.")
    now = timezone.now()
    closes_at = now + timedelta(minutes=brief.round_minutes)
    if brief.deadline:
        closes_at = min(closes_at, brief.deadline)
    if closes_at <= now:
        raise RoundRefused(f"The deadline of {brief} has passed.")
    _skip_numbers_of_the_chain()
    opened = Round.objects.create(
        brief=brief,
        number=held + 1,
        opened_at=now,
        closes_at=closes_at,
        candidates_wanted=brief.candidates_per_round,
    )
    freeze_reputations(round_=opened)
    notify_member(
        member_id=brief.posted_by_id,
        kind=Notification.Kind.BRIEF_ROUND,
        about=f"round:{opened.pk}",
    )
    live.append(stream=opened.stream, kind="round_opened", payload={})
    transaction.on_commit(partial(round_opened.send_robust, Round, round_id=opened.pk))
    return opened


def _skip_numbers_of_the_chain() -> None:
    """A contract knows rounds by their ids: one from a restored backup may have more than we do."""
    most = ChainRound.objects.aggregate(most=Max("pk"))["most"]
    if most:
        with connection.cursor() as cursor:
            cursor.execute(_SKIP, {"most": most})


@transaction.atomic
def close_round(*, round_: Round) -> None:
    """Close an open round and announce it; its sealed facts can be read from now on.

    Raises:
        TransitionRefused: it is closed or cancelled already.
    """
    list(Round.objects.select_for_update().filter(pk=round_.pk))  # waits for ballots under way
    round_.closed_at = timezone.now()
    advance(round_, Round.GRAPH, Round.Status.CLOSED, "closed_at")
    live.append(stream=round_.stream, kind="round_closed", payload={})
    transaction.on_commit(partial(round_closed.send_robust, Round, round_id=round_.pk))


@transaction.atomic
def publish_candidate(
    *,
    round_id: int,
    digest: str,
    size_bytes: int,
    provenance: Provenance,
    trial: bool = False,
    examined: Examined = UNEXAMINED,
) -> Candidate:
    """Hang a stored picture on its round's wall; a twin of a blind test is kept off it.

    What validators said is kept with it. If one of them wants it held, it hangs nowhere and nobody
    is told before a moderator approves it.

    Raises:
        RoundClosed: the round closed while it was being drawn.
        DigestTaken: these exact bytes hang already.
        PictureRefused: a validator wants it dropped.
    """
    round_ = Round.objects.select_for_update(no_key=True).get(pk=round_id)
    if not round_.is_open:
        raise RoundClosed(f"Round {round_id} is {round_.status}.")
    verdicts = _verdicts(digest, examined)
    consequence = consequence_of(verdicts)
    if consequence is Consequence.DROP:
        raise PictureRefused(verdicts)
    held = consequence is Consequence.HOLD
    try:
        with transaction.atomic():
            candidate = Candidate.objects.create(
                round=round_,
                status=Candidate.Status.HELD if held else Candidate.Status.PUBLISHED,
                digest=digest,
                size_bytes=size_bytes,
                trial=trial,
                **vars(provenance),
            )
    except IntegrityError as error:
        if Candidate.objects.filter(digest=digest).exists():
            raise DigestTaken(f"{digest} hangs already.") from error
        raise
    _keep(candidate, verdicts, examined)
    if not held:
        hang(candidate)
    return candidate


def _verdicts(digest: str, examined: Examined) -> list[Verdict]:
    """All verdicts on a picture; whether it is near another is judged here, under a lock."""
    verdicts = list(examined.verdicts)
    if examined.fingerprint is None or Candidate.objects.filter(digest=digest).exists():
        return verdicts
    lock_hashes()
    nearness = judge_nearness(examined.fingerprint)
    return [*verdicts, nearness] if nearness else verdicts


def _keep(candidate: Candidate, verdicts: list[Verdict], examined: Examined) -> None:
    validators.record_picture(
        round_id=candidate.round_id,
        job_key=candidate.job_key,
        prompt=candidate.prompt,
        verdicts=verdicts,
        candidate=candidate,
    )
    if examined.fingerprint is not None:
        validators.record_fingerprint(candidate=candidate, fingerprint=examined.fingerprint)


def hang(candidate: Candidate) -> None:
    """Count and announce a candidate that hangs from now on; twins hang on no wall."""
    if candidate.trial:
        return
    Round.objects.filter(pk=candidate.round_id).update(candidates_count=F("candidates_count") + 1)
    payload = {"candidate": candidate.pk}
    live.append(stream=candidate.round.stream, kind="candidate_published", payload=payload)


def keep_rounds_going() -> None:
    """Close rounds whose time is up, open the next ones, complete briefs that are done."""
    from curation.briefs.selectors import briefs_in_need_of_a_round  # noqa: PLC0415 - no cycle

    now = timezone.now()
    for due in Round.objects.filter(status=Round.Status.OPEN, closes_at__lte=now):
        close_round(round_=due)
    for brief in briefs_in_need_of_a_round():
        over = brief.rounds.count() >= brief.rounds_planned
        if over or (brief.deadline and brief.deadline <= now):
            complete_brief(brief=brief)
        else:
            open_round(brief=brief)
