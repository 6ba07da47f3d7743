"""What the indexer is made of: reading hex, filters, roots, layouts."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
import rlp
from eth_abi.abi import encode
from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from chain.indexer.bloom import bloom_of, may_hold
from chain.indexer.decoding import FOLLOWED, Decoder, checksummed, layouts
from chain.indexer.errors import Disagreement
from chain.indexer.sizes import FIRST, LARGEST, RangeSize
from chain.indexer.trie import list_root
from chain.indexer.wire import Malformed, RawLog, header_of, log_of
from curation.stakes import events as ev
from tests.chain.indexer.conftest import FOLLOWING
from tests.chain.indexer.scripted import ScriptedChain, event_log
from tests.chain.indexer.stories import DIGESTS, MEMBERS

ADA = MEMBERS[0]
NOON = datetime(2027, 1, 1, 12, tzinfo=UTC)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def a_log(*event: object) -> dict:
    chain = ScriptedChain()
    chain.mine(event)
    return chain.blocks[-1].logs[0]


def decoded(*event: object) -> object:
    """An event after a way through the wire."""
    [found] = Decoder(FOLLOWING.addresses).events([log_of(a_log(*event))], {1: NOON})
    return found


@given(st.binary(min_size=20, max_size=20))
def test_addresses_are_spelled_as_everybody_spells_them(raw):
    assert checksummed(raw.hex()) == to_checksum_address(raw)


@given(st.sampled_from(["address", "topics", "data", "blockHash", "transactionHash"]), JUNK)
def test_log_with_junk_in_it_is_malformed_or_sound(name, junk):
    sound = a_log("Funded", 1, ADA, 5)
    try:
        log = log_of({**sound, name: junk})
    except Malformed:
        return
    assert isinstance(log, RawLog)
    assert all(set(hexed) <= set("0123456789abcdefx") for hexed in (*log[5], log.data, log[4]))


@given(st.sampled_from(["number", "hash", "parentHash", "timestamp", "logsBloom"]), JUNK)
def test_header_with_junk_in_it_is_malformed(name, junk):
    with pytest.raises(Malformed):
        header_of({**ScriptedChain().blocks[0].header, name: junk})


@pytest.mark.parametrize("place", ["blockNumber", "logIndex"])
@pytest.mark.parametrize("value", ["0x8000000000000000", "-0x1", "1", "0x", "0x1 ", None, 5, []])
def test_numbers_are_hex_below_two_to_the_63(place, value):
    with pytest.raises(Malformed):
        log_of({**a_log("Funded", 1, ADA, 5), place: value})


def test_hex_with_room_for_something_else_is_malformed():
    sound = a_log("Funded", 1, ADA, 5)
    for data in ("0x00\t01", "0x0", "00", "0x\n", "0xzz", "0x 00"):
        with pytest.raises(Malformed):
            log_of({**sound, "data": data})
    for topics in ([sound["topics"][0][:-2], *sound["topics"][1:]], ["0x" + "0" * 65, "0" * 67]):
        with pytest.raises(Malformed):
            log_of({**sound, "topics": topics})


@given(st.lists(st.binary(min_size=20, max_size=20), min_size=1, max_size=5))
def test_filter_never_denies_what_is_there(addresses):
    bloom = bloom_of([(address, [keccak(address)]) for address in addresses])
    assert all(may_hold(bloom, address) for address in addresses)
    assert all(may_hold(bloom, keccak(address)) for address in addresses)
    assert not may_hold(bytes(256), addresses[0])


def simple_root(pairs: dict[bytes, bytes]) -> bytes:
    """A trie's root, by inserting keys into nested dictionaries and folding these up."""

    def fold(items: dict[tuple, bytes]):
        if len(items) == 1:
            [(path, value)] = items.items()
            return [packed(path, 2), value]
        if len(first := {path[0] for path in items if path}) == 1 and () not in items:
            below = {path[1:]: value for path, value in items.items()}
            node = fold(below)
            shared = [first.pop()]
            if len(node) == 2 and len(below) > 1 and node[0][0] >> 4 < 2:  # an extension: join
                shared += unpacked(node[0])
                return [packed(tuple(shared), 0), node[1]]
            return [packed(tuple(shared), 0), short(node)]
        branch = [b""] * 16 + [items.get((), b"")]
        for nibble in range(16):
            below = {path[1:]: v for path, v in items.items() if path and path[0] == nibble}
            if below:
                branch[nibble] = short(fold(below))
        return branch

    def short(node):
        return node if len(rlp.encode(node)) < 32 else keccak(rlp.encode(node))

    def packed(path: tuple, flag: int) -> bytes:
        digits = f"{flag + len(path) % 2:x}{'' if len(path) % 2 else '0'}"
        return bytes.fromhex(digits + "".join(f"{nibble:x}" for nibble in path))

    def unpacked(raw: bytes) -> list[int]:
        digits = raw.hex()
        return [int(d, 16) for d in digits[1 if int(digits[0], 16) % 2 else 2 :]]

    return keccak(
        rlp.encode(fold({tuple(int(d, 16) for d in k.hex()): v for k, v in pairs.items()}))
    )


