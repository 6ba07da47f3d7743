"""The verifier's solver is another than the site's: both come to the same scores and ranks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from curation.standings.counting import Entry
from curation.standings.parameters import Parameters
from curation.standings.ranking import Place, ranked
from tests.curation.standings.verifying import program
from tests.curation.standings.votes import Arrays, drawn, served


def names(n: int) -> list[str]:
    return [f"{number:064x}" for number in range(n)]


def places_of(n: int, votes: Arrays, parameters: Parameters) -> tuple[list[Entry], list[Place]]:
    digests = names(n)
    entries = [
        Entry("0x", *sorted((digests[c], digests[r])), 1, number, "preference")
        if tie
        else Entry("0x", digests[c], digests[r], 0, number, "preference")
        for number, (c, r, _, tie) in enumerate(zip(*votes, strict=True))
    ]
    return entries, ranked(digests, entries, [float(w) for w in votes[2]], parameters)


def faults(n: int, votes: Arrays, **changes: Any) -> list[str]:
    """What the verifier has against the site's standings of these votes."""
    parameters = Parameters(**changes)
    entries, places = places_of(n, votes, parameters)
    row = program().Row
    bundle = row(
        parameters=row(parameters.as_json()),
        candidates={name: row(status="published", trial=False) for name in names(n)},
        ballots={
            entry.nonce: row(
                chosen=entry.chosen,
                rejected=entry.rejected,
                outcome=entry.outcome,
                weight=float(weight),
            )
            for entry, weight in zip(entries, votes[2], strict=True)
        },
        standings={
            place.digest: row({k: v for k, v in vars(place).items() if k != "share_bps"})
            for place in places
        },
    )
    return [fault for fault in program().standing_faults(bundle) if fault]


@pytest.mark.parametrize("draw", [drawn, served])
@pytest.mark.parametrize(
    ("n", "ballots"), [(4, 5), (12, 40), (40, 3000), (300, 900), (200, 20_000)]
)
def test_scores_deviations_and_ranks_are_the_same(n, ballots, draw):
    for seed in range(3 if ballots < 10_000 else 1):
        assert faults(n, draw(n, ballots, seed=seed)) == []


@pytest.mark.parametrize("prior", [0.1, 1.5, 10.0])
def test_priors_of_any_width_come_to_the_same(prior):
    assert faults(60, drawn(60, 500), prior_deviation=prior) == []


def test_the_undefeated_and_those_never_compared_come_to_the_same():
    chosen, rejected = np.zeros(500, int), np.arange(500) % 7 + 1
    weights, ties = np.full(500, 3.0), np.zeros(500, bool)
    assert faults(12, (chosen, rejected, weights, ties)) == []


def test_thousands_of_candidates_come_to_the_same():
    assert faults(2_001, drawn(2_001, 8_000)) == []


def test_a_score_that_is_off_by_its_last_digit_is_told():
    n, votes = 12, drawn(12, 200)
    _, places = places_of(n, votes, Parameters())
    assert len({place.score for place in places}) == n
    digest = places[4].digest
    row = program().Row
    bent = {
        place.digest: row(vars(place) | {"score": place.score + (place.digest == digest) * 1e-6})
        for place in places
    }
    due = {place.digest: row(vars(place)) for place in places}
    assert len(list(program().differing(bent, due))) == 1
