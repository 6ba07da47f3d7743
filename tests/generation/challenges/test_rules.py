"""What votes on twins come to."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from generation.challenges import rules
from generation.challenges.rules import Answer, counted, terms_for
from generation.learning.sequential import Verdict


def answers(rate: float, voters: int, each: int, seed: int = 3, round_id: int = 1) -> list[Answer]:
    """Votes of voters who agree on nothing but a rate, each on prompts of their own."""
    rng = random.Random(seed)
    told = [
        Answer(f"v{n}", f"prompt {k}", float(rng.random() < rate), round_id)
        for n in range(voters)
        for k in range(each)
    ]
    rng.shuffle(told)
    return told


def seen_alike(better: list[bool], voters: int, round_id: int = 1) -> list[Answer]:
    """Everybody on every prompt, who all see which of the twins is better."""
    return [
        Answer(f"v{voter}", f"prompt {round_id} {prompt}", float(won), round_id)
        for prompt, won in enumerate(better)
        for voter in range(voters)
    ]


def test_a_clear_favourite_is_promoted_by_few_frequent_voters():
    count = counted(answers(0.95, 12, 12), terms=terms_for(48))
    assert count.verdict is Verdict.PROMOTE
    assert count.wins + count.losses == 144
    assert "were preferred" in rules.why(count)


def test_a_worse_one_is_rejected_early():
    count = counted(answers(0.2, 12, 4), terms=terms_for(16))
    assert count.verdict is Verdict.REJECT
    assert "not preferred" in rules.why(count)


def test_luck_with_few_prompts_promotes_nobody_however_many_see_it():
    told = seen_alike([True] * 4, 500)
    count = counted(told, terms=terms_for(16))
    assert count.state["verdict"] == Verdict.PROMOTE  # as far as voters go
    assert count.verdict is Verdict.GO_ON
    same = [replace(answer, round_id=2) for answer in told]
    assert counted(told + same, terms=terms_for(16)).verdict is Verdict.GO_ON
    lost = [replace(answer, score=0.0) for answer in same]
    assert counted(told + lost, terms=terms_for(16)).state["prompts"] == count.state["prompts"]
    more = seen_alike([True] * 6, 500, round_id=2)
    assert counted(told + more, terms=terms_for(16)).verdict is Verdict.PROMOTE


def test_some_who_hurry_reject_nothing_that_the_others_prefer():
    hasty = [Answer(f"h{n}", f"prompt {k}", 0.0, 1) for n in range(12) for k in range(12)]
    rest = answers(0.9, 100, 12)
    count = counted(hasty + rest, terms=terms_for(60))
    assert count.verdict is Verdict.PROMOTE
    backwards = counted(rest + hasty, terms=terms_for(60))
    assert (backwards.verdict, backwards.wins) == (count.verdict, count.wins)


def test_what_one_or_two_say_of_a_prompt_is_no_witness_of_it():
    few = [Answer(f"v{n}", f"prompt {k}", 0.0, 1) for n in range(2) for k in range(50)]
    count = counted(few, terms=terms_for(60))
    assert count.verdict is Verdict.GO_ON
    assert count.state["prompts"]["prompts"] == 0


def test_equal_versions_with_luck_are_seldom_promoted():
    """Everybody sees which twin is better and errs once in five; voters alone promote a quarter."""
    rng, promoted = random.Random(11), 0
    for _ in range(400):
        told: list[Answer] = []
        for number in range(1, 5):
            better = [rng.random() < 0.5 for _ in range(10)]
            told += [
                replace(answer, score=1 - answer.score) if rng.random() < 0.2 else answer
                for answer in seen_alike(better, 24, round_id=number)
            ]
            verdict = counted(told, terms=terms_for(48)).verdict
            if verdict is not Verdict.GO_ON:
                break
        promoted += verdict is Verdict.PROMOTE
    assert promoted / 400 <= 0.05


def test_one_voter_with_a_hundred_votes_decides_nothing():
    count = counted(answers(1.0, 1, 100), terms=terms_for(4))
    assert count.verdict is Verdict.GO_ON
    assert count.voters == 1


@pytest.mark.parametrize(("score", "name"), [(0.5, "ties"), (1.0, "wins"), (0.0, "losses")])
def test_votes_are_told_by_kind(score, name):
    count = counted([Answer("a", "a fox", score, 1)], terms=terms_for(4))
    told = {"wins": count.wins, "losses": count.losses, "ties": count.ties}
    assert told == {"wins": 0, "losses": 0, "ties": 0} | {name: 1}


@pytest.mark.parametrize(("votes", "block"), [(0, 1), (7, 1), (8, 2), (40, 10), (60, 12)])
def test_a_voter_s_block_is_what_a_usual_voter_gives_in_a_round(votes, block):
    assert terms_for(votes).block == block


def split(round_id: int, newcomers: bool, voters: int = 20) -> list[Answer]:
    """Voters who cannot agree."""
    who = f"r{round_id} v" if newcomers else "v"
    return [Answer(f"{who}{n}", f"prompt {n % 5}", float(n % 2), round_id) for n in range(voters)]


def test_what_nobody_can_tell_is_given_up_after_the_last_round():
    terms, most = terms_for(4), rules.MOST_ROUNDS
    told = [answer for n in range(1, most) for answer in split(n, True, 4)]
    assert counted(told, terms=terms).verdict is Verdict.GO_ON
    alone = [Answer("somebody", "a fox", 0.5, most)]
    assert counted(told + alone, terms=terms).verdict is Verdict.GO_ON  # no round to speak of
    last = counted(told + split(most, True, 4), terms=terms)
    assert last.verdict is Verdict.REJECT
    assert f"After {most} rounds" in rules.why(last)


def test_what_nobody_can_tell_is_given_up_once_everybody_was_heard():
    terms = terms_for(4)
    told = split(1, newcomers=False)
    assert counted(told, terms=terms).verdict is Verdict.GO_ON
    told += split(2, newcomers=False)
    again = counted(told, terms=terms)
    assert again.verdict is Verdict.REJECT
    assert "Everybody was heard" in rules.why(again)
    assert counted(told, terms=terms, earlier_open=True).verdict is Verdict.GO_ON
    slow = counted(told, terms=terms_for(16))
    assert slow.verdict is Verdict.GO_ON  # their blocks are of four votes, and they gave two


def test_few_voters_are_not_everybody():
    told = [answer for n in (1, 2, 3) for answer in split(n, newcomers=False, voters=10)]
    assert counted(told, terms=terms_for(4)).verdict is Verdict.GO_ON


def test_voters_who_made_up_their_minds_wait_for_more_prompts():
    terms = terms_for(4)
    told = seen_alike([True] * 3, 400, round_id=1) + seen_alike([True], 400, round_id=2)
    count = counted(told, terms=terms)
    assert count.state["verdict"] == Verdict.PROMOTE
    assert count.verdict is Verdict.GO_ON


def test_a_rate_is_worth_no_more_than_voters_or_prompts_differ():
    by_prompt = seen_alike([True] * 5 + [False] * 5, 40)
    assert counted(by_prompt, terms=terms_for(4)).state["worth"] == pytest.approx(9)
    by_voter = [
        Answer(f"v{voter}", f"prompt {prompt}", float(voter % 2), 1)
        for voter in range(10)
        for prompt in range(40)
    ]
    assert counted(by_voter, terms=terms_for(4)).state["worth"] == pytest.approx(9)


def test_two_prompts_that_happen_to_be_alike_are_worth_little():
    told = [
        Answer(f"v{voter}", f"prompt {prompt}", float(voter % 5 < 3), 1)
        for voter in range(50)
        for prompt in range(2)
    ]
    mixed = [
        replace(a, score=1 - a.score) if a.prompt == "prompt 1" and a.voter in ("v0", "v1") else a
        for a in told
    ]
    assert counted(mixed, terms=terms_for(4)).state["worth"] <= 8


def test_counting_again_finds_the_same():
    told = answers(0.6, 20, 5)
    assert counted(told, terms=terms_for(20)) == counted(told, terms=terms_for(20))
