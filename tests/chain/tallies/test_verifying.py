"""A stranger counts a round again from its bundle, and asks the chain about it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from chain.operator.deploying import WHOLE
from curation.ballots.services import cast_ballot
from curation.ballots.typed import Domain
from curation.standings.bundle import bundle_name
from curation.standings.models import Tally
from project.env import BASE
from tests.chain.operating import Gallery
from tests.curation.standings.verifying import sealed
from tests.voters import Voter

from .jury import Jury


def vote(gallery: Gallery, voters: list[Voter], *places: tuple[int, int]) -> None:
    """Everybody signs with their wallet that they prefer the first of each two pictures."""
    for voter in voters:
        for place in places:
            chosen, rejected = (gallery.candidates[at].digest for at in place)
            voter.serve(gallery.round, chosen, rejected)
            ballot = voter.by_wallet(voter.fields(gallery.round, chosen, rejected))
            cast_ballot(ballot=ballot, client="test")


@pytest.fixture
def judged(chain, gallery) -> Jury:
    """A round with stakes, some from before it opened, and ballots that are really signed."""
    ada, bob = chain.accounts[5:7]
    gallery.open()
    gallery.anchor()
    gallery.welcome(ada, bob)
    voters = [Voter(Domain(chain.chain_id, gallery.curation), delegated=False) for _ in range(3)]
    for voter in voters[:2]:  # who vote with what they had locked before
        who = voter.wallet.address
        chain.node.call("anvil_setBalance", who, hex(10**20))
        chain.node.call("anvil_impersonateAccount", who)
        chain.act(ada, gallery.token, "SalonToken", "transfer", who, 150 * WHOLE)
        chain.act(who, gallery.token, "SalonToken", "approve", gallery.curation, 10**30)
        gallery.stake(who, 0, 150)
    chain.act(who, gallery.token, "SalonToken", "transfer", voters[0].wallet.address, 0)
    for _ in range(3):
        chain.go_on(60)
    gallery.renew()
    gallery.open()
    gallery.anchor()
    jury = Jury(gallery, [voter.member for voter in voters])
    gallery.fund(bob, 90)
    gallery.stake(ada, 2, 30)
    gallery.stake(bob, 1, 10)
    vote(gallery, voters, (2, 1), (2, 0), (1, 0))
    gallery.close()
    return jury


def said(tally: Tally, *options: str) -> str:
    """What the verifier says of a tally's bundle."""
    return told_of(Path(default_storage.path(bundle_name(tally.bundle_digest))), *options)


def told_of(path: Path, *options: str) -> str:
    command = [sys.executable, "verify_round.py", str(path), *options]
    done = subprocess.run(command, cwd=BASE, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.stdout


def test_bundle_of_a_round_on_a_real_chain_is_counted_again_and_equal(chain, judged):
    tally = judged.count()
    assert tally.counted_count == 9
    assert judged.gallery.on_chain.state == "proposed"
    told = said(tally, "--rpc", chain.url, "--bundle-hash", judged.gallery.on_chain.bundle_hash)
    assert told.splitlines()[-1] == "equal", told
    assert "chain: equal" in told


def test_threat_32_chain_with_another_root_is_told_apart(chain, judged):
    tally = judged.count()
    chain.node.call("anvil_rollback", 12)
    told = said(tally, "--rpc", chain.url)
    assert told.splitlines()[-1] == "not equal"
    assert "it has the ballots roots []" in told


def test_threat_08_a_node_knows_voters_and_stakes_that_a_bundle_leaves_out(chain, judged, tmp_path):
    path = default_storage.path(bundle_name(judged.count().bundle_digest))
    bundle = json.loads(Path(path).read_text())
    whale = next(row for row in bundle["principal"] if row["wei"] != "0")
    bundle["principal"].remove(whale)
    first, second = bundle["stakes"][:2]
    first["address"], second["address"] = second["address"], first["address"]
    (tmp_path / "bundle.json").write_bytes(sealed(bundle))
    told = told_of(tmp_path / "bundle.json", "--rpc", chain.url)
    assert told.splitlines()[-1] == "not equal"
    assert f"it has [{whale['wei']}] wei as principal of {whale['address']}, not 0" in told
    assert f"it has 0 wei of {first['address']} staked on {first['digest']}, not" in told
    assert f"it has {first['wei']} wei of {second['address']} staked on {first['digest']}" in told
