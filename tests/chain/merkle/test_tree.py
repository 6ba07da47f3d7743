import hashlib
import json
import random
import subprocess
from pathlib import Path

import pytest
from eth_utils.crypto import keccak
from hypothesis import assume, given
from hypothesis import strategies as st

from chain.merkle.errors import DuplicateLeaf, EmptyTree, NotInTree, ValueRefused
from chain.merkle.tree import MerkleTree, leaf_of, verify

LIBRARY = Path(__file__).parent / "library.mjs"
value_lists = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70, unique=True)


def digests(count: int, seed: str = "") -> list[bytes]:
    """Values in no order."""
    return [hashlib.sha256(f"candidate {seed} {n}".encode()).digest() for n in range(count)]


def library(lists: list[list[bytes]]) -> list[dict]:
    """Root and proofs of each list by the JavaScript library."""
    asked = json.dumps([["0x" + value.hex() for value in values] for values in lists])
    command = ["node", LIBRARY]
    answer = subprocess.run(command, input=asked, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(answer.stdout)


def as_library(values: list[bytes]) -> dict:
    tree = MerkleTree(values)
    proofs = [["0x" + sibling.hex() for sibling in tree.proof(value)] for value in values]
    return {"root": "0x" + tree.root.hex(), "proofs": proofs}


def test_threat_29_roots_and_proofs_of_small_trees_equal_the_librarys() -> None:
    lists = [digests(size, seed) for size in range(1, 41) for seed in "abc"]
    assert [as_library(values) for values in lists] == library(lists)


@pytest.mark.parametrize("size", [1000, 10_000])
def test_threat_29_roots_and_proofs_of_large_trees_equal_the_librarys(size) -> None:
    values = digests(size)
    [theirs] = library([values])
    ours = as_library(values)
    assert ours["root"] == theirs["root"]
    assert ours["proofs"] == theirs["proofs"]


def test_a_tree_of_one_is_its_leaf_and_needs_no_proof() -> None:
    [value] = digests(1)
    tree = MerkleTree([value])
    assert (tree.root, tree.proof(value), len(tree)) == (keccak(keccak(value)), [], 1)
    assert verify(tree.root, value, [])


@given(value_lists)
def test_every_proof_verifies(values) -> None:
    tree = MerkleTree(values)
    assert len(tree) == len(values)
    assert all(verify(tree.root, value, tree.proof(value)) for value in values)


@given(value_lists, st.randoms(use_true_random=False))
def test_the_order_of_the_values_changes_nothing(values, chance) -> None:
    shuffled = chance.sample(values, len(values))
    one, other = MerkleTree(values), MerkleTree(iter(shuffled))
    assert one.root == other.root
    assert all(one.proof(value) == other.proof(value) for value in values)


@given(value_lists, st.data())
def test_a_wrong_value_root_or_proof_does_not_verify(values, data) -> None:
    tree = MerkleTree(values)
    value = data.draw(st.sampled_from(values))
    proof = tree.proof(value)
    at, bit = data.draw(st.integers(0, 31)), 1 << data.draw(st.integers(0, 7))

    def bent(given: bytes) -> bytes:
        return given[:at] + bytes([given[at] ^ bit]) + given[at + 1 :]

    assert not verify(tree.root, bent(value), proof)
    assert not verify(bent(tree.root), value, proof)
    assert not verify(tree.root, value, [*proof, bent(tree.root)])
    for place in range(len(proof)):
        assert not verify(
            tree.root, value, [*proof[:place], bent(proof[place]), *proof[place + 1 :]]
        )
        assert not verify(tree.root, value, [*proof[:place], *proof[place + 1 :]])


@given(value_lists, st.data())
def test_siblings_in_another_order_do_not_verify(values, data) -> None:
    tree = MerkleTree(values)
    value = data.draw(st.sampled_from(values))
    proof = tree.proof(value)
    other = data.draw(st.permutations(proof))
    assume(other != proof)
    assert not verify(tree.root, value, other)


@given(value_lists, st.binary(min_size=32, max_size=32))
def test_a_value_that_was_not_given_has_no_proof(values, stranger) -> None:
    assume(stranger not in values)
    tree = MerkleTree(values)
    with pytest.raises(NotInTree, match=stranger.hex()):
        tree.proof(stranger)
    assert not any(verify(tree.root, stranger, tree.proof(value)) for value in values)


def test_threat_29_a_64_byte_leaf_is_no_second_preimage() -> None:
    values = digests(2)
    tree = MerkleTree(values)
    pair = b"".join(sorted(map(leaf_of, values)))
    assert keccak(pair) == tree.root  # so a tree that hashed its values once would take `pair`
    assert not verify(tree.root, pair, [])
    with pytest.raises(ValueRefused):
        MerkleTree([pair])


def test_threat_29_no_node_inside_the_tree_passes_for_a_value() -> None:
    values = digests(33)
    tree = MerkleTree(values)
    for node in tree._nodes:
        for value in values:
            proof = tree.proof(value)
            assert not any(verify(tree.root, node, proof[skip:]) for skip in range(len(proof) + 1))


def test_threat_29_duplicates_are_refused_wherever_they_stand() -> None:
    values = digests(20)
    for seed in range(20):
        chance = random.Random(seed)
        twice = [*values, chance.choice(values)]
        chance.shuffle(twice)
        with pytest.raises(DuplicateLeaf):
            MerkleTree(twice)


def test_nothing_makes_no_tree() -> None:
    with pytest.raises(EmptyTree):
        MerkleTree([])


@pytest.mark.parametrize("size", [0, 1, 31, 33, 64, 1000])
def test_values_and_proofs_have_32_bytes(size) -> None:
    with pytest.raises(ValueRefused):
        MerkleTree([bytes(size)])
    value, *others = digests(5)
    tree = MerkleTree([value, *others])
    proof = tree.proof(value)
    assert verify(tree.root, value, proof)
    assert not verify(tree.root, bytes(size), proof)
    assert not verify(bytes(size), value, proof)
    assert not verify(tree.root, value, [bytes(size), *proof])
