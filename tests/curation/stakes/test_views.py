"""What pages and answers say of stakes, in every phase of a round."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from curation.models import Candidate, Member
from curation.stakes.models import ChainRound
from curation.stakes.terms import Terms
from tests.factories import RoundFactory, publish
from tests.wallets import Wallet

from . import chains
from .chains import WHOLE, balance, decide, fund, note, round_with, stake

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("collected_static", "play")]
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def text(client: Client, path: str) -> str:
    """A page's words on one line."""
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    without = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", html.unescape(without))


def panel(client: Client, candidate: Candidate) -> str:
    return text(client, f"/candidates/{candidate.digest}/stakes")


def first_of(round_) -> Candidate:
    return round_.candidates.order_by("pk").first()


def test_a_candidate_of_a_round_off_the_chain_shows_no_panel(client) -> None:
    candidate = publish(RoundFactory(), 1)
    assert "data-stakes" not in client.get(candidate.get_absolute_url()).text
    assert client.get(f"/candidates/{candidate.digest}/stakes").status_code == 404


def test_without_contracts_there_is_nothing_to_stake(client, monkeypatch) -> None:
    candidate = first_of(round_with())
    monkeypatch.setattr(chains.Play, "terms", None)
    assert client.get(f"/candidates/{candidate.digest}/stakes").status_code == 404
    assert client.get(f"/rounds/{candidate.round_id}/pool").status_code == 404
    assert "SALON in the pool" not in text(client, candidate.round.get_absolute_url())


def test_a_hidden_candidate_has_no_panel(client) -> None:
    candidate = first_of(round_with())
    Candidate.objects.update(status=Candidate.Status.HIDDEN)
    assert client.get(f"/candidates/{candidate.digest}/stakes").status_code == 404


def test_a_visitor_reads_what_is_behind_it_and_how_to_join(client, ada) -> None:
    round_ = round_with()
    stake(round_, 0, ada.address, 12.5)
    fund(round_, ada.address, 100)
    words = text(client, first_of(round_).get_absolute_url())
    assert "12.5 SALON behind this picture" in words
    assert "The pool of this round is 100 SALON" in words
    assert "Sign in to stake" in words
    assert "yours" not in words.split("Sign in to stake")[0]


def test_a_member_without_tokens_is_led_to_the_faucet(hers, ada, monkeypatch) -> None:
    candidate = first_of(round_with())
    assert "Take 1,000 SALON" in panel(hers, candidate)
    balance(ada.address, 0.5)  # less than the smallest stake
    assert "Take 1,000 SALON" in panel(hers, candidate)
    monkeypatch.setattr(chains.Play, "terms", Terms(smallest_wei=WHOLE))
    words = panel(hers, candidate)
    assert "You need SALON to stake" in words
    assert "Take 1,000" not in words


def test_a_member_with_tokens_sees_the_form_and_what_it_means(hers, ada) -> None:
    round_ = round_with()
    balance(ada.address, 990)
    stake(round_, 0, ada.address, 10)
    stake(round_, 0, Wallet().address, 30)
    fund(round_, Wallet().address, 100)
    answer = hers.get(f"/candidates/{first_of(round_).digest}/stakes").text
    assert 'data-stakes="stake"' in answer
    assert 'data-balance="990"' in answer
    words = panel(hers, first_of(round_))
    assert "40 SALON behind this picture, 10 of them yours" in words
    assert "yours earn 25 SALON as things stand" in words
    assert "come back in full" in words


@pytest.mark.parametrize(
    ("anchor", "passed", "words"),
    [
        (False, False, "opens by itself once it is anchored"),
        (False, True, "not anchored in time"),
    ],
)
def test_what_is_not_anchored_takes_no_stakes(hers, ada, anchor, passed, words) -> None:
    balance(ada.address, 990)
    round_ = round_with(anchor=anchor)
    if passed:
        ChainRound.objects.update(anchor_deadline=timezone.now() - timedelta(minutes=6))
    found = panel(hers, first_of(round_))
    assert words in found
    assert "of your 990" not in found


def test_after_the_deadline_nobody_is_asked_to_stake(hers, ada) -> None:
    balance(ada.address, 990)
    round_ = round_with(staking_deadline=timezone.now() - timedelta(seconds=1))
    words = panel(hers, first_of(round_))
    assert "Staking is over" in words
    assert "of your 990" not in words


