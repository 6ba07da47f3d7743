"""Starting, counting and deciding blind tests; promoting and rolling back what draws.

A decision, the versions' states and the log change in one transaction: a kill leaves the old
version live, or the new one, never none or both.
"""

from __future__ import annotations

from dataclasses import asdict

from django.db import connection, transaction
from django.utils import timezone

from curation.accounts.models import Member
from curation.live import services as live
from curation.models import Notification, Round
from curation.notifications.services import notify_members
from curation.status import advance
from generation.challenges import rules, selectors
from generation.challenges.errors import ChallengeRefused, NothingToGoBackTo
from generation.challenges.models import Challenge, TwinPair, VersionEvent
from generation.learning.sequential import Terms, Verdict
from generation.preferences.selectors import teachers_of
from generation.versions.models import ModelVersion
from generation.versions.selectors import live_version

Status, Kind = Challenge.Status, VersionEvent.Kind
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('what draws', 0))"


@transaction.atomic
def start_challenge(*, challenger: ModelVersion) -> Challenge:
    """Have a version tested against the live one, from the next round on.

    Its terms are fixed now. Asked twice, the test is the same.

    Raises:
        ChallengeRefused: it draws already or was retired, it was trained against another version
            than the live one, or another test is not decided yet.
        NoLiveVersion: there is nothing to test against.
    """
    _lock()
    challenger.refresh_from_db()
    if (found := Challenge.objects.filter(challenger=challenger).first()) is not None:
        return found
    champion = live_version()
    if challenger.status != ModelVersion.Status.DRAFT:
        raise ChallengeRefused(f"{challenger.slug} is {challenger.status}; only drafts are tested.")
    if challenger.parent_id != champion.pk:
        raise ChallengeRefused(
            f"{challenger.slug} was trained against another version than {champion.slug}, which "
            "draws now: its figures do not say anything about this one."
        )
    if (other := selectors.challenge_of(champion)) is not None:
        raise ChallengeRefused(f"{other.challenger.slug} is being tested already.")
    terms = rules.terms_for(selectors.usual_votes())
    advance(challenger, ModelVersion.GRAPH, ModelVersion.Status.CHALLENGER)
    _note(challenger, Kind.CHALLENGED, f"Tested against {champion.slug}.")
    return Challenge.objects.create(
        challenger=challenger, champion=champion, state={"terms": asdict(terms)}
    )


@transaction.atomic
def count_twins(*, round_id: int) -> Challenge | None:
    """Count what a counted round says of the test that ran in it, and decide if it is clear.

    Returns the test; None when the round had none that is running. A second call changes nothing.
    """
    _lock()
    twins = TwinPair.objects.filter(round=round_id, round__tally__isnull=False)
    waiting = twins.filter(counted_at=None, challenge__status=Status.RUNNING)
    first = waiting.select_related("challenge__challenger", "challenge__champion").first()
    if first is None:
        return None
    challenge = first.challenge
    now, hanging = timezone.now(), selectors.jobs_that_hang(waiting)
    for twin in waiting:
        twin.hung = {twin.champion_job, twin.challenger_job} <= hanging
        twin.counted_at = now
    TwinPair.objects.bulk_update(waiting, ["hung", "counted_at"])
    count = rules.counted(
        selectors.answers_of(challenge),
        terms=Terms(**challenge.state["terms"]),
        earlier_open=selectors.waits_for_an_earlier_round(challenge, round_id),
    )
    challenge.wins, challenge.losses, challenge.ties = count.wins, count.losses, count.ties
    challenge.voters_count, challenge.state = count.voters, count.state
    challenge.save(update_fields=["wins", "losses", "ties", "voters_count", "state"])
    if count.verdict is Verdict.PROMOTE:
        promote_model_version(version=challenge.challenger, reason=rules.why(count))
        challenge.refresh_from_db()
    elif count.verdict is Verdict.REJECT:
        _end(challenge, Status.REJECTED, rules.why(count))
        advance(challenge.challenger, ModelVersion.GRAPH, ModelVersion.Status.RETIRED)
        _note(challenge.challenger, Kind.REJECTED, rules.why(count))
    return challenge