def test_root_of_nothing_is_the_known_one():
    known = "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
    assert list_root([]).hex() == known


@pytest.mark.parametrize("count", [1, 2, 3, 16, 17, 127, 128, 129, 255, 256, 300])
def test_roots_of_lists_equal_those_of_a_plainer_trie(count):
    rng = random.Random(count)
    values = [rng.randbytes(rng.choice((1, 5, 40, 300))) for _ in range(count)]
    plain = {rlp.encode(place): value for place, value in enumerate(values)}
    assert list_root(values) == simple_root(plain)


EVENTS = (
    ("RoundOpened", 7, (1, 2, 3, 4)),
    ("CandidatesAnchored", 7, 3, DIGESTS[0], 12, "https://salon.example/ü"),
    ("BallotsAnchored", 7, DIGESTS[0]),
    ("Funded", 7, ADA, 2**200),
    ("Staked", 7, ADA, DIGESTS[1], 5),
    ("ResultProposed", 7, DIGESTS[:3], [5000, 3000, 2000], DIGESTS[3], DIGESTS[4], 99),
    ("ResultVetoed", 7, ADA),
    ("RoundCancelled", 7, ADA),
    ("RoundSettled", 7, 100, 30),
    ("Withdrawn", 7, ADA, DIGESTS[1], 5, 2),
    ("Refunded", 7, ADA, 1),
    ("Transfer", ADA, MEMBERS[1], 8),
)


def plain(value: object) -> list:
    """An argument as events have it: flat, and hex for bytes."""
    if isinstance(value, tuple):
        return [item for part in value for item in plain(part)]
    if isinstance(value, list):
        return [[plain(item)[0] for item in value]]
    return [value.hex() if isinstance(value, bytes) else value]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event[0])
def test_every_event_is_decoded_field_by_field(event):
    name, *arguments = event
    found = decoded(*event)
    assert type(found).__name__ == name
    assert found.place[:2] == (1, 0)
    assert found.place.at == NOON
    assert list(found[1:]) == [part for argument in arguments for part in plain(argument)]


def test_every_event_we_know_is_in_the_abi_and_tested():
    names = {event.__name__ for events in FOLLOWED.values() for event in events}
    assert names == {event[0] for event in EVENTS}
    assert sum(len(layouts(name)) for name in FOLLOWED) == len(names)
    assert {event for events in FOLLOWED.values() for event in events} == set(ev.Event.__args__)


def test_log_of_another_form_than_its_event_is_no_event():
    decoder = Decoder(FOLLOWING.addresses)
    for event in (EVENTS[3], EVENTS[1], EVENTS[5]):
        sound = log_of(a_log(*event))
        for odd in (
            sound._replace(data=sound.data[:-64]),
            sound._replace(data="ff" * (len(sound.data) // 2 - 1)),
            sound._replace(topics=sound.topics[:-1]),
        ):
            with pytest.raises(Disagreement):
                list(decoder.events([odd], {1: NOON}))


def test_same_event_of_another_contract_says_nothing():
    log = log_of({**a_log("Funded", 1, ADA, 5), "address": FOLLOWING.addresses["SalonToken"]})
    assert list(Decoder(FOLLOWING.addresses).events([log], {1: NOON})) == []


def test_event_log_of_tests_equals_what_the_abi_says():
    log = event_log("Funded", 1, ADA, 5)
    assert log["topics"][1:] == [
        "0x" + encode(["uint256"], [1]).hex(),
        "0x" + encode(["address"], [ADA]).hex(),
    ]


def test_range_size_halves_and_grows_back_between_its_bounds():
    size = RangeSize()
    for _ in range(20):
        size.shrink()
    assert size.blocks == 1
    size.note(blocks=1, logs=100_000)
    assert size.blocks == 1  # full enough
    for _ in range(40):
        size.note(blocks=size.blocks, logs=0)
    assert size.blocks == LARGEST > FIRST
    size.note(blocks=3, logs=0)  # the head was near: that says nothing
    assert size.blocks == LARGEST
