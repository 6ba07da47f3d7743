"""Follows one candidate from its file's bytes to the chain, trusting nothing on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from django.conf import settings
from django.core.files.storage import default_storage
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak

from chain.anchoring.errors import AnchorUnknown, AnchorWrong
from chain.client import site_node
from chain.merkle.tree import verify
from chain.operator.models import Deployment
from curation.galleries.files import picture_name
from curation.stakes.models import AnchoredCandidate

GAS = 10_000_000  # a round's 1,024 roots cost about a quarter of it to read


def check_anchor(digest: str) -> Iterator[str]:
    """Check the file, the proof, and the root on the chain; yields a sentence for what held.

    Without a deployment the last step is not taken, and the last sentence says so.

    Raises:
        AnchorUnknown: there is nothing to check.
        AnchorWrong: a step does not hold.
        NodeRefused, NodeUnreachable: the chain could not be asked.
    """
    place = (
        AnchoredCandidate.objects.select_related("batch").filter(candidate__digest=digest).first()
    )
    if place is None:
        raise AnchorUnknown(f"{digest} is in no batch, or no candidate at all.")
    yield _check_file(digest)
    batch = place.batch
    proof = [bytes.fromhex(sibling) for sibling in place.proof]
    if not verify(bytes.fromhex(batch.root), bytes.fromhex(digest), proof):
        raise AnchorWrong(f"The stored proof does not lead to root {batch.root}.")
    yield f"{len(proof)} hashes lead from it to root {batch.root} of {batch.count} candidates."
    contract = Deployment.objects.filter(chain_id=settings.CHAIN_ID, name="Curation").first()
    if contract is None:
        yield "No contract is deployed, so the root was not looked for on the chain."
        return
    roots = _roots_of(batch.round_id, contract.address)
    if batch.root not in roots:
        raise AnchorWrong(
            f"{contract.address} has {len(roots)} roots for round {batch.round_id}; {batch.root} "
            "is not among them. Either it was not sent yet, or the chain has other candidates."
        )
    yield (
        f"{contract.address} on chain {settings.CHAIN_ID} has that root as batch "
        f"{roots.index(batch.root)} of round {batch.round_id}."
    )


def _check_file(digest: str) -> str:
    """Raises AnchorWrong when the stored file is missing or has another digest."""
    name = picture_name(digest)
    try:
        with default_storage.open(name) as file:
            found = hashlib.sha256(file.read()).hexdigest()
    except FileNotFoundError as error:
        raise AnchorWrong(f"The file {name} is missing.") from error
    if found != digest:
        raise AnchorWrong(f"The bytes of {name} have digest {found}.")
    return f"The bytes of {name} have this digest."


def _roots_of(round_id: int, contract: str) -> list[str]:
    """A round's roots in hex, as the contract has them now.

    Raises:
        AnchorWrong: what stands at the address answers something else.
        NodeRefused, NodeUnreachable: the chain could not be asked.
    """
    node = site_node()
    node.check_chain()
    question = keccak(b"rootsOf(uint256)")[:4] + round_id.to_bytes(32, "big")
    answer = node.eth_call(to=contract, data=question, gas=GAS)
    try:
        (roots,) = decode(["bytes32[]"], answer)
    except (DecodingError, ValueError, OverflowError) as error:
        raise AnchorWrong(f"What stands at {contract} is not the contract.") from error
    return [root.hex() for root in roots]