def test_deadlines_pass_by_the_chain_s_clock(hers, ada, monkeypatch) -> None:
    balance(ada.address, 990)
    round_ = round_with()
    ahead = timedelta(days=3)
    monkeypatch.setattr(chains.Play, "terms", Terms(smallest_wei=WHOLE, ahead=ahead))
    assert "ended without a result" in panel(hers, first_of(round_))
    ChainRound.objects.update(
        staking_deadline=timezone.now() + ahead + timedelta(minutes=7),
        result_deadline=timezone.now() + ahead + timedelta(days=1),
    )
    assert "Staking ends in 6 minutes" in panel(hers, first_of(round_))  # by ours


def test_a_proposed_winner_says_what_it_will_earn(hers, ada) -> None:
    round_ = round_with()
    stake(round_, 0, ada.address, 10)
    stake(round_, 1, ada.address, 10)
    fund(round_, ada.address, 100)
    decide(round_, 6000)
    first, second = round_.candidates.order_by("pk")
    assert "Proposed as a winner, with 60% of a pool of 100 SALON" in panel(hers, first)
    assert "yours earn 60 SALON" in panel(hers, first)
    assert "Not among the winners" in panel(hers, second)
    assert "Take out" not in panel(hers, first)


@pytest.mark.parametrize(("state", "in_s"), [("proposed", -1), ("settled", -1)])
def test_a_winner_can_be_taken_out_with_its_reward(hers, ada, state, in_s) -> None:
    round_ = round_with()
    stake(round_, 0, ada.address, 10)
    stake(round_, 0, Wallet().address, 10)
    fund(round_, ada.address, 100)
    decide(round_, 10_000, state=state, in_s=in_s)
    assert "Take out 60 SALON" in panel(hers, first_of(round_))


def test_a_vetoed_round_gives_everything_back_and_no_reward(hers, ada) -> None:
    round_ = round_with()
    stake(round_, 0, ada.address, 10)
    fund(round_, ada.address, 100)
    decide(round_, 10_000, state="refundable")
    words = panel(hers, first_of(round_))
    assert "Take out 10 SALON" in words
    assert "earned" not in words
    mine = text(hers, "/stakes/")
    assert "100 can be taken back" in mine
    assert "Take back 100" in mine
    assert "First," not in text(hers, round_.get_absolute_url())


def test_what_was_taken_out_is_told_once_and_offered_no_more(hers, ada) -> None:
    round_ = round_with()
    taken = {"withdrawn_wei": 10 * WHOLE, "reward_wei": 3 * WHOLE}
    stake(round_, 0, ada.address, 10, **taken)
    decide(round_, 10_000, state="settled", in_s=-1)
    words = panel(hers, first_of(round_))
    assert "You took out 10 SALON and a reward of 3" in words
    assert "Take out" not in words
    assert "Taken out with a reward of 3" in text(hers, "/stakes/")


def test_a_portfolio_lists_what_is_locked_won_and_free(hers, ada) -> None:
    open_, won = round_with(), round_with()
    stake(open_, 0, ada.address, 5)
    stake(won, 0, ada.address, 10)
    stake(won, 1, ada.address, 7)
    fund(won, Wallet().address, 40)
    decide(won, 10_000, state="settled", in_s=-1)
    balance(ada.address, 978)
    words = text(hers, "/stakes/")
    assert "In your wallet 978 Locked in rounds 22 Rewards taken out 0" in words
    assert "Won: 40 on top" in words
    assert "Take out 50" in words
    assert "it did not win" in words
    assert words.count("Locked until") == 1
    part = hers.get("/stakes/?part=1").text
    assert "<html" not in part
    assert "Take out 50" in part


def test_a_portfolio_without_anything_leads_on(hers) -> None:
    words = text(hers, "/stakes/")
    assert "nothing in any round" in words
    assert "from the faucet" in words


def test_a_portfolio_costs_the_same_for_one_stake_and_for_many(
    hers, ada, django_assert_max_num_queries
) -> None:
    for _ in range(4):
        round_ = round_with(3)
        for place in range(3):
            stake(round_, place, ada.address, 1)
        decide(round_, 5000, 5000, state="settled", in_s=-1)
    with django_assert_max_num_queries(18):
        text(hers, "/stakes/")


def test_stakes_in_rounds_that_the_site_lost_can_still_be_taken_out(hers, ada) -> None:
    round_ = round_with()
    stake(round_, 0, ada.address, 10)
    decide(round_, 10_000, state="settled", in_s=-1)
    digest = first_of(round_).digest
    ChainRound.objects.filter(pk=round_.pk).update(round_id=10**9)
    from curation.stakes.models import Stake, Winner

    Stake.objects.update(round_id=10**9, digest="cd" * 32)
    Winner.objects.update(round_id=10**9, digest="cd" * 32)
    words = text(hers, "/stakes/")
    assert "Round 1000000000" in words
    assert "a picture that was taken down" in words
    assert digest not in words
    assert "Take out 10" in words


