"""What the result page says in every state of a round, and where other pages lead to it."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from curation.galleries.services import close_round
from curation.live import fragments
from curation.live import services as live
from curation.models import Activity, Ballot, Candidate, ChainRound, Member, Round, Tally
from curation.standings.places import FEW, PAGE
from tests.chain.anchoring.rounds import put_on_chain
from tests.curation.stakes.chains import Play, decide, fund, note, stake
from tests.factories import BallotFactory, MemberFactory, RoundFactory, StandingFactory, publish
from tests.tallies import counted_round, tally_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("collected_static")]


@pytest.fixture
def on_chain(settings) -> None:
    """Terms as if contracts were there."""
    settings.STAKING_TERMS = f"{Play.__module__}.play_terms"


with_chain = pytest.mark.usefixtures("on_chain")


@pytest.fixture
def round_() -> Round:
    return RoundFactory()


@pytest.fixture
def hung(round_) -> list[Candidate]:
    return [publish(round_, number) for number in range(6)]


def path(round_: Round) -> str:
    return f"/rounds/{round_.pk}/result/"


def words(client: Client, address: str) -> str:
    """A page's words on one line."""
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))  # and nbsp


def signed_in(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend="curation.accounts.backends.AddressBackend")
    return client


def test_an_open_round_says_when_it_closes_and_no_more(client, round_, hung) -> None:
    before = words(client, path(round_))
    assert "Sealed until it closes" in before
    assert f'data-until="{round_.closes_at:%Y-%m-%dT%H:%M:%S}' in client.get(path(round_)).text
    voter = MemberFactory()
    BallotFactory(round=round_, voter=voter, chosen=hung[0].digest, rejected=hung[1].digest)
    assert words(client, path(round_)) == before


def test_a_tally_that_should_not_be_there_yet_is_not_shown(client, round_, hung) -> None:
    tally_of(round_, hung, [])
    assert "Sealed until it closes" in words(client, path(round_))
    assert "Place 1" not in words(client, hung[0].get_absolute_url())
    assert "The result" not in words(client, round_.get_absolute_url())


def test_a_closed_round_shows_how_far_the_count_is(client, round_, hung) -> None:
    put_on_chain(round_)
    voter = MemberFactory()
    BallotFactory(round=round_, voter=voter, chosen=hung[0].digest, rejected=hung[1].digest)
    close_round(round_=round_)
    assert "The ballots are being counted" in words(client, path(round_))
    assert now(client, round_) == "Gather every ballot under one root"
    anchor = round_.ballot_anchors.create(index=0, root="a1" * 32, count=1)
    Ballot.objects.update(anchor=anchor)
    assert now(client, round_) == "Put that root on the chain"
    ChainRound.objects.update(ballots_root="a1" * 32)
    assert now(client, round_).startswith("Wait until nobody can take it back")


def now(client: Client, round_: Round) -> str:
    """The step that a page being counted is at, as an open page asks for it."""
    part = client.get(f"{path(round_)}?part=1").text
    assert "<html" not in part
    return re.search(r'aria-current="step">([^<]+)<', part)[1]


def test_a_cancelled_round_has_no_result(client, round_, hung) -> None:
    counted_round(round_, hung, ballots=40)
    Round.objects.update(status=Round.Status.CANCELLED)
    found = words(client, path(round_))
    assert "This round was cancelled" in found
    assert "The jury" not in found


def test_the_result_tells_who_won_and_how_everybody_fared(client, round_, hung) -> None:
    tally = counted_round(round_, hung, ballots=200)
    found = words(client, path(round_))
    assert "The jury chose three pictures" in found
    assert f"in {tally.counted_count} ballots that counted" in found
    for number, candidate in enumerate(hung, 1):
        assert f"Place {number} {candidate.prompt}" in found.replace("  ", " ")
    for title in ("First", "Second", "Third"):
        assert title in found
    assert f"200 ballots were accepted, {tally.counted_count} counted" in found
    for fate in (
        "tested the voter",
        "replaced by a later one",
        "withdrawn",
        "without a reputation",
    ):
        assert fate in found
    for proof in (tally.ballots_root, tally.bundle_digest, "python verify_round.py round-"):
        assert proof in found
    assert f"/api/v1/rounds/{round_.pk}/bundle" in client.get(path(round_)).text


def test_chart_and_table_of_meetings_say_the_same(client, round_, hung) -> None:
    counted_round(round_, hung, ballots=300)
    text = client.get(path(round_)).text
    cell = r'data-row="(\d+)" data-column="(\d+)" data-chosen="(\d+)" data-ballots="(\d+)"'
    drawn = {(int(a), int(b)): (int(c), int(n)) for a, b, c, n in re.findall(cell, text)}
    row = r'data-pair="(\d+)-(\d+)">.*?</th>' + r"<td>(\d+)</td>" * 4
    told = re.findall(row, text)
    assert len(told) == 15
    assert len(drawn) == 2 * len(told)
    for numbers in told:
        first, second, ballots, mine, theirs, ties = map(int, numbers)
        assert first < second
        assert drawn[first, second] == (mine, ballots)
        assert drawn[second, first] == (theirs, ballots)
        assert mine + theirs + ties == ballots
    counted = Ballot.objects.filter(weight__gt=0)
    assert sum(int(numbers[2]) for numbers in told) == counted.count()


