"""What is prepared does what it says, and what would fail is refused in words before it costs."""

from __future__ import annotations

import time

import pytest
from django.test import Client

from chain.operator.deploying import WHOLE
from chain.operator.keys import Role
from chain.operator.selectors import CURATION
from chain.operator.transactions import submit
from curation.models import Candidate
from curation.stakes.models import AnchoredBatch, ChainRound, Stake
from tests.chain.operating import Gallery
from tests.factories import RoundFactory, publish

from .conftest import Guest, Stakers


def test_a_stake_by_permit_takes_one_signature_and_one_transaction(stakers: Stakers) -> None:
    wish = {**stakers.place, "amount": "12.5"}
    assert stakers.guest.prepare("stake", **wish)["first"] == "permit"
    asked = stakers.guest.prepare("permit", **wish)
    assert asked["transaction"] is None
    assert asked["typed_data"]["message"]["value"] == str(12_500_000_000_000_000_000)
    prepared = stakers.guest.prepare("stake", **wish, permit=stakers.sign(asked))
    assert (prepared["chain_id"], prepared["transaction"]["value"]) == (31337, "0x0")
    assert "12.5 SALON" in prepared["explanation"][0]
    receipt = stakers.send(prepared)
    assert receipt["status"] == "0x1"
    assert int(receipt["gasUsed"], 16) <= int(prepared["transaction"]["gas"], 16)
    stakers.gallery.index()
    [stake] = Stake.objects.all()
    assert (stake.address, stake.digest) == (
        stakers.guest.member.address,
        stakers.place["candidate"],
    )
    assert stake.staked_wei == 12_500_000_000_000_000_000


def test_a_stake_by_approval_takes_no_more_than_the_amount(stakers: Stakers) -> None:
    wish = {**stakers.place, "amount": "3"}
    stakers.send(stakers.guest.prepare("approve", amount="3"))
    assert stakers.guest.prepare("stake", **wish)["first"] == ""
    stakers.send(stakers.guest.prepare("stake", **wish))
    assert stakers.guest.prepare("stake", **wish)["first"] == "permit"


def test_a_contract_wallet_is_told_to_approve(stakers: Stakers) -> None:
    stakers.chain.node.call("anvil_setCode", stakers.guest.member.address, "0x00")
    assert stakers.guest.prepare("stake", **stakers.place, amount="5")["first"] == "approve"
    assert stakers.guest.refused("permit", **stakers.place, amount="5")[:2] == (
        409,
        "permit-unsupported",
    )


def test_an_account_that_delegates_its_code_still_signs_permits(stakers: Stakers) -> None:
    code = "0xef0100" + "11" * 20
    stakers.chain.node.call("anvil_setCode", stakers.guest.member.address, code)
    assert stakers.guest.prepare("stake", **stakers.place, amount="5")["first"] == "permit"


def test_a_permit_with_half_a_signature_or_another_s_is_refused(stakers: Stakers) -> None:
    wish = {**stakers.place, "amount": "5"}
    permit = stakers.sign(stakers.guest.prepare("permit", **wish))
    flipped = permit["signature"][:-4] + ("00" if permit["signature"][-4:-2] != "00" else "11")
    for wrong in (
        permit | {"signature": flipped + permit["signature"][-2:]},
        permit | {"deadline": permit["deadline"] + 1},
        permit | {"deadline": 1},
        permit | {"signature": "0x" + "00" * 65},
    ):
        code = stakers.guest.refused("stake", **wish, permit=wrong)[1]
        assert code == "permit-invalid", wrong
    assert stakers.guest.refused("stake", **{**wish, "amount": "6"}, permit=permit)[1] == (
        "permit-invalid"
    )
    assert stakers.guest.ask(
        "stake", **wish, permit=permit | {"signature": "0x12"}
    ).status_code == (422)