def test_only_members_have_a_portfolio(client) -> None:
    assert client.get("/stakes/").headers["Location"] == "/sign-in/?next=%2Fstakes%2F"
    assert client.post("/stakes/").status_code == 405


def test_a_round_page_shows_its_pool_and_its_winners(client, ada) -> None:
    round_ = round_with(3)
    stake(round_, 0, ada.address, 10)
    fund(round_, ada.address, 100)
    words = text(client, round_.get_absolute_url())
    assert "100 SALON in the pool" in words
    assert "10 SALON staked on 1 picture." in words
    assert "Sign in to add" in words
    assert "100 SALON in the pool" in text(client, round_.brief.get_absolute_url())
    decide(round_, 6250, 3750)
    words = text(client, f"/rounds/{round_.pk}/pool")
    assert "First, 62.5% 62.5 SALON for those behind it" in words
    assert "Second, 37.5% Nobody is behind it" in words
    assert "can be vetoed for another" in words


def test_a_settled_round_says_so_and_a_due_one_can_be_settled(client, hers) -> None:
    round_ = round_with()
    decide(round_, 10_000, in_s=-1)
    assert "Settle it now" in text(hers, f"/rounds/{round_.pk}/pool")
    assert "Settle it now" not in text(client, f"/rounds/{round_.pk}/pool")
    ChainRound.objects.update(state="settled")
    assert "Settled. Take out what is yours" in text(client, f"/rounds/{round_.pk}/pool")


def test_a_winner_that_was_taken_down_is_not_shown(client) -> None:
    round_ = round_with()
    decide(round_, 10_000)
    Candidate.objects.update(status=Candidate.Status.HIDDEN)
    page = client.get(f"/rounds/{round_.pk}/pool").text
    assert "First, 100%" in page
    assert first_of(round_).digest not in page


def test_the_feed_tells_what_happened_newest_first(client, ada) -> None:
    round_ = round_with()
    digest = first_of(round_).digest
    stranger = Wallet().address
    note("opened", round_)
    note("staked", round_, ada.address, digest=digest, amount_wei=10 * WHOLE)
    note("funded", round_, stranger, amount_wei=5 * WHOLE)
    note("withdrawn", round_, ada.address, digest=digest, amount_wei=10**19, reward_wei=WHOLE)
    note("settled", round_, amount_wei=5 * WHOLE, reward_wei=5 * WHOLE)
    words = text(client, "/activity/")
    told = [
        "The round was settled: 5 of 5 SALON go to",
        "Ada took out 10 SALON and a reward of 1",
        f"{stranger[:6]}…{stranger[-4:]} added 5 SALON",
        "Ada staked 10 SALON on gold anchor",
        "The round opened",
    ]
    assert [words.index(one) for one in told] == sorted(words.index(one) for one in told)


def test_the_feed_is_paged_without_gaps_while_it_grows(client) -> None:
    round_ = round_with()
    for _ in range(95):
        note("anchored", round_)
    blocks, path = [], "/activity/"
    while path:
        page = client.get(path).text
        blocks += map(int, re.findall(r"block (\d+)", page))
        found = re.search(r'href="(/activity/\?after=\d+)"', page)
        path = found[1] if found else ""
        note("anchored", round_)
    assert len(blocks) == len(set(blocks)) == 95
    assert blocks == sorted(blocks, reverse=True)
    assert client.get("/activity/?after=x").status_code == 400


def test_a_member_page_lists_what_the_chain_tells_of_them(client, ada) -> None:
    round_ = round_with()
    assert "Stakes" not in text(client, ada.get_absolute_url())
    stake(round_, 0, ada.address, 10)
    fund(round_, ada.address, 3)
    words = text(client, ada.get_absolute_url())
    assert "10 SALON on gold anchor" in words
    assert "3 SALON into a pool" in words


def test_threat_20_hostile_prompts_and_names_are_text_on_every_page(client, hers, ada) -> None:
    Member.objects.update(name=HOSTILE[:32])
    round_ = round_with()
    Candidate.objects.update(prompt=HOSTILE)
    round_.brief.title = HOSTILE
    round_.brief.save()
    stake(round_, 0, ada.address, 10)
    balance(ada.address, 10)
    note("staked", round_, ada.address, digest=first_of(round_).digest, amount_wei=WHOLE)
    decide(round_, 10_000)
    digest = first_of(round_).digest
    paths = ("/stakes/", "/activity/", f"/rounds/{round_.pk}/pool", ada.get_absolute_url())
    for path in (*paths, f"/candidates/{digest}/stakes", f"/candidates/{digest}/"):
        page = hers.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
