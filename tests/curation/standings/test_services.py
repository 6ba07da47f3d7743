"""Tallies: published once, whole or not at all, from what was frozen and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from curation.galleries.models import Round
from curation.galleries.signals import tally_published
from curation.live.models import Event
from curation.models import Ballot, Reputation, Stake
from curation.standings import services
from curation.standings.bundle import bundle_name
from curation.standings.errors import BallotsUnanchored, RoundNotClosed
from curation.standings.models import Standing, Tally
from curation.standings.selectors import standings_of, tally_of
from curation.standings.services import publish_tally
from tests.curation.standings.full_round import ETHER, Court, crowd, full_round

pytestmark = pytest.mark.django_db


def publish(court: Court, **changes: object) -> Tally:
    return publish_tally(round_id=court.round.pk, facts=replace(court.facts, **changes))


def bundle_of(tally: Tally) -> dict:
    with default_storage.open(bundle_name(tally.bundle_digest)) as file:
        return json.loads(file.read())


@pytest.fixture
def simple() -> Court:
    """Two jurors who agree on three candidates; nobody has principal or stakes."""
    court = Court(candidates=3)
    for juror in crowd(court, (0.5, 1.0)):
        juror.vote(court.digests[0], court.digests[1])
        juror.vote(court.digests[0], court.digests[2], 12)
    court.close()
    return court


def test_tally_is_what_the_ballots_say(simple):
    tally = publish(simple)
    assert (tally.ballots_count, tally.counted_count, tally.voters_count) == (4, 4, 2)
    assert tally.weight_total == 3.0
    assert tally.effective_count == pytest.approx(9 / 2.5)
    assert tally.ballots_root == simple.facts.roots[-1]
    first, second, third = standings_of(simple.round)
    assert first.candidate.digest == simple.digests[0]
    assert (first.rank, first.comparisons, first.weight, first.share_bps) == (1, 4, 3.0, 6000)
    assert second.score == third.score  # a draw: the lower digest comes first
    assert [second.candidate.digest, third.candidate.digest] == simple.digests[1:]
    assert [second.share_bps, third.share_bps] == [2500, 1500]
    assert tally_of(simple.round) == tally


def test_every_ballot_gets_its_weight_and_reason(simple):
    publish(simple)
    assert sorted(simple.round.ballots.values_list("weight", "why")) == [
        *[(0.5, "counted")] * 2,
        *[(1.0, "counted")] * 2,
    ]


def test_bundle_and_database_say_the_same():
    court = full_round()
    tally = publish(court)
    bundle = bundle_of(tally)
    stored = {row.digest: (row.weight, row.why) for row in court.round.ballots.all()}
    assert stored == {row["digest"]: (row["weight"], row["why"]) for row in bundle["ballots"]}
    rows = standings_of(court.round).values_list("candidate__digest", "rank", "score", "weight")
    told = [(r["digest"], r["rank"], r["score"], r["weight"]) for r in bundle["standings"]]
    assert list(rows) == told
    assert tally.parameters == bundle["parameters"]
    assert tally.code_version == bundle["code_version"]
    assert tally.bundle_bytes == default_storage.size(bundle_name(tally.bundle_digest))


def test_a_second_call_returns_the_first_tally(simple):
    first = publish(simple)
    again = publish(simple, principal_wei={}, roots=("ff" * 32,))
    assert again == first
    assert again.bundle_digest == first.bundle_digest
    assert Event.objects.filter(kind="tally_published").count() == 1


@pytest.mark.parametrize("status", [Round.Status.OPEN, Round.Status.CANCELLED])
def test_only_a_closed_round_is_counted(simple, status):
    Round.objects.filter(pk=simple.round.pk).update(status=status)
    with pytest.raises(RoundNotClosed):
        publish(simple)
    assert not Ballot.objects.exclude(why="").exists()


def test_ballots_that_the_chain_does_not_cover_are_not_counted(simple):
    with pytest.raises(BallotsUnanchored):
        publish(simple, roots=("ff" * 32,))
    Ballot.objects.filter(pk=simple.round.ballots.first().pk).update(anchor=None)
    with pytest.raises(BallotsUnanchored):
        publish(simple)
    assert not Tally.objects.exists()


def test_a_ballot_dropped_after_its_root_was_anchored_is_not_overlooked(simple):
    simple.round.ballots.first().delete()
    with pytest.raises(BallotsUnanchored):
        publish(simple)


def test_a_round_that_the_chain_gave_back_is_counted_and_pays_nobody(simple):
    tally = publish(simple, refundable="It was vetoed.", roots=())
    assert tally.no_winner == "It was vetoed."
    assert not Standing.objects.exclude(share_bps=0).exists()
    assert standings_of(simple.round).first().rank == 1


def test_a_round_on_no_chain_is_counted_without_winners(simple):
    tally = publish(simple, anchored=frozenset(), snapshot=None, roots=())
    assert tally.no_winner == "No candidate is on the chain."
    assert tally.counted_count == 4


def test_a_candidate_compared_too_little_does_not_win(simple):
    simple.round.ballots.update(outcome=2)
    assert publish(simple).no_winner == "No ballot counted."


def test_hidden_candidates_have_no_standing(simple):
    simple.candidates[0].status = "hidden"
    simple.candidates[0].save()
    tally = publish(simple)
    assert tally.counted_count == 0
    assert set(simple.round.ballots.values_list("why", flat=True)) == {"moderated"}
    digests = [row.candidate.digest for row in standings_of(simple.round)]
    assert digests == simple.digests[1:]
    taken = bundle_of(tally)["candidates"][0]
    assert (taken["status"], taken["prompt"]) == ("hidden", "")


def test_threat_08_stake_that_came_after_the_snapshot_weighs_nothing(simple):
    """A flash loan or a stake just before the count: only the snapshot's principal is asked."""
    juror = simple.round.ballots.order_by("pk").first().voter
    facts = {"round_id": 10**6, "digest": "aa" * 32, "staked_wei": 10**6 * ETHER}
    Stake.objects.create(address=juror.address, **facts)  # locked today, in another round
    publish(simple)
    weights = simple.round.ballots.filter(voter=juror).values_list("weight", flat=True)
    assert list(weights) == [0.5, 0.5]


