"""Check a learning receipt offline: `python verify_learning.py RECEIPT.json [--root HEX]`.

A receipt says that a ballot is in a row of a preference dataset. This recomputes the row's leaf
(SHA-256 of its canonical JSON) and follows the proof to the root (keccak-256, OpenZeppelin's
standard tree of bytes32). Needs Python and `pip install eth-hash[pycryptodome]`. Exit code 0: it
holds; 1: it does not; 2: the file is no receipt.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eth_hash.auto import keccak


def faults(receipt: dict[str, Any], root: str) -> Iterator[str]:
    """What does not hold."""
    row = receipt["row"]
    if receipt["ballot"] not in row["ballots"]:
        yield f"the row has other ballots than {receipt['ballot']}"
    text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    leaf = hashlib.sha256(text.encode()).digest()
    if leaf.hex() != receipt["leaf"]:
        yield f"the row's leaf is {leaf.hex()}, not {receipt['leaf']}"
    node = keccak(keccak(leaf))
    for sibling in map(bytes.fromhex, receipt["proof"]):
        node = keccak(min(node, sibling) + max(node, sibling))
    if node.hex() != root:
        yield f"the proof leads to {node.hex()}, not to the root {root}"


def main() -> int:
    """Read one receipt or a list of them, as the site gives them out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("receipt", type=Path)
    parser.add_argument("--root", default="", help="the dataset's root, from somewhere you trust")
    options = parser.parse_args()
    try:
        found = json.loads(options.receipt.read_bytes())
        receipts = found if isinstance(found, list) else [found]
        wrong = []
        for receipt in receipts:
            if receipt["status"] == "in_dataset":
                said = list(faults(receipt, options.root.lower() or receipt["root"]))
                wrong += said
                place = f"round {receipt['row']['dataset']}, row {receipt['row']['index']}"
                print(f"{place}: {'; '.join(said) if said else 'holds'}")
            else:
                print(f"{receipt['status']}: {receipt['why']}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        print(f"unreadable: {type(error).__name__}: {error}")
        return 2
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