def test_a_compact_signature_is_as_good(stakers: Stakers) -> None:
    wish = {**stakers.place, "amount": "5"}
    permit = stakers.sign(stakers.guest.prepare("permit", **wish))
    raw = bytes.fromhex(permit["signature"][2:])
    s = int.from_bytes(raw[32:64], "big") | (raw[64] - 27) << 255
    compact = "0x" + (raw[:32] + s.to_bytes(32, "big")).hex()
    assert stakers.guest.prepare("stake", **wish, permit=permit | {"signature": compact})


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("0", "amount-invalid"),
        ("0.000", "amount-invalid"),
        ("-1", "amount-invalid"),
        ("", "amount-invalid"),
        ("1e3", "amount-invalid"),
        ("0x10", "amount-invalid"),
        ("1,5", "amount-invalid"),
        (" 1", "amount-invalid"),
        ("٣", "amount-invalid"),
        ("NaN", "amount-invalid"),
        ("1.0000000000000000001", "amount-invalid"),
        ("1" + "0" * 300, "request-invalid"),
        ("9" * 50, "amount-invalid"),
        ("0.999999999999999999", "stake-too-small"),
        ("1000.000000000000000001", "balance-too-small"),
    ],
)
@pytest.mark.parametrize("action", ["stake", "permit"])
def test_amounts_that_cannot_be_are_refused(stakers: Stakers, action, amount, code) -> None:
    status, found, words = stakers.guest.refused(action, **stakers.place, amount=amount)
    assert found == code
    assert status in {409, 422}
    assert words


def test_the_whole_balance_to_the_last_wei_can_be_staked(stakers: Stakers) -> None:
    wish = {**stakers.place, "amount": "999.999999999999999999"}
    permit = stakers.sign(stakers.guest.prepare("permit", **wish))
    stakers.send(stakers.guest.prepare("stake", **wish, permit=permit))
    stakers.gallery.index()
    assert Stake.objects.get().staked_wei == 1000 * WHOLE - 1


def test_places_that_take_no_stakes_are_refused(stakers: Stakers, gallery: Gallery) -> None:
    guest, place = stakers.guest, {**stakers.place, "amount": "5"}
    off_chain = RoundFactory()
    elsewhere = publish(off_chain, 90)
    late = publish(gallery.round, 91)
    gone = gallery.candidates[3]
    Candidate.objects.filter(pk=gone.pk).update(status="hidden")
    for change, status, code in (
        ({"round": 10**12}, 404, "round-unknown"),
        ({"round": 0}, 404, "round-unknown"),
        ({"round": off_chain.pk, "candidate": elsewhere.digest}, 409, "round-not-on-chain"),
        ({"candidate": "ab" * 32}, 404, "candidate-unknown"),
        ({"candidate": elsewhere.digest}, 404, "candidate-unknown"),
        ({"candidate": gone.digest}, 404, "candidate-unknown"),
        ({"candidate": late.digest}, 409, "candidate-not-anchored"),
        ({"candidate": "AB" * 32}, 422, "request-invalid"),
        ({"round": 2**63}, 422, "request-invalid"),
        ({"chain_id": 1}, 409, "other-chain"),
    ):
        assert guest.refused("stake", **(place | change))[:2] == (status, code), change


def test_a_proof_that_leads_nowhere_is_refused_by_trying(stakers: Stakers) -> None:
    stakers.send(stakers.guest.prepare("approve", amount="5"))
    AnchoredBatch.objects.update(index=7)
    found = stakers.guest.refused("stake", **stakers.place, amount="5")
    assert found[:2] == (409, "would-revert")
    assert "proof leads nowhere" in found[2]


def test_after_the_deadline_by_the_chain_s_clock_nothing_is_taken(stakers: Stakers) -> None:
    deadline = stakers.gallery.on_chain.staking_deadline.timestamp()
    stakers.chain.go_on(deadline - stakers.chain.now() - 20)
    close = stakers.guest.prepare("permit", **stakers.place, amount="5")
    assert close["typed_data"]
    stakers.chain.go_on(25)
    for action in ("stake", "permit", "fund"):
        status, code, words = stakers.guest.refused(action, **stakers.place, amount="5")
        assert (status, code) == (409, "staking-over")
        assert "ended on" in words
    assert time.time() < deadline  # by our own clock it had not passed


def test_a_paused_contract_takes_nothing_and_gives_everything(stakers: Stakers) -> None:
    from chain.operator.calls import call

    stakers.gallery.welcome(stakers.chain.accounts[3])
    stakers.gallery.stake(stakers.chain.accounts[3], 0, 5)
    to = stakers.gallery.curation
    submit(purpose="pause", to=to, data=call(CURATION, "pause"), role=Role.GUARDIAN)
    for action in ("stake", "fund"):
        refusal = stakers.guest.refused(action, **stakers.place, amount="5")
        assert refusal[1] == "contract-paused"
        assert "can be taken out as always" in refusal[2]
    stakers.gallery.close()
    stakers.chain.go_on(86_400)
    stakers.gallery.index()
    bob = Guest(stakers.chain.accounts[3])
    assert bob.prepare("withdraw", **stakers.place)["transaction"]


