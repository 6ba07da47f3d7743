"""Blind tests: started once, counted from closed rounds, decided whole, and undone."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from curation.galleries.takedowns import hide_candidate
from curation.live.models import Event
from curation.models import Ballot, Candidate, Round
from curation.reputations.models import FrozenReputation
from generation.challenges import services
from generation.challenges.errors import ChallengeRefused, NothingToGoBackTo
from generation.challenges.selectors import rounds_to_count, waits_for_an_earlier_round
from generation.challenges.services import (
    count_twins,
    end_tests_of_other_bases,
    promote_model_version,
    roll_back,
    start_challenge,
)
from generation.models import Challenge, ModelVersion, TwinPair, VersionEvent
from generation.versions.selectors import live_version
from generation.versions.services import register_base
from tests.factories import (
    BallotFactory,
    MemberFactory,
    RoundFactory,
    TallyFactory,
    VersionFactory,
)
from tests.generation.challenges.arena import Arena, version_on
from tests.threads import at_once

pytestmark = pytest.mark.django_db
Status = Challenge.Status


def decided(arena: Arena) -> Challenge:
    arena.count()
    count_twins(round_id=arena.round.pk)
    arena.challenge.refresh_from_db()
    arena.challenger.refresh_from_db()
    return arena.challenge


def kinds(version: ModelVersion) -> list[str]:
    return list(version.events.order_by("pk").values_list("kind", flat=True))


def test_a_test_is_started_once_and_its_terms_are_fixed():
    arena = Arena()
    assert start_challenge(challenger=arena.challenger) == arena.challenge
    arena.challenger.refresh_from_db()
    assert arena.challenger.status == ModelVersion.Status.CHALLENGER
    assert Challenge.objects.get().state["terms"] == arena.challenge.state["terms"]
    assert kinds(arena.challenger) == ["challenged"]


def test_only_a_draft_against_the_live_version_is_tested():
    champion = VersionFactory(status=ModelVersion.Status.LIVE)
    with pytest.raises(ChallengeRefused, match="only drafts"):
        start_challenge(challenger=champion)
    with pytest.raises(ChallengeRefused, match="trained against another"):
        start_challenge(challenger=VersionFactory())
    start_challenge(challenger=version_on(champion))
    with pytest.raises(ChallengeRefused, match="tested already"):
        start_challenge(challenger=version_on(champion))


def test_what_people_prefer_is_promoted_and_open_walls_hear_of_it():
    arena = Arena()
    arena.open()
    arena.everybody()
    other = RoundFactory()
    challenge = decided(arena)
    assert (challenge.status, challenge.wins, challenge.losses) == (Status.PROMOTED, 96, 0)
    assert live_version() == arena.challenger
    arena.champion.refresh_from_db()
    assert arena.champion.status == ModelVersion.Status.RETIRED
    assert kinds(arena.challenger) == ["challenged", "promoted"]
    assert "96 to 0" in challenge.reason
    heard = Event.objects.filter(kind="model_promoted").values_list("stream", flat=True)
    assert list(heard) == [other.stream]


def test_what_people_do_not_prefer_is_rejected():
    arena = Arena()
    arena.open()
    arena.everybody(for_challenger=False)
    challenge = decided(arena)
    assert (challenge.status, challenge.losses) == (Status.REJECTED, 96)
    assert arena.challenger.status == ModelVersion.Status.RETIRED
    assert live_version() == arena.champion
    assert kinds(arena.challenger) == ["challenged", "rejected"]


def test_a_test_goes_on_over_several_rounds():
    arena = Arena(voters=5)
    arena.open(pairs=2)
    arena.everybody(times=2)
    assert decided(arena).status == Status.RUNNING
    arena.open(pairs=2)
    arena.everybody(times=2)
    challenge = decided(arena)
    assert (challenge.wins, challenge.state["rounds"]) == (20, 2)


def test_versions_made_on_weights_that_were_replaced_are_refused_and_their_tests_end():
    arena = Arena()
    arena.open()
    register_base(base=arena.champion.base, base_hash="e" * 64)
    end_tests_of_other_bases()
    arena.challenge.refresh_from_db()
    arena.challenger.refresh_from_db()
    assert arena.challenge.status == Status.WITHDRAWN
    assert "another base" in arena.challenge.reason
    assert arena.challenger.status == ModelVersion.Status.RETIRED
    somebody = MemberFactory()
    with pytest.raises(ChallengeRefused, match="other weights than lie here now"):
        promote_model_version(version=arena.challenger, reason="it was better", by=somebody)
    assert live_version().base_hash == "e" * 64


def test_counting_a_round_twice_changes_nothing():
    arena = Arena(voters=3)
    arena.open()
    arena.everybody()
    before = decided(arena)
    assert not rounds_to_count().exists()
    assert count_twins(round_id=arena.round.pk) is None
    after = Challenge.objects.get(pk=before.pk)
    assert (after.state, after.wins) == (before.state, before.wins)


def test_nothing_is_counted_before_the_tally():
    arena = Arena()
    arena.open()
    arena.everybody()
    assert count_twins(round_id=arena.round.pk) is None
    assert not rounds_to_count().exists()
    arena.count()
    assert list(rounds_to_count()) == [arena.round]


def test_threat_18_one_voter_with_many_votes_is_one_bounded_factor():
    arena = Arena(voters=1)
    for _ in range(2):
        arena.open(pairs=24)
        arena.everybody(times=24)
        challenge = decided(arena)
    assert (challenge.status, challenge.wins, challenge.voters_count) == (Status.RUNNING, 48, 1)
    assert challenge.state["evidence"] < 1.75
    assert challenge.state["prompts"]["prompts"] == 0


def test_a_test_waits_for_rounds_that_began_before_but_for_no_cancelled_one():
    arena = Arena(voters=1)
    early, late = arena.open(), arena.open()
    assert waits_for_an_earlier_round(arena.challenge, late.pk)
    assert not waits_for_an_earlier_round(arena.challenge, early.pk)
    Round.objects.filter(pk=early.pk).update(status=Round.Status.CANCELLED)
    assert not waits_for_an_earlier_round(arena.challenge, late.pk)


def trust(round_, voter) -> None:
    FrozenReputation.objects.create(round=round_, member=voter, value=1.0, frozen_at=timezone.now())


def test_a_block_is_what_the_median_voter_gave_in_the_round_before():
    round_ = RoundFactory()
    for count in (1, 3, 9, 17):
        voter = MemberFactory()
        for n in range(count):
            chosen, rejected = (f"{2 * n + side:064x}" for side in range(2))
            BallotFactory(round=round_, voter=voter, chosen=chosen, rejected=rejected)
        if count > 1:
            trust(round_, voter)
    crowd = MemberFactory.create_batch(9)  # whom nobody trusts
    for n, voter in enumerate(crowd, 900):
        BallotFactory(round=round_, voter=voter, chosen=f"{2 * n:064x}", rejected=f"{n:064x}")
    TallyFactory(round=round_)
    TallyFactory(round=RoundFactory())  # in which nobody voted
    champion = VersionFactory(status=ModelVersion.Status.LIVE)
    assert start_challenge(challenger=version_on(champion)).state["terms"]["block"] == 2


def test_votes_without_reputation_withdrawn_replaced_or_on_hidden_pictures_do_not_count():
    arena = Arena(voters=4)
    arena.open(reputation=0.0)
    arena.everybody()
    assert decided(arena).wins == 0
    arena.open()
    arena.vote(0, 0)
    arena.vote(0, 1, outcome=Ballot.Outcome.WITHDRAWN)
    arena.vote(1, 0, for_challenger=False)
    arena.vote(1, 0)  # a higher nonce: this one stands
    arena.vote(2, 2)
    arena.vote(3, 3, outcome=Ballot.Outcome.TIE)
    champions, _ = arena.pictures(arena.twins[2])
    hide_candidate(candidate=Candidate.objects.get(digest=champions))
    challenge = decided(arena)
    assert (challenge.wins, challenge.losses, challenge.ties) == (2, 0, 1)


def test_what_is_hidden_after_its_round_was_counted_changes_no_count():
    arena = Arena(voters=4)
    arena.open()
    arena.everybody(for_challenger=False)
    assert decided(arena).losses == 32
    for twins in arena.twins:
        champions, _ = arena.pictures(twins)
        hide_candidate(candidate=Candidate.objects.get(digest=champions))
    arena.open()
    arena.everybody()
    challenge = decided(arena)
    assert (challenge.wins, challenge.losses) == (32, 32)


def test_ballots_on_pairs_that_were_no_trial_do_not_count():
    arena = Arena()
    arena.open()
    ballot = arena.vote(0, 0)
    ballot.pair.kind = "preference"
    ballot.pair.save()
    assert decided(arena).wins == 0


@pytest.mark.django_db(transaction=True)
def test_six_who_decide_at_once_decide_once():
    arena = Arena()
    arena.open()
    arena.everybody()
    arena.count()
    results = at_once(6, lambda _: count_twins(round_id=arena.round.pk))
    assert not [result for result in results if isinstance(result, Exception)]
    assert live_version() == arena.challenger
    assert VersionEvent.objects.filter(kind="promoted").count() == 1
    assert ModelVersion.objects.filter(status="live").count() == 1


def test_a_failure_in_the_middle_of_a_promotion_leaves_the_old_version_live(monkeypatch):
    arena = Arena()
    arena.open()
    RoundFactory()
    arena.everybody()
    arena.count()

    def broken(**_: object) -> None:
        raise RuntimeError("gone")

    monkeypatch.setattr(services.live, "append", broken)
    with pytest.raises(RuntimeError):
        count_twins(round_id=arena.round.pk)
    assert live_version() == arena.champion
    assert Challenge.objects.get().status == Status.RUNNING
    assert TwinPair.objects.filter(counted_at=None).exists()
    monkeypatch.undo()
    count_twins(round_id=arena.round.pk)
    assert live_version() == arena.challenger


def test_rolling_back_lets_the_version_before_draw_and_is_logged():
    arena = Arena()
    arena.open()
    arena.everybody()
    decided(arena)
    nobody = MemberFactory()
    assert roll_back(reason="It draws skulls.", by=nobody) == arena.champion
    assert live_version() == arena.champion
    assert kinds(arena.challenger)[-1] == "rolled_back"
    event = arena.challenger.events.first()
    assert (event.reason, event.by) == ("It draws skulls.", nobody)
    with pytest.raises(NothingToGoBackTo):
        roll_back(reason="Further.")


def test_what_was_tested_against_a_version_that_no_longer_draws_is_withdrawn():
    arena = Arena()
    arena.open()
    arena.everybody()
    decided(arena)
    next_one = version_on(arena.challenger)
    later = start_challenge(challenger=next_one)
    roll_back(reason="It draws skulls.")
    later.refresh_from_db()
    next_one.refresh_from_db()
    assert (later.status, next_one.status) == (Status.WITHDRAWN, ModelVersion.Status.RETIRED)


def test_nobody_promotes_what_was_not_tested():
    arena = Arena()
    with pytest.raises(ChallengeRefused, match="was not tested"):
        promote_model_version(version=version_on(arena.champion), reason="I like it.")
    with pytest.raises(ChallengeRefused, match="draws already"):
        promote_model_version(version=arena.champion, reason="Again.")
    somebody = MemberFactory()
    promote_model_version(version=arena.challenger, reason="A clear case.", by=somebody)
    assert live_version() == arena.challenger
    arena.challenge.refresh_from_db()
    assert arena.challenge.status == Status.PROMOTED


def test_command_rolls_back_and_says_when_it_cannot():
    arena = Arena()
    promote_model_version(version=arena.challenger, reason="Yes.", by=MemberFactory())
    said = io.StringIO()
    call_command("roll_back_model", "--reason", "No.", stdout=said)
    assert f"{arena.champion.slug} draws" in said.getvalue()
    with pytest.raises(CommandError, match="not trained from anything"):
        call_command("roll_back_model", "--reason", "No.")


def test_answers_come_in_the_order_of_acceptance():
    from generation.challenges.selectors import answers_of

    arena = Arena(voters=3)
    arena.open()
    arena.vote(2, 0, accepted_at=timezone.now() + timedelta(seconds=5))
    arena.vote(0, 1, for_challenger=False)
    arena.vote(1, 3)
    decided(arena)
    told = [(answer.voter, answer.prompt, answer.score) for answer in answers_of(arena.challenge)]
    assert told == [
        (arena.voters[2].address, f"prompt {arena.round.pk} 0", 1.0),
        (arena.voters[0].address, f"prompt {arena.round.pk} 1", 0.0),
        (arena.voters[1].address, f"prompt {arena.round.pk} 3", 1.0),
    ]
