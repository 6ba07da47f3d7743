"""What no honest contract says, or no round of ours is meant by, does not stop the indexer."""

from __future__ import annotations

import pytest

from chain.indexer import store
from chain.indexer.models import Log, Progress
from chain.indexer.selectors import Following
from tests.chain.indexer.conftest import FOLLOWING
from tests.chain.indexer.model import tables
from tests.chain.indexer.scripted import CHAIN_ID
from tests.chain.indexer.stories import DIGESTS, MEMBERS, NOBODY

ADA, BOB = MEMBERS[:2]
TIMES = (1_800_000_000, 1_800_000_000, 1_900_000_000, 300)
pytestmark = pytest.mark.django_db


def catch_up(indexer) -> None:
    while indexer.step():
        pass


ODD = (
    ("RoundOpened", 2**256 - 1, TIMES),
    ("RoundOpened", 2**63, TIMES),
    ("RoundOpened", 2**63 - 1, (2**48 - 1, 2**48 - 1, 2**48 - 1, 2**48 - 1)),
    ("Staked", 2**64, ADA, DIGESTS[0], 2**256 - 1),
    ("Staked", 99, ADA, DIGESTS[0], 2**208 - 1),  # of a round nobody opened
    ("Funded", 99, ADA, 5),
    ("RoundSettled", 99, 2**256 - 1, 2**256 - 1),
    ("ResultVetoed", 98, ADA),
    ("BallotsAnchored", 98, bytes(32)),
    ("ResultProposed", 2**63 - 1, [DIGESTS[0]] * 40, [65_535] * 39, bytes(32), bytes(32), 2**255),
    ("ResultProposed", 97, [], [], bytes(32), bytes(32), 0),
    ("CandidatesAnchored", 1, 2**255, bytes(32), 2**255, "x"),
    ("CandidatesAnchored", 1, 3, bytes(32), 2**255, "nul \0, tab \t, \\. and \n new line"),
    ("Refunded", 96, ADA, 1),
    ("Transfer", ADA, ADA, 7),
    ("Transfer", ADA, BOB, 2**256 - 1),
    ("Transfer", NOBODY, NOBODY, 7),
)


def test_odd_numbers_and_unknown_rounds_do_not_stop_it(scripted, indexer):
    for event in ODD:
        scripted.mine(event)
    following = indexer()
    catch_up(following)
    assert Progress.objects.get().next_block == len(ODD) + 1
    assert Log.objects.count() == len(ODD)
    now = tables()
    assert [row[0] for row in now["ChainRound"]] == [2**63 - 1]
    assert [(row[1], row[3], row[4]) for row in now["AnchoredBatch"]] == [
        (3, 2**31 - 1, "nul \ufffd, tab \t, \\. and \n new line")
    ]
    assert now["Balance"] == []
    store.rebuild(CHAIN_ID)
    assert tables() == now
    scripted.reorg(len(ODD))
    scripted.mine()
    catch_up(following)
    assert not any(tables().values())


def test_text_that_is_no_utf8_is_kept_readable(scripted, indexer):
    scripted.mine(("CandidatesAnchored", 1, 0, bytes(32), 1, "abc"))
    [log] = scripted.blocks[-1].logs
    log["data"] = log["data"].replace("616263", "ff6263")
    catch_up(indexer())
    assert tables()["AnchoredBatch"][0][4] == "\ufffdbc"


def test_logs_of_other_events_are_stored_and_say_nothing(scripted, indexer):
    scripted.mine(("Funded", 1, ADA, 5))
    scripted.blocks[-1].logs[0]["topics"] = ["0x" + "11" * 32]
    catch_up(indexer(following=Following(FOLLOWING.addresses, first=0)))
    assert Log.objects.count() == 1
    assert not any(tables().values())


def test_withdrawal_of_what_was_never_staked_halts(scripted, deployed, follower):
    deployed(scripted.url)
    scripted.mine(("RoundOpened", 1, TIMES))
    scripted.mine(("Withdrawn", 1, ADA, DIGESTS[0], 5, 0))
    for _ in range(4):
        follower.once()
    assert "never staked" in Progress.objects.get().halted
    assert tables()["ChainRound"] == []