@transaction.atomic
def promote_model_version(
    *, version: ModelVersion, reason: str, by: Member | None = None
) -> ModelVersion:
    """Let a version draw from now on; pictures under way keep the version they began with.

    Raises:
        ChallengeRefused: it draws already, or was never tested and nobody answers for it, or the
            weights it was made on are not here.
    """
    _lock()
    version.refresh_from_db()
    if version.status == ModelVersion.Status.LIVE:
        raise ChallengeRefused(f"{version.slug} draws already.")
    if by is None and version.status != ModelVersion.Status.CHALLENGER:
        raise ChallengeRefused(f"{version.slug} is {version.status}; it was not tested.")
    _make_live(version, Kind.PROMOTED, reason, by)
    notify_members(
        member_ids=teachers_of(version),
        kind=Notification.Kind.MODEL_PROMOTED,
        about=f"version:{version.slug}",
    )
    return version


@transaction.atomic
def roll_back(*, reason: str, by: Member | None = None) -> ModelVersion:
    """Let the version before the live one draw again; returns it.

    Raises:
        NothingToGoBackTo: the live version is a base.
        ChallengeRefused: the weights that the one before was made on are not here.
        NoLiveVersion: nothing draws.
    """
    _lock()
    champion = live_version()
    before = champion.parent
    if before is None:
        raise NothingToGoBackTo(f"{champion.slug} was not trained from anything here.")
    _note(champion, Kind.ROLLED_BACK, reason, by)
    _make_live(before, Kind.PROMOTED, f"{champion.slug} was rolled back: {reason}", by)
    return before


def _make_live(version: ModelVersion, kind: str, reason: str, by: Member | None) -> None:
    """Swap what draws, end the tests against the old version, and tell the open walls."""
    if not version.base:
        raise ChallengeRefused(
            f"{version.slug} was made on other weights than lie here now. Put those back and run "
            "`python manage.py prepare`, or train anew from the votes."
        )
    old = ModelVersion.objects.filter(status=ModelVersion.Status.LIVE).first()
    if old is not None:
        advance(old, ModelVersion.GRAPH, ModelVersion.Status.RETIRED)
    advance(version, ModelVersion.GRAPH, ModelVersion.Status.LIVE)
    _note(version, kind, reason, by)
    undecided = Challenge.objects.filter(status__in=selectors.UNDECIDED)
    for challenge in undecided.select_related("challenger"):
        if challenge.challenger_id == version.pk:
            _end(challenge, Status.PROMOTED, reason)
        else:
            _withdraw(challenge, f"{version.slug} draws now.")
    for round_ in Round.objects.filter(status=Round.Status.OPEN).order_by("pk"):
        live.append(stream=round_.stream, kind="model_promoted", payload={})


@transaction.atomic
def end_tests_of_other_bases() -> None:
    """End every test of a version that was made on another base than the one that draws."""
    _lock()
    champion = live_version()
    others = Challenge.objects.filter(status__in=selectors.UNDECIDED).exclude(
        challenger__base_hash=champion.base_hash
    )
    for challenge in others.select_related("challenger"):
        _withdraw(challenge, f"{champion.slug} draws now, which is another base.")


def _withdraw(challenge: Challenge, reason: str) -> None:
    _end(challenge, Status.WITHDRAWN, reason)
    challenger = challenge.challenger
    if challenger.status == ModelVersion.Status.CHALLENGER:
        advance(challenger, ModelVersion.GRAPH, ModelVersion.Status.RETIRED)
    _note(challenger, Kind.REJECTED, f"Its test was ended: {reason}")


def _end(challenge: Challenge, status: str, reason: str) -> None:
    if status == Status.PROMOTED and challenge.status == Status.WAITING:
        advance(challenge, Challenge.GRAPH, Status.RUNNING)  # somebody did not wait for a round
    challenge.decided_at, challenge.reason = timezone.now(), reason
    advance(challenge, Challenge.GRAPH, status, "decided_at", "reason")


def _note(version: ModelVersion, kind: str, reason: str, by: Member | None = None) -> None:
    VersionEvent.objects.create(version=version, kind=kind, reason=reason, by=by)


def _lock() -> None:
    """One at a time: what draws, and what is tested against it, belong together."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