def test_who_met_whom_is_kept_and_the_same_the_next_time(client, round_) -> None:
    hung = [publish(round_, number) for number in range(PAGE + 3)]
    tally = counted_round(round_, hung, ballots=60)  # some of the best were not compared
    more = f"{path(round_)}?after={PAGE}"
    first = [client.get(address).text for address in (path(round_), more)]
    Ballot.objects.update(weight=0)
    assert [client.get(address).text for address in (path(round_), more)] == first
    assert "Who met whom" in first[0]
    cache.delete(f"tally:{tally.bundle_digest}:meetings")
    assert "Who met whom" not in client.get(path(round_)).text


def test_few_comparisons_are_shown_as_unsure(client, round_, hung) -> None:
    voter = MemberFactory()
    pair = {"chosen": hung[0].digest, "rejected": hung[1].digest}
    cast = [BallotFactory(round=round_, voter=voter, **pair) for _ in range(FEW - 1)]
    close_round(round_=round_)
    tally_of(round_, hung, cast)
    found = words(client, path(round_))
    assert f"{FEW - 1} ballots, unsure" in found
    assert "Not compared" in found
    assert client.get(path(round_)).text.count("interval-unsure") == len(hung)
    assert "few compared it" in words(client, hung[0].get_absolute_url())


def test_nobody_won_and_why(client, round_, hung) -> None:
    counted_round(round_, hung, ballots=40, no_winner="No picture gathered enough weight.")
    found = words(client, path(round_))
    assert "The jury chose none" in found
    assert "No picture gathered enough weight." in found
    assert "First" not in found.split("Every picture")[0]


def test_a_round_without_ballots_has_a_result_too(client, round_, hung) -> None:
    counted_round(round_, hung, ballots=0, no_winner="No ballot was cast.")
    found = words(client, path(round_))
    assert "No ballot was cast." in found
    assert "None; no ballot was cast." in found
    assert "Who met whom" not in found


def test_a_round_without_pictures_has_a_result_too(client, round_) -> None:
    counted_round(round_, [], ballots=0, no_winner="Nothing was drawn.")
    assert "Nothing was drawn." in words(client, path(round_))


def test_a_picture_taken_down_since_keeps_its_place_and_is_not_shown(client, round_, hung) -> None:
    counted_round(round_, hung, ballots=200)
    Candidate.objects.filter(pk=hung[0].pk).update(status=Candidate.Status.HIDDEN)
    text = client.get(path(round_)).text
    assert hung[0].digest not in text
    assert hung[0].prompt not in text
    assert "Taken down since" in text
    assert "It was taken down since." in text


def test_a_long_ranking_is_continued_at_the_rank_it_ended(client, round_) -> None:
    hung = [publish(round_, number) for number in range(PAGE + 3)]
    counted_round(round_, hung, ballots=100)
    first = client.get(path(round_)).text
    assert [int(n) for n in re.findall(r'id="place-(\d+)"', first)] == [*range(1, PAGE + 1)]
    more = re.search(r'href="([^"]+\?after=\d+)"', first)[1]
    rest = client.get(more).text
    assert [int(n) for n in re.findall(r'id="place-(\d+)"', rest)] == [*range(PAGE + 1, PAGE + 4)]
    assert "Back to the winners" in rest
    fragment = client.get(more, headers={"HX-Request": "true"}).text
    assert "<html" not in fragment
    assert fragment.count('id="place-') == 3
    assert "Show more" not in fragment


@pytest.mark.parametrize("after", ["x", "-1", "9" * 12, "%00", "%D9%A3", "1e3"])
def test_a_place_that_cannot_be_is_a_bad_request(client, round_, hung, after) -> None:
    counted_round(round_, hung, ballots=10)
    assert client.get(f"{path(round_)}?after={after}").status_code == 400
    assert client.get(f"{path(round_)}?after=999999999").status_code == 200


def test_unknown_rounds_have_no_result(client) -> None:
    assert client.get("/rounds/999999/result/").status_code == 404


