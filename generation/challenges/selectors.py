"""Queries about blind tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from statistics import median

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from curation.ballots.selectors import counting
from curation.models import Ballot, Candidate, Round
from curation.reputations.models import FrozenReputation
from generation.challenges.models import Challenge, TwinPair
from generation.challenges.rules import LEAST_JUDGES, Answer
from generation.versions.models import ModelVersion

LOOKED_AT = 12  # rounds, for how much people vote
UNDECIDED = (Challenge.Status.WAITING, Challenge.Status.RUNNING)


def challenge_of(champion: ModelVersion) -> Challenge | None:
    """The test that waits or runs against a version."""
    return Challenge.objects.filter(champion=champion, status__in=UNDECIDED).first()


def is_trial(job_key: str) -> bool:
    """Whether a job draws a twin of a blind test."""
    twins = TwinPair.objects.filter(Q(champion_job=job_key) | Q(challenger_job=job_key))
    return twins.exists()


def rounds_to_count() -> QuerySet[Round]:
    """Counted rounds with twins of a running test that were not counted there, the oldest first."""
    waiting = TwinPair.objects.filter(
        round=OuterRef("pk"), counted_at=None, challenge__status=Challenge.Status.RUNNING
    )
    return Round.objects.filter(Exists(waiting), tally__isnull=False).order_by("pk")


def answers_of(challenge: Challenge) -> Iterator[Answer]:
    """Ballots on a test's twins in rounds that are counted, by acceptance.

    Of each voter and pair the one that stands; of voters with a reputation in that round; on
    pictures that both hung when their round was counted.
    """
    twins = list(TwinPair.objects.filter(challenge=challenge, hung=True).exclude(counted_at=None))
    jobs = {twin.champion_job: 0.0 for twin in twins} | {t.challenger_job: 1.0 for t in twins}
    prompts = {twin.challenger_job: twin.prompt for twin in twins}
    drawn = Candidate.objects.filter(job_key__in=jobs)
    known = dict(drawn.values_list("digest", "job_key"))
    sides = {digest: jobs[key] for digest, key in known.items()}
    found: list[tuple[int, Answer]] = []
    for round_id in sorted({twin.round_id for twin in twins}):
        trusted = set(_trusted(round_id).values_list("member__address", flat=True))
        rows = counting(round_id).filter(low__in=sides, high__in=sides, pair__kind="trial")
        for pk, address, chosen, rejected, outcome in rows.values_list(
            *("pk", "voter__address", "chosen", "rejected", "outcome")
        ):
            if address in trusted and sides[chosen] != sides[rejected]:
                score = 0.5 if outcome == Ballot.Outcome.TIE else sides[chosen]
                challengers = chosen if sides[chosen] else rejected
                prompt = prompts[known[challengers]]
                found.append((pk, Answer(address, prompt, score, round_id)))
    for _, answer in sorted(found, key=lambda row: row[0]):
        yield answer


def _trusted(round_id: int) -> QuerySet[FrozenReputation]:
    return FrozenReputation.objects.filter(round=round_id, value__gt=0)


def jobs_that_hang(twins: Iterable[TwinPair]) -> set[str]:
    """Keys of those jobs of twins whose pictures hang now."""
    keys = [key for twin in twins for key in (twin.champion_job, twin.challenger_job)]
    hanging = Candidate.objects.filter(job_key__in=keys, status=Candidate.Status.PUBLISHED)
    return set(hanging.values_list("job_key", flat=True))


def waits_for_an_earlier_round(challenge: Challenge, round_id: int) -> bool:
    """Whether a round with twins of a test began before another one and is not counted yet."""
    began = Round.objects.values_list("opened_at", flat=True).get(pk=round_id)
    twins = TwinPair.objects.filter(challenge=challenge, counted_at=None)
    waiting = twins.exclude(round__status=Round.Status.CANCELLED)
    return waiting.filter(round__opened_at__lt=began).exists()


def usual_votes() -> float:
    """How many ballots the median trusted voter gave in the newest round that had a few of them.

    0 before there was one.
    """
    newest = Round.objects.filter(tally__isnull=False).order_by("-pk")
    for round_id in newest.values_list("pk", flat=True)[:LOOKED_AT]:
        by_voter = counting(round_id).order_by().values("voter").annotate(votes=Count("pk"))
        trusted = by_voter.filter(voter__in=_trusted(round_id).values("member"))
        votes = list(trusted.values_list("votes", flat=True))
        if len(votes) >= LEAST_JUDGES:
            return median(votes)
    return 0.0
