"""What binds logs to a block: hashes anyone can compute again.

A block's hash covers the root of its receipts, and that covers every log. A node that drops or
alters one cannot make these agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import rlp
from eth_hash.auto import keccak

from chain.indexer.bloom import bloom_of
from chain.indexer.errors import Disagreement
from chain.indexer.trie import list_root
from chain.indexer.wire import Header, Malformed, RawLog, hex_of, log_of, number_of

# In the order of Ethereum's header; those after the nonce came with later forks, in this order.
HEADER = (
    *("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot"),
    *("logsBloom", "#difficulty", "#number", "#gasLimit", "#gasUsed", "#timestamp", "extraData"),
    *("mixHash", "nonce", "#baseFeePerGas", "withdrawalsRoot", "#blobGasUsed", "#excessBlobGas"),
    *("parentBeaconBlockRoot", "requestsHash"),
)
NAMES_OF_FIRST_FORK = 15


def check_header(header: Header) -> None:
    """Raises Disagreement: a header's fields have another hash than it says."""
    fields = []
    for place, name in enumerate(HEADER):
        value = header.raw.get(name.lstrip("#"))
        if value is None and place >= NAMES_OF_FIRST_FORK:
            break
        fields.append(_number(value) if name[0] == "#" else bytes.fromhex(hex_of(value)))
    if keccak(rlp.encode(fields)).hex() != header.hash:
        raise Disagreement(
            f"The header of block {header.number} has another hash than the node says. On a chain "
            "whose headers are not Ethereum's, set RPC_CHECK_RECEIPTS=0."
        )


def check_receipts(header: Header, receipts: Sequence[Any]) -> list[RawLog]:
    """Every log of a block, after its receipts were found to be what the header says.

    Raises:
        Disagreement: they are not.
        Malformed: they are no receipts.
    """
    sent = header.raw.get("transactions")
    if not isinstance(sent, list) or len(sent) != len(receipts):
        raise Disagreement(f"Block {header.number} has another number of receipts than it sent.")
    encoded: list[bytes] = []
    logs: list[RawLog] = []
    for tx_hash, receipt in zip(sent, receipts, strict=True):
        if not isinstance(receipt, dict) or not isinstance(receipt.get("logs"), list):
            raise Malformed(f"The node gave {receipt!r:.80} for a receipt.")
        found = [log_of(raw) for raw in receipt["logs"]]
        encoded.append(_encoded(receipt, found))
        # What the root does not cover is taken from the block, not from the log.
        first, sender = len(logs), hex_of(tx_hash, 32)
        logs += [
            log._replace(
                block=header.number, block_hash=header.hash, log_index=first + n, tx_hash=sender
            )
            for n, log in enumerate(found)
        ]
    if list_root(encoded).hex() != hex_of(header.raw.get("receiptsRoot"), 32):
        raise Disagreement(
            f"The receipts of block {header.number} have another root than its header says."
        )
    return logs


def _encoded(receipt: Mapping[str, Any], logs: Sequence[RawLog]) -> bytes:
    """A receipt as it stands in the trie (EIP-658, EIP-2718)."""
    items = [
        [
            bytes.fromhex(log.address[2:]),
            [bytes.fromhex(topic) for topic in log.topics],
            bytes.fromhex(log.data),
        ]
        for log in logs
    ]
    bloom = bloom_of([(address, topics) for address, topics, _ in items])  # type: ignore[misc]
    fields = [
        _number(receipt.get("status")),
        _number(receipt.get("cumulativeGasUsed")),
        bloom,
        items,
    ]
    kind = number_of(receipt.get("type", "0x0"))
    return (bytes([kind]) if 0 < kind < 128 else b"") + bytes(rlp.encode(fields))


def _number(value: Any) -> bytes:
    """A number as RLP has it: without leading zeros."""
    try:
        number = int(value, 16)
        return number.to_bytes((number.bit_length() + 7) // 8, "big")
    except (TypeError, ValueError, OverflowError) as error:
        raise Malformed(f"The node gave {value!r:.80} for a number.") from error