def test_what_is_locked_stays_until_the_round_is_settled(stakers: Stakers) -> None:
    gallery, guest, place = stakers.gallery, stakers.guest, stakers.place
    stakers.send(guest.prepare("approve", amount="130"))
    stakers.send(guest.prepare("stake", **place, amount="30"))
    stakers.send(guest.prepare("fund", round=place["round"], amount="100"))
    gallery.index()
    assert guest.refused("withdraw", **place)[1] == "still-locked"
    assert guest.refused("refund", round=place["round"])[1] == "still-locked"
    gallery.close()
    gallery.propose((0, 6000), (1, 4000))
    assert guest.refused("settle", round=place["round"])[1] == "not-due"
    assert "can still be vetoed" in guest.refused("withdraw", **place)[2]
    stakers.chain.go_on(gallery.on_chain.challenge_s + 1)
    stakers.send(guest.prepare("settle", round=place["round"]))
    gallery.index()
    assert gallery.on_chain.state == ChainRound.State.SETTLED
    assert guest.refused("settle", round=place["round"])[2] == "This round is settled already."
    stakers.send(guest.prepare("withdraw", **place))
    stakers.send(guest.prepare("refund", round=place["round"]))
    assert gallery.tokens(guest.member.address) == 1000  # 60 earned, 40 nobody did
    assert guest.refused("withdraw", **place)[1] == "nothing-to-take"
    assert guest.refused("refund", round=place["round"])[1] == "nothing-to-take"


def test_what_is_in_a_round_that_the_site_lost_can_be_taken_out(stakers: Stakers) -> None:
    row = ChainRound.objects.get(pk=stakers.place["round"])
    row.pk = 10**6  # a round of the chain that no database knows
    row.save(force_insert=True)
    lost = stakers.place | {"round": row.pk}
    assert stakers.guest.refused("withdraw", **lost)[1] == "still-locked"  # looked at
    money = {"round": row.pk, "amount": "1"}
    assert stakers.guest.refused("fund", **money)[1] == "round-unknown"
    assert stakers.guest.refused("withdraw", **lost | {"round": 10**7})[1] == "round-unknown"


def test_withdrawing_settles_a_round_that_is_due(stakers: Stakers) -> None:
    stakers.send(stakers.guest.prepare("approve", amount="30"))
    stakers.send(stakers.guest.prepare("stake", **stakers.place, amount="30"))
    stakers.gallery.close()
    stakers.gallery.propose((0, 10_000))
    stakers.chain.go_on(stakers.gallery.on_chain.challenge_s + 1)
    stakers.send(stakers.guest.prepare("withdraw", **stakers.place))
    stakers.gallery.index()
    assert stakers.gallery.on_chain.state == ChainRound.State.SETTLED


def test_the_faucet_gives_once_an_hour(stakers: Stakers) -> None:
    status, code, words = stakers.guest.refused("faucet")
    assert (status, code) == (409, "faucet-resting")
    assert "again on" in words
    newcomer = Guest(stakers.chain.accounts[6])
    prepared = newcomer.prepare("faucet")
    assert prepared["explanation"] == ["The faucet gives you 1000 SALON, which are worth nothing."]
    stakers.chain.go_on(3601)
    assert stakers.guest.prepare("faucet")["transaction"]["data"].startswith("0x")


def test_only_members_may_ask_and_no_other_site(stakers: Stakers) -> None:
    path, body = "/api/v1/stakes/prepare", {"action": "faucet"}
    kind = {"content_type": "application/json"}
    assert Client().post(path, body, **kind).status_code == 401
    evil = {"Origin": "https://evil.example"}
    assert stakers.guest.client.post(path, body, headers=evil, **kind).status_code == 403
    assert stakers.guest.ask("drain").status_code == 422


def test_without_contracts_or_a_node_it_says_so(chain, db) -> None:
    guest = Guest(chain.accounts[2])
    assert guest.refused("faucet")[:2] == (409, "contracts-missing")


def test_a_node_that_is_away_is_not_the_member_s_fault(stakers: Stakers) -> None:
    stakers.chain.stop()
    status, code, _ = stakers.guest.refused("stake", **stakers.place, amount="5")
    assert (status, code) == (503, "node-unreachable")


def test_nobody_prepares_without_end(stakers: Stakers) -> None:
    statuses = [stakers.guest.ask("faucet", round=1).status_code for _ in range(61)]
    assert statuses[-1] == 429
    assert 429 not in statuses[:60]
