"""Kill web processes and PostgreSQL while people vote: what was acknowledged is there, once."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.project.stack.helpers import eventually

from .posters import Poster, Seat
from .station import PollingStation

KILLS = 300 if os.environ.get("SALON_SOAK") == "1" else 30
WANTED_PER_S, POSTERS = 100, 8
pytestmark = pytest.mark.faults


@pytest.fixture
def posters(station) -> Iterator[list[Poster]]:
    """Many voters, a hundred ballots a second between them, or as many as the machine gives."""
    seats = [Seat(station.facts, number) for number in range(len(station.facts["voters"]))]
    made = [
        Poster(station.ports, seats[n::POSTERS], every_s=POSTERS / WANTED_PER_S)
        for n in range(POSTERS)
    ]
    for poster in made:
        poster.start()
    yield made
    for poster in made:
        poster.done.set()


def acknowledged(posters: list[Poster]) -> int:
    assert [fault for poster in posters for fault in poster.wrong] == []
    return sum(len(poster.receipts) for poster in posters)


def test_threat_30_every_acknowledged_ballot_is_there_once_after_kills(station, posters) -> None:
    seed = int(os.environ.get("SALON_SEED") or time.time())
    rng = random.Random(seed)
    print(f"\nSALON_SEED={seed}", flush=True)
    eventually(lambda: acknowledged(posters) >= 100, 60)
    begun, hits = time.monotonic(), Counter()
    for _ in range(KILLS):
        before = acknowledged(posters)
        hits[station.kill(rng)] += 1
        time.sleep(rng.uniform(0.2, 1))
        eventually(lambda before=before: acknowledged(posters) >= before + 20, 60)
    took_s = time.monotonic() - begun
    for poster in posters:
        poster.done.set()
    for poster in posters:
        poster.join(60)  # whoever waits for a receipt gets it first
        assert not poster.is_alive()
    total = acknowledged(posters)
    repeats, failures = (sum(getattr(p, name) for p in posters) for name in ("repeats", "failures"))
    print(
        f"{KILLS} kills in {took_s:.0f} s ({dict(hits)}): {total} ballots acknowledged, "
        f"{total / took_s:.0f} a second; {failures} times nobody answered, {repeats} of the "
        "ballots had been accepted when they were sent again"
    )
    check(station, posters)


def check(station: PollingStation, posters: list[Poster]) -> None:
    """What people hold in their hands against what the database holds."""
    receipts = {
        digest: receipt for poster in posters for digest, receipt in poster.receipts.items()
    }
    rows = station.rows(
        "SELECT b.digest, m.address, to_char(b.accepted_at AT TIME ZONE 'UTC', "
        '\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\'), b.nonce FROM curation_ballot b '
        "JOIN curation_member m ON m.id = b.voter_id"
    )
    assert max(Counter(digest for digest, *_ in rows).values()) == 1
    found = {digest: (address, at) for digest, address, at, _ in rows}
    assert found == {
        d: (receipt["voter"], receipt["accepted_at"]) for d, receipt in receipts.items()
    }
    said = Counter((address, nonce) for _, address, _, nonce in rows)
    assert max(said.values()) == 1
    highest = station.rows(
        "SELECT v.last_nonce, (SELECT max(nonce) FROM curation_ballot b "
        "WHERE b.voter_id = v.member_id) FROM curation_voter v"
    )
    assert all(last == most for last, most in highest)
