"""How the indexer goes on, waits and stops."""

from __future__ import annotations

import random

import pytest
from django.core.management import call_command

from chain.indexer import store
from chain.indexer.errors import FinalityBroken, NodeBehind, Overtaken
from chain.indexer.models import Block, Log, Progress
from chain.indexer.selectors import final_block
from chain.operator.models import Deployment
from curation.stakes.models import Activity
from tests.chain.indexer.model import tables
from tests.chain.indexer.scripted import CHAIN_ID, CURATION, Refuse
from tests.chain.indexer.stories import MEMBERS, grow

ADA, BOB = MEMBERS[:2]
TIMES = (1_800_000_000, 1_800_000_000, 1_900_000_000, 300)
pytestmark = pytest.mark.django_db


def catch_up(indexer) -> None:
    while indexer.step():
        pass


@pytest.fixture
def site(scripted, deployed, follower):
    """The site follows the scripted chain; hands out what its process runs."""
    deployed(scripted.url)
    return follower


def test_nothing_deployed_is_waited_for(site):
    Deployment.objects.filter(name="SalonToken").delete()
    assert site.once() > 1
    assert not Progress.objects.exists()


def test_final_block_that_changes_halts_for_good_and_says_so(scripted, site, client, caplog):
    grow(scripted, random.Random(1), 20)
    scripted.final = 15
    while site.once() == 0:
        pass
    assert final_block(CHAIN_ID) == 15
    before = tables()
    scripted.reorg(8)
    grow(scripted, random.Random(2), 12)
    for _ in range(4):
        site.once()
    halted = Progress.objects.get().halted
    assert "Block 15 was final" in halted
    assert tables() == before
    assert client.get("/readyz").json()["checks"]["indexer"] == f"halted: {halted}"
    assert [r for r in caplog.records if r.levelname == "ERROR" and halted in str(r.msg)]
    asked = len(scripted.asked)
    site.once()
    assert len(scripted.asked) == asked  # it does not even ask any more


def test_halt_is_cleared_by_hand_and_everything_read_again(scripted, site, client, capsys):
    grow(scripted, random.Random(1), 10)
    while site.once() == 0:
        pass
    right = tables()
    store.halt(CHAIN_ID, "Somebody lied.")
    site.once()
    call_command("run_indexer", "--resume")
    call_command("run_indexer", "--resume")
    assert capsys.readouterr().out == "The indexer goes on.\nIt was not halted.\n"
    Activity.objects.all().delete()
    call_command("rebuild_projections")
    assert "Made anew from" in capsys.readouterr().out
    assert tables() == right
    store.halt(CHAIN_ID, "Again.")
    call_command("run_indexer", "--anew")
    assert not Log.objects.exists()
    while site.once() == 0:
        pass
    assert tables() == right
    assert "indexer" not in client.get("/readyz").json()["checks"]


def test_reorg_down_to_the_final_block_is_no_reason_to_halt(scripted, indexer):
    grow(scripted, random.Random(1), 20)
    scripted.final = 15
    following = indexer()
    catch_up(following)
    scripted.reorg(5)
    grow(scripted, random.Random(2), 9)
    catch_up(following)
    assert Block.objects.get(pk=16).hash == scripted.blocks[16].header["hash"][2:]
    scripted.reorg(scripted.head - 14)
    grow(scripted, random.Random(3), 9)
    with pytest.raises(FinalityBroken):
        following.step()


def test_finality_that_goes_back_is_not_believed(scripted, indexer):
    grow(scripted, random.Random(1), 20)
    scripted.final = 15
    catch_up(indexer())
    scripted.final = 3
    scripted.mine()
    catch_up(indexer())
    assert final_block(CHAIN_ID) == 15


def test_chain_without_finality_counts_blocks_and_one_with_it_is_not_misjudged(scripted, provider):
    grow(scripted, random.Random(1), 20)
    asked = provider(scripted.url, finality_depth=6)
    assert asked.final(20) == 14
    scripted.final = 2
    assert asked.final(20) == 14  # asked once, known ever after
    able = provider(scripted.url, finality_depth=6)
    assert able.final(20) == 2
    scripted.final = None  # refused for another reason: too many requests
    with pytest.raises(NodeBehind):
        able.final(20)


def test_node_behind_is_waited_for_and_nothing_is_taken_back(scripted, indexer):
    grow(scripted, random.Random(1), 10)
    following = indexer()
    catch_up(following)
    before, kept = tables(), scripted.blocks[-4:]
    scripted.reorg(4)
    with pytest.raises(NodeBehind):
        following.step()
    assert tables() == before
    scripted.blocks += kept
    assert not following.step()


def test_shorter_chain_with_another_head_is_followed(scripted, indexer):
    grow(scripted, random.Random(1), 10)
    following = indexer()
    catch_up(following)
    scripted.reorg(5)
    grow(scripted, random.Random(2), 2)
    catch_up(following)
    assert Progress.objects.get().next_block == scripted.head + 1 == 8


def test_node_that_is_away_is_asked_ever_more_rarely_and_found_again(scripted, site):
    def away(method, params, result):
        raise Refuse("away")

    grow(scripted, random.Random(1), 5)
    scripted.meddle = away
    pauses = [site.once() for _ in range(6)]
    assert pauses == sorted(pauses)
    assert 20 < pauses[-1] <= 30
    scripted.meddle = lambda method, params, result: result
    while site.once() == 0:
        pass
    assert Progress.objects.get().next_block == 6
    assert site.failures == 0


@pytest.mark.parametrize(
    "nonsense", [None, 7, "0x", [], {}, {"number": "0x5"}, [None], [{"removed": True}], [7]]
)
@pytest.mark.parametrize("method", ["eth_getBlockByNumber", "eth_getLogs", "eth_chainId"])
def test_nonsense_is_never_taken_for_an_answer(nonsense, method, scripted, site):
    def babble(asked, params, result):
        return nonsense if asked == method else result

    grow(scripted, random.Random(1), 5)
    scripted.meddle = babble
    for _ in range(4):
        site.once()
    empty = method == "eth_getLogs" and nonsense == []
    assert not Log.objects.exists()
    assert site.failures == 4 or empty
    if empty:
        assert "left out" in Progress.objects.get().halted


def test_two_writers_cannot_take_the_same_range_in(scripted, indexer, monkeypatch):
    grow(scripted, random.Random(1), 10)
    slow, quick = indexer(), indexer()
    check = slow.checks.check

    def overtaken(*args, **kwargs):
        catch_up(quick)
        check(*args, **kwargs)

    monkeypatch.setattr(slow.checks, "check", overtaken)
    with pytest.raises(Overtaken):
        slow.step()
    before = tables()
    store.rebuild(CHAIN_ID)
    assert tables() == before


def test_contracts_deployed_again_are_followed_from_their_start(scripted, site):
    grow(scripted, random.Random(1), 10)
    while site.once() == 0:
        pass
    Deployment.objects.filter(name="Curation").update(address="0x" + "cc" * 20)
    while site.once() == 0:
        pass
    assert not Activity.objects.exists()
    assert not Log.objects.filter(address__iexact=CURATION).exists()
    assert Progress.objects.get().next_block == 11
