"""A program that knows nothing but the committed ABI stakes and withdraws."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from eth_account import Account
from eth_utils.crypto import keccak

from chain.operator.deploying import WHOLE
from curation.stakes.models import Stake
from project.env import BASE
from tests.chain.operating import Gallery

MEMBER = Account.from_key(keccak(text="a member who writes programs"))


def run(gallery: Gallery, step: str, place: int, **changes: Any) -> dict[str, Any]:
    """What the script printed."""
    digest, (batch, proof) = gallery.anchored(place)
    plan = {
        "url": gallery.chain.url,
        "chainId": gallery.chain.chain_id,
        "key": "0x" + bytes(MEMBER.key).hex(),
        "curation": gallery.curation,
        "token": gallery.token,
        "faucet": gallery.faucet,
        "step": step,
        "round": gallery.round.pk,
        "candidate": f"0x{digest.hex()}",
        "batch": batch,
        "proof": [f"0x{sibling.hex()}" for sibling in proof],
        "amount": str(25 * WHOLE),
    }
    done = subprocess.run(
        ["node", "tests/wallets_js/stake.mjs"],
        input=json.dumps(plan | changes),
        cwd=BASE,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def open_round(gallery: Gallery) -> Gallery:
    """Nine anchored candidates, a pool of 100, and a programmer who can pay for gas."""
    gallery.open()
    gallery.anchor()
    sponsor = gallery.chain.accounts[3]
    gallery.welcome(sponsor)
    gallery.fund(sponsor, 100)
    gallery.chain.node.call("anvil_setBalance", MEMBER.address, hex(10**18))
    return gallery


def test_viem_takes_tokens_stakes_by_permit_and_withdraws_with_the_reward(open_round) -> None:
    gallery = open_round
    staked = run(gallery, "stake", 4)
    assert staked["balance"] == str(975 * WHOLE)
    gallery.index()
    stake = Stake.objects.get()
    assert (stake.address, stake.staked_wei) == (MEMBER.address, 25 * WHOLE)
    assert run(gallery, "withdraw", 4) == {"error": "RoundInState"}
    gallery.close()
    gallery.propose((4, 10_000))
    gallery.settle()
    assert run(gallery, "withdraw", 4)["balance"] == str(1100 * WHOLE)
    assert run(gallery, "withdraw", 4) == {"error": "NothingToTake"}
    gallery.index()
    assert Stake.objects.get().reward_wei == 100 * WHOLE


def test_viem_reads_the_contract_s_refusals(open_round) -> None:
    gallery = open_round
    wrong = run(gallery, "stake", 4, batch=1)
    assert wrong == {"error": "NotAnchored"}
    dust = run(gallery, "stake", 4, faucet=None, amount="1")
    assert dust == {"error": "StakeTooSmall"}