def test_principal_at_the_snapshot_weighs_as_its_capped_root(simple):
    low, high = (row.voter for row in simple.round.ballots.order_by("pk")[:3:2])
    publish(simple, principal_wei={low.address: 225 * ETHER, high.address: 10**9 * ETHER})
    weights = dict(simple.round.ballots.values_list("voter__address", "weight"))
    assert weights[low.address] == 0.75  # 0.5 · √2.25
    assert weights[high.address] == 1.5  # 1 · 3, capped: two ballots with the same candidate


def test_threat_09_what_changed_since_the_round_opened_changes_no_weight(simple):
    """Stake, vote, unstake: principal and reputations are those of the opening."""
    juror = simple.round.ballots.order_by("-pk").first().voter
    principal = {juror.address: 225 * ETHER}
    Reputation.objects.update_or_create(member=juror, defaults={"value": 0.0})
    row = Stake.objects.create(
        address=juror.address, round_id=10**6, digest="aa" * 32, staked_wei=225 * ETHER
    )
    Stake.objects.filter(pk=row.pk).update(withdrawn_wei=225 * ETHER)
    publish(simple, principal_wei=principal)
    weights = simple.round.ballots.filter(voter=juror).values_list("weight", flat=True)
    assert list(weights) == [1.5, 1.5]


def test_bundle_lies_in_storage_before_the_tally_commits(simple, monkeypatch):
    """A crash in between leaves a file that nothing points to, and the next try succeeds."""

    class Crash(BaseException):
        pass

    def crash(*_: object, **__: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(services, "_record", crash)
        with pytest.raises(Crash), transaction.atomic():
            publish(simple)
    assert not Tally.objects.exists()
    assert not Ballot.objects.exclude(why="").exists()
    assert default_storage.listdir("bundles")[1]
    tally = publish(simple)
    assert bundle_of(tally)["round"]["id"] == simple.round.pk


def test_the_wall_and_whoever_listens_hear_of_it(simple, django_capture_on_commit_callbacks):
    heard = []

    def hear(sender: object, *, round_id: int, **_: object) -> None:
        heard.append(round_id)

    tally_published.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            publish(simple)
            publish(simple)
    finally:
        tally_published.disconnect(hear)
    assert heard == [simple.round.pk]
    assert Event.objects.get(kind="tally_published").payload == {}


def test_reliabilities_learn_once(simple):
    publish(simple)
    before = list(Reputation.objects.order_by("pk").values_list("agreed", "disagreed"))
    assert len(before) == 2
    publish(simple)
    assert list(Reputation.objects.order_by("pk").values_list("agreed", "disagreed")) == before


def test_newcomers_count_where_they_are_meant_to(simple, settings):
    settings.NEWCOMERS_COUNT = False
    assert bundle_of(publish(simple))["parameters"]["newcomers_count"] is False


def test_published_at_is_after_the_close(simple):
    now = timezone.now()
    assert timedelta() <= publish(simple).published_at - now < timedelta(minutes=1)
