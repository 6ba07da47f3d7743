from __future__ import annotations

import json
from io import StringIO

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from eth_utils.crypto import keccak

from chain.anchoring.services import gather_batch
from chain.artifacts import FOLDER
from chain.errors import NodeRefused
from chain.merkle.tree import _parent, leaf_of
from chain.operator.models import Deployment
from curation.galleries.files import picture_name
from curation.models import Candidate
from curation.stakes.models import AnchoredCandidate, Batch
from tests.anvil import Anvil
from tests.factories import publish

from .rounds import hang, round_on_chain

pytestmark = pytest.mark.django_db
NOT_ANCHORED = "0x" + keccak(text="NotAnchored(bytes32,uint256)")[:4].hex()
OTHER = "00" * 31 + "01"


class Contract:
    """A real Curation on the test run's chain; the first unlocked account has every role."""

    def __init__(self, anvil: Anvil) -> None:
        owner = anvil.accounts[0]
        self.anvil = anvil
        self.token = anvil.deploy("SalonToken", owner, 10**24)
        self.address = anvil.deploy("Curation", self.token, owner, owner, owner, 60, 1)
        anvil.send(self.token, "SalonToken", "approve", self.address, 10**24)

    def open(self, round_id: int) -> None:
        block = self.anvil.node.call("eth_getBlockByNumber", "latest", False)
        now = int(block["timestamp"], 16)
        self.send("openRound", round_id, (now + 600, now + 600, now + 900, 60))

    def anchor(self, batch: Batch) -> None:
        self.send("anchor", batch.round_id, bytes.fromhex(batch.root), batch.count, "")

    def stake(self, round_id: int, digest: str, index: int, proof: list[str]) -> None:
        """Lock one wei behind a candidate.

        Raises:
            NodeRefused: it reverts; then nothing is sent.
        """
        anchored = (index, [bytes.fromhex(sibling) for sibling in proof])
        arguments = (round_id, bytes.fromhex(digest), 1, anchored)
        data = self.anvil.encode("Curation", "stake", *arguments)
        asks = {"sender": self.anvil.accounts[0], "gas": 1_000_000}
        self.anvil.node.eth_call(to=self.address, data=data, **asks)
        self.send("stake", *arguments)

    def send(self, function: str, *arguments: object) -> None:
        self.anvil.send(self.address, "Curation", function, *arguments)


@pytest.fixture(scope="module")
def contract(anvil) -> Contract:
    names = ("Curation", "SalonToken")
    found = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in names}
    return Contract(Anvil(anvil.node, found))


@pytest.fixture
def deployed(contract) -> Contract:
    """The contract as the site knows it."""
    Deployment.objects.create(
        chain_id=settings.CHAIN_ID, name="Curation", address=contract.address, block_number=1
    )
    return contract


@pytest.fixture
def candidate() -> Candidate:
    """One with its file, in the second batch of its round."""
    round_ = round_on_chain(7)
    gather_batch(round_id=round_.pk)
    hung = publish(round_, 1)
    hang(round_, 12)
    gather_batch(round_id=round_.pk)
    return hung


@pytest.fixture
def anchored(deployed, candidate) -> Candidate:
    """The same, with both batches on the chain."""
    deployed.open(candidate.round_id)
    for batch in Batch.objects.order_by("pk"):
        deployed.anchor(batch)
    return candidate


def verified(digest: str) -> str:
    out = StringIO()
    call_command("verify_anchor", digest, stdout=out)
    return out.getvalue()


def test_a_candidate_is_followed_from_its_file_to_the_chain(anchored, deployed) -> None:
    lines = verified(anchored.digest).splitlines()
    assert len(lines) == 3
    assert picture_name(anchored.digest) in lines[0]
    assert anchored.anchor.batch.root in lines[1]
    assert f"{deployed.address} on chain 31337 has that root as batch 1 of" in lines[2]
    assert verified("0x" + anchored.digest.upper()) == verified(anchored.digest)


def test_threat_29_the_contract_takes_the_stored_proof_and_no_other(anchored, deployed) -> None:
    round_id, digest, proof = anchored.round_id, anchored.digest, anchored.anchor.proof
    deployed.stake(round_id, digest, 1, proof)
    inside = _parent(leaf_of(bytes.fromhex(digest)), bytes.fromhex(proof[0])).hex()
    for index, value, said in (
        (0, digest, proof),
        (2, digest, proof),
        (1, digest, proof[::-1]),
        (1, digest, proof[1:]),
        (1, OTHER, proof),
        (1, inside, proof[1:]),
    ):
        with pytest.raises(NodeRefused) as refused:
            deployed.stake(round_id, value, index, said)
        assert refused.value.data.startswith(NOT_ANCHORED)


def test_every_proof_of_every_batch_is_taken_by_the_contract(anchored, deployed) -> None:
    for place in AnchoredCandidate.objects.select_related("candidate"):
        index = 1 if place.batch_id == anchored.anchor.batch_id else 0
        deployed.stake(anchored.round_id, place.candidate.digest, index, place.proof)


def test_without_a_deployment_it_says_that_the_chain_was_not_asked(candidate) -> None:
    assert verified(candidate.digest).splitlines()[-1] == (
        "No contract is deployed, so the root was not looked for on the chain."
    )


def test_a_root_that_was_not_sent_is_missed(candidate, deployed) -> None:
    with pytest.raises(CommandError, match="has 0 roots for round"):
        verified(candidate.digest)


def test_other_bytes_in_the_file_are_noticed(anchored) -> None:
    name = picture_name(anchored.digest)
    default_storage.delete(name)
    with pytest.raises(CommandError, match="is missing"):
        verified(anchored.digest)
    default_storage.save(name, ContentFile(b"another picture"))
    try:
        with pytest.raises(CommandError, match="have digest"):
            verified(anchored.digest)
    finally:
        default_storage.delete(name)


def test_a_changed_proof_is_noticed(anchored) -> None:
    AnchoredCandidate.objects.update(proof=[OTHER])
    with pytest.raises(CommandError, match="does not lead to root"):
        verified(anchored.digest)


def test_a_batch_that_was_swapped_whole_is_noticed_by_the_chain(anchored) -> None:
    """Proof and root fit each other, but the contract has never heard of them."""
    alone = leaf_of(bytes.fromhex(anchored.digest)).hex()
    Batch.objects.filter(pk=anchored.anchor.batch_id).update(root=alone, count=1)
    AnchoredCandidate.objects.filter(pk=anchored.pk).update(proof=[])
    with pytest.raises(CommandError, match="is not among them"):
        verified(anchored.digest)


@pytest.mark.parametrize("digest", ["", "x", OTHER, "0" * 63, "'; DROP TABLE"])
def test_unknown_digests_are_said_to_be_unknown(digest) -> None:
    with pytest.raises(CommandError, match="in no batch"):
        verified(digest)


def test_an_address_without_the_contract_is_noticed(anchored, deployed) -> None:
    Deployment.objects.update(address=deployed.anvil.accounts[5])
    with pytest.raises(CommandError, match="is not the contract"):
        verified(anchored.digest)


def test_a_node_of_another_chain_is_not_believed(anchored, settings) -> None:
    settings.CHAIN_ID = 1
    Deployment.objects.update(chain_id=1)
    with pytest.raises(CommandError, match="not 1"):
        verified(anchored.digest)
