"""Rounds to judge and ballots on them, for tests that are not about signatures."""

from __future__ import annotations

import itertools

from django.utils import timezone

from curation.galleries import files
from curation.models import Ballot, Candidate, Decoy, Member, Round, ServedPair
from curation.reputations.services import note_test
from tests.factories import RoundFactory, picture, publish

_numbers = itertools.count(10_000)


def round_with(prompts: int, seeds: int, **changes: object) -> Round:
    """A round with that many prompts, each drawn from so many seeds."""
    round_ = RoundFactory(**changes)
    for prompt in range(prompts):
        for _ in range(seeds):
            publish(round_, next(_numbers), prompt=f"prompt {prompt} of {round_.pk}")
    return round_


def decoy_of(candidate: Candidate) -> Decoy:
    """A stored twin, degraded in name only."""
    stored = files.store_picture(picture(next(_numbers)))
    return Decoy.objects.create(digest=stored.digest, original=candidate, recipe="for a test")


def judge(pair: ServedPair, chosen: str = "", *, outcome: int = 0) -> Ballot:
    """A ballot on a served pair, as accepted now: for one of the two, else the lower digest."""
    ballot = cast(
        pair.member,
        pair.round,
        (pair.low, pair.high),
        chosen=chosen or pair.low,
        outcome=outcome,
        pair=pair,
    )
    if pair.kind != ServedPair.Kind.PREFERENCE:
        note_test(member_id=pair.member_id)
    return ballot


def cast(
    member: Member,
    round_: Round,
    digests: tuple[str, str],
    *,
    chosen: str,
    outcome: int = 0,
    pair: ServedPair | None = None,
) -> Ballot:
    """A ballot's row; nobody signed it."""
    number = next(_numbers)
    low, high = digests
    return Ballot.objects.create(
        digest=f"{number:064x}",
        round=round_,
        voter=member,
        chosen=chosen,
        rejected=high if chosen == low else low,
        low=low,
        high=high,
        outcome=outcome,
        nonce=number,
        issued_at=int(timezone.now().timestamp()),
        signer="wallet",
        signature="00",
        wallet_kind="eoa",
        pair=pair,
        accepted_at=timezone.now(),
    )


def waiting(member: Member, round_: Round) -> list[ServedPair]:
    """What a member was served and has not judged, the first one first."""
    judged = Ballot.objects.filter(voter=member, pair__isnull=False).values("pair")
    rows = ServedPair.objects.filter(member=member, round=round_).exclude(pk__in=judged)
    return list(rows.order_by("pk"))
