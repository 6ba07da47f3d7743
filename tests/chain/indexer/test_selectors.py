"""Reading what is stored, among much else that is stored."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from django.db import connection

from chain.indexer.decoding import layouts
from chain.indexer.models import Block, Log
from chain.indexer.selectors import logs_of_rounds
from chain.operator.selectors import CURATION, TOKEN, address_of
from chain.tallies.models import Snapshot
from chain.tallies.selectors import kin, roots_on_chain
from curation.stakes import events as ev
from tests.chain.indexer.conftest import FOLLOWING, deployed
from tests.chain.indexer.stories import MEMBERS

__all__ = ["deployed"]
NOON = datetime(2027, 1, 1, 12, tzinfo=UTC)
BUSY = 20_000
PAID_WEI = 200 * 10**18
ADA, BOB, *_ = MEMBERS


def topic(name: str, event: type) -> str:
    return next(topic for topic, (of, _) in layouts(name).items() if of is event)


def word(number: int) -> str:
    return f"{number:064x}"


@pytest.fixture
def crowded(deployed) -> None:
    """A log table of many rounds and payers, and a little of round 7 and of Ada and Bob."""
    deployed("http://127.0.0.1:1", FOLLOWING)
    rng = random.Random(3)
    Block.objects.create(number=1, hash="01" * 32, parent_hash="00" * 32, at=NOON)
    paid, staked = topic(TOKEN, ev.Transfer), topic(CURATION, ev.Staked)
    anchored = topic(CURATION, ev.BallotsAnchored)

    def log(contract: str, *topics: str, data: bytes = bytes(32)) -> None:
        logs.append(
            Log(
                block_id=1,
                log_index=len(logs),
                tx_hash="02" * 32,
                address=address_of(contract),
                topics=list(topics),
                data=data,
            )
        )

    logs: list[Log] = []
    for _ in range(BUSY // 2):
        log(TOKEN, paid, *(word(rng.getrandbits(160)) for _ in range(2)))
        log(CURATION, staked, word(rng.randrange(1_000, 10_000)), word(rng.getrandbits(160)))
    log(CURATION, anchored, word(7), data=bytes.fromhex("07" * 32))
    log(TOKEN, paid, *(word(int(one, 16)) for one in (ADA, BOB)), data=PAID_WEI.to_bytes(32))
    Log.objects.bulk_create(logs)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE chain_log")


def scans() -> int:
    """How often this transaction has read the whole table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'chain_log'")
        return cursor.fetchone()[0]


@pytest.mark.usefixtures("crowded")
def test_what_is_asked_of_a_round_or_of_members_reads_no_other_logs():
    before = scans()
    [log] = logs_of_rounds([7], [topic(CURATION, ev.BallotsAnchored)])
    assert log.data == "07" * 32
    assert roots_on_chain(7, until=1) == ["07" * 32]
    snapshot = Snapshot(block_number=1, block_hash="", at=NOON)
    assert kin([ADA, BOB], snapshot, {BOB: PAID_WEI}) == [tuple(sorted((ADA, BOB)))]
    assert scans() == before
