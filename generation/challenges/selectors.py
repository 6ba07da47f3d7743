"""Queries about blind tests."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from curation.ballots.selectors import counting
from curation.models import Ballot, Candidate, Round
from curation.reputations.models import FrozenReputation
from generation.challenges.models import Challenge, TwinPair
from generation.challenges.rules import Answer
from generation.versions.models import ModelVersion

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
    pictures that both still hang.
    """
    twins = list(TwinPair.objects.filter(challenge=challenge, round__tally__isnull=False))
    jobs = {twin.champion_job: 0.0 for twin in twins} | {t.challenger_job: 1.0 for t in twins}
    prompts = {twin.challenger_job: twin.prompt for twin in twins}
    hanging = Candidate.objects.filter(job_key__in=jobs, status=Candidate.Status.PUBLISHED)
    known = dict(hanging.values_list("digest", "job_key"))
    sides = {digest: jobs[key] for digest, key in known.items()}
    found: list[tuple[int, Answer]] = []
    for round_id in sorted({twin.round_id for twin in twins}):
        trusted = set(
            FrozenReputation.objects.filter(round=round_id, value__gt=0).values_list(
                "member__address", flat=True
            )
        )
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


def rounds_counted(challenge: Challenge) -> int:
    """In how many counted rounds a test had twins."""
    twins = TwinPair.objects.filter(challenge=challenge, round__tally__isnull=False)
    return twins.values("round").distinct().count()


def usual_votes() -> float:
    """How many ballots the median voter gave in the newest counted round; 0 before there is one."""
    newest = Round.objects.filter(tally__isnull=False).order_by("-pk").first()
    if newest is None:
        return 0.0
    by_voter = counting(newest.pk).order_by().values("voter").annotate(votes=Count("pk"))
    return median(by_voter.values_list("votes", flat=True) or [0])
