"""Root and all proofs of 10,000 candidates, against OpenZeppelin's JavaScript library, in turn.

Both begin with the same hex strings and end with hex strings, and time themselves; the library
runs in a Node process that lives on, so that its code is compiled when it counts. The library
checks every proof before it hands it out, so ours is measured with and without that.
"""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections.abc import Sequence

from benchmarks import harness
from benchmarks.harness import ROOT, Row, percentile
from chain.merkle.tree import MerkleTree, verify


def ours(values: list[str]) -> dict:
    """What the peer answers, by our tree, and how long checking every proof takes."""
    began = time.perf_counter()
    wanted = [bytes.fromhex(value[2:]) for value in values]
    tree = MerkleTree(wanted)
    built = time.perf_counter()
    proofs = [["0x" + sibling.hex() for sibling in tree.proof(value)] for value in wanted]
    done = time.perf_counter()
    root = tree.root
    assert all(verify(root, value, tree.proof(value)) for value in wanted)
    checked = time.perf_counter()
    text = "".join(sibling for proof in proofs for sibling in proof)
    return {
        "root": "0x" + root.hex(),
        "digest": hashlib.sha256(text.encode()).hexdigest(),
        "root_ms": (built - began) * 1000,
        "proofs_ms": (done - built) * 1000,
        "checks_ms": (checked - done) * 1000,
    }


def measure(quick: bool) -> Sequence[Row]:
    """Build trees of fresh values by both, one after the other."""
    count, times = (1000, 3) if quick else (10_000, 9)
    mine, theirs = [], []
    with harness.process(["node", str(ROOT / "benchmarks/merkle_peer.mjs")], talk=True) as peer:
        for turn in range(times + 2):
            values = fresh(turn, count)
            here, there = ours(values), harness.ask(peer, values)
            if (here["root"], here["digest"]) != (there["root"], there["digest"]):
                raise RuntimeError("The two trees are not the same.")
            if turn >= 2:  # the first ones warm both sides
                mine.append(here)
                theirs.append(there)
    root, proofs, checks = (median(mine, f"{part}_ms") for part in ("root", "proofs", "checks"))
    their_root, their_proofs = (median(theirs, f"{part}_ms") for part in ("root", "proofs"))
    whole, their_whole = root + proofs, their_root + their_proofs
    details = (
        f"{whole:.0f} ÷ {their_whole:.0f} ms for {count:,} candidates, medians of {times}; root "
        f"{root:.0f} ÷ {their_root:.0f} ms ({root / their_root:.2f}), proofs {proofs:.0f} ÷ "
        f"{their_proofs:.0f} ms; with each of ours checked as theirs are "
        f"{(whole + checks) / their_whole:.2f}; same root, same proofs; {versions()}"
    )
    return [Row("merkle", f"{whole / their_whole:.3f}", "≤ 1", details)]


def fresh(turn: int, count: int) -> list[str]:
    """Digests nobody has hashed before."""
    texts = (f"candidate {turn} {n}".encode() for n in range(count))
    return ["0x" + hashlib.sha256(text).hexdigest() for text in texts]


def median(rows: list[dict], name: str) -> float:
    return percentile([row[name] for row in rows], 0.5)


def versions() -> str:
    node = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True, check=True)
    return f"Node {node.stdout.strip()}"


if __name__ == "__main__":
    harness.main(measure, __doc__)