@with_chain
@pytest.mark.parametrize(
    ("state", "in_s", "expected"),
    [
        ("proposed", 3690, "can be vetoed for another 1 hour"),
        ("proposed", -1, "it is settled in a moment"),
        ("settled", -1, "Settled. Stakes and rewards can be taken out"),
    ],
)
def test_the_page_follows_what_the_chain_does(client, hung, state, in_s, expected) -> None:
    put_on_chain(round_ := hung[0].round)
    fund(round_, MemberFactory().address, 200)
    stake(round_, 0, MemberFactory().address, 10)
    tally = counted_round(round_, hung, ballots=200)
    decide(round_, 6000, 2500, 1500, state=state, in_s=in_s)
    roots = {"ballots_root": tally.ballots_root, "bundle_hash": tally.bundle_digest}
    ChainRound.objects.update(**roots)
    note(Activity.Kind.PROPOSED, round_)
    found = words(client, path(round_))
    assert "200 SALON in the pool." in found
    assert expected in found
    assert "60% of the pool: 120 SALON for those behind it" in found
    assert "Nobody is behind it; its share returns to the funders" in found
    assert found.count("The chain has it.") == 2
    assert "5e5e5e" in found  # the transaction
    part = client.get(f"{path(round_)}?part=1").text
    assert "SALON in the pool." in part
    assert "<html" not in part


def test_before_it_is_proposed_the_result_is_said_to_be_on_its_way(
    client, round_, hung, on_chain
) -> None:
    put_on_chain(round_, staking_deadline=timezone.now() - timedelta(minutes=1))
    counted_round(round_, hung, ballots=200)
    found = words(client, path(round_))
    assert "The result goes to the chain next" in found
    assert "Goes to the chain with the result." in found


@with_chain
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Activity.Kind.VETOED, "The result was vetoed."),
        (Activity.Kind.CANCELLED, "The round was cancelled on the chain."),
        (None, "The result did not reach the chain in time."),
    ],
)
def test_what_became_refundable_says_why(client, round_, hung, kind, expected) -> None:
    put_on_chain(round_, state="refundable")
    counted_round(round_, hung, ballots=200)
    if kind:
        note(kind, round_)
    found = words(client, path(round_))
    assert expected in found
    assert "can be taken back" in found
    assert "It would have had 60% of the pool" in found


@pytest.mark.parametrize("change", ["winners", "bundle", "root"])
def test_another_result_on_the_chain_is_said_loudly(client, round_, hung, on_chain, change) -> None:
    put_on_chain(round_)
    tally = counted_round(round_, hung, ballots=200)
    decide(round_, *((6000, 4000) if change == "winners" else (6000, 2500, 1500)))
    roots = {"ballots_root": tally.ballots_root, "bundle_hash": tally.bundle_digest}
    wrong = {"bundle": {"bundle_hash": "bd" * 32}, "root": {"ballots_root": "bd" * 32}}
    ChainRound.objects.update(**roots | wrong.get(change, {}))
    assert "The chain has another result than this count" in words(client, path(round_))


def test_a_voter_sees_their_own_part(client, round_, hung) -> None:
    counted_round(round_, hung, ballots=200, voters=5)
    voter = Member.objects.filter(ballots__round=round_).first()
    mine = Ballot.objects.filter(round=round_, voter=voter)
    counted = mine.filter(weight__gt=0).count()
    found = words(signed_in(voter), path(round_))
    assert f"You cast {mine.count()} ballots; {counted} counted" in found
    assert 'href="/votes/"' in signed_in(voter).get(path(round_)).text
    assert "Your part" not in words(client, path(round_))
    assert "Your part" not in words(signed_in(MemberFactory()), path(round_))


def test_other_pages_lead_to_the_result(client, round_, hung, on_chain) -> None:
    put_on_chain(round_)
    ada = MemberFactory()
    stake(round_, 0, ada.address, 10)
    link = f'href="{path(round_)}"'
    places = (round_.get_absolute_url(), round_.brief.get_absolute_url())
    assert not [place for place in places if link in client.get(place).text]
    counted_round(round_, hung, ballots=200)
    assert not [place for place in places if link not in client.get(place).text]
    assert link in signed_in(ada).get("/stakes/").text
    page = words(client, hung[1].get_absolute_url())
    assert "Place 2 of 6, 25% of the pool" in page
    assert "Chosen over an average picture of its round" in page


def test_open_walls_hear_that_the_tally_is_there(client, round_, hung) -> None:
    counted_round(round_, hung, ballots=20)
    live.append(stream=round_.stream, kind="tally_published", payload={})
    text = fragments.since(round_.stream, 0)[-1][1]
    assert f'data-counted="{round_.pk}"' in text
    assert path(round_) in text


def test_the_page_costs_the_same_for_many_candidates(
    client, round_, django_assert_max_num_queries
) -> None:
    hung = [publish(round_, number) for number in range(80)]
    counted_round(round_, hung[:12], ballots=100)
    with django_assert_max_num_queries(14):
        client.get(path(round_))
    tally = Tally.objects.get()
    for rank, candidate in enumerate(hung[12:], 13):
        StandingFactory(tally=tally, candidate=candidate, rank=rank)
    with django_assert_max_num_queries(14):
        client.get(path(round_))


def test_the_verifier_is_handed_out_as_it_is(client) -> None:
    from django.conf import settings

    answer = client.get("/verify_round.py")
    source = settings.BASE / "verify_round.py"
    assert answer.status_code == (200 if source.exists() else 404)
    if source.exists():
        assert answer.content == source.read_bytes()
        assert "attachment" in answer["Content-Disposition"]
