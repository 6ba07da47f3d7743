#!/usr/bin/env python3
"""Counts a round of Salon again from its published bundle, and says equal, or where not.

Stands alone: Python 3.11, eth-account, cryptography, numpy. docs/bundles.md says what it proves.
Longer than files here may be: a stranger downloads one file, and reads it before running it.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import math
import re
import sys
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.hashes import SHA256
from eth_abi import decode, encode
from eth_keys.datatypes import Signature
from eth_utils import keccak, to_checksum_address

Row = type("Row", (dict,), {"__getattr__": dict.__getitem__})  # JSON; its parts are attributes
KEYS = {"anchors": ["index"], "ballots": ["digest"], "candidates": ["digest"]}
KEYS |= {"standings": ["digest"], "principal": ["address"], "reputations": ["address"]}
KEYS |= {"rewards": ["address", "digest"], "stakes": ["address", "digest"]}  # of rows, each once
SPELLED = dict.fromkeys(["digest", "chosen", "rejected", "root"], re.compile("[0-9a-f]{64}"))
SPELLED |= dict.fromkeys(["nonce", "wei"], re.compile("0|[1-9][0-9]{0,77}"))
ADDRESSES = {"voter", "address", "one", "other"}  # so spelled, nothing has two names
USUAL = {"unit_wei": "100000000000000000000", "cap": 3.0, "candidate_cap": 3.0, "cluster_cap": 6.0}
USUAL |= {"prior_deviation": 1.5, "shares_bps": [6000, 2500, 1500], "least_weight_to_win": 1.0}
USUAL |= {"grace_s": 60, "newcomers_count": False}  # Salon's parameters
LATE_S, AHEAD_S = 15 * 60, 60  # a root after a ballot; a chain's clock before this machine's
PUBLISHED = 0.51e-6  # scores are published with six decimals; two solvers agree far better
HALF_ORDER = bytes.fromhex("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0")
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BALLOT = "Ballot(address voter,uint256 round,bytes32 chosen,bytes32 rejected,uint8 outcome,"
BALLOT += "uint256 nonce,uint256 issuedAt)"
DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
SITE = b"".join(keccak(text=text) for text in (DOMAIN, "Salon", "1"))
SIGN_IN = (
    "{url} wants you to sign in with your Ethereum account:\n{address}\n\nSign in to Salon. This "
    "costs nothing and moves no tokens. If a browser key is listed under Resources, it may cast "
    "votes in your name on this site until this message expires; you can take that back at any "
    "time on your account page.\n\nURI: {url}\nVersion: 1\nChain ID: {chain}\nNonce: {said[Nonce]}"
    "\nIssued At: {said[Issued At]}\nExpiration Time: {said[Expiration Time]}{begins}\n"
    "Resources:\n- {key}"
)
OFFLINE = "not compared with the chain: roots, principal, stakes and pool are taken from the bundle"
OFFLINE += "; give --rpc"
STAKED = "Staked(uint256,address,bytes32,uint256)"
Faults = Iterator[str | bool]  # in words; False where there is none
moment = datetime.fromisoformat
notes: list[str] = []  # what is no difference, but worth knowing
unconfirmed: list[str] = []  # signatures of contract wallets that no contract confirms


def canonical(value: object) -> bytes:  # how a bundle spells it
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def safely(faults: Callable[..., Faults], rows: Row, *known: Any) -> Iterator[str]:  # by place
    for place, row in rows.items():
        try:
            yield from (f"{place}: {fault}" for fault in faults(row, *known) if fault)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - of whatever kind
            yield f"{place}: nothing can be made of it ({type(error).__name__}: {error})"


def differing(has: Row, due: Row) -> Faults:  # more than scores do by rounding
    for name in sorted(has.keys() | due.keys()):
        one, other = has.get(name), due.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from (f"{name}: {fault}" for fault in differing(one, other))
        elif one != other and not (name in ("score", "deviation") and abs(one - other) < PUBLISHED):
            yield f"{name} is {one}, should be {other}"


@functools.cache
def checksummed(address: str) -> bool:
    known = re.fullmatch("0x[0-9a-fA-F]{40}", address)
    return bool(known) and address == to_checksum_address(address)


def spelling_faults(bundle: Row) -> Faults:  # by which one thing could pass for two
    groups = {name: rows for name, rows in bundle.items() if isinstance(rows, list)}
    groups["chain.roots"] = [{"root": root} for root in bundle.chain.roots]
    groups["chain"], groups["the bundle"] = [{"address": bundle.chain.contract}], []
    groups["the bundle"].append({"wei": bundle.pool_wei})
    for group, rows in groups.items():
        for place, (name, value) in ((n, it) for n, row in enumerate(rows) for it in row.items()):
            if (name not in SPELLED and name not in ADDRESSES) or (group, value) == ("chain", ""):
                continue
            fits = isinstance(value, str) and (
                checksummed(value) if name in ADDRESSES else SPELLED[name].fullmatch(value)
            )
            yield not fits and f"{group} {place}: {name} {value} is not spelled as bundles do"


def form_faults(bundle: Row, data: bytes, digest: str, known: str) -> Faults:  # keys rows, too
    yield known.lower().removeprefix("0x") not in ("", digest) and f"its SHA-256 is {digest}"
    yield canonical(bundle) != data and "it is not spelled as bundles are"
    due = {n: hashlib.sha256(canonical(bundle[n])).hexdigest() for n in bundle if n != "manifest"}
    yield from (f"SHA-256 of {fault}" for fault in differing(bundle.manifest, due))
    yield from spelling_faults(bundle)
    other = sorted(
        n for n in {*USUAL, *bundle.parameters} if bundle.parameters.get(n) != USUAL.get(n)
    )
    said = ", ".join(f"{n} {bundle.parameters.get(n)} for {USUAL.get(n)}" for n in other)
    notes.extend([f"parameters differ from the usual: {said}"] if said else [])
    nonces = {(row.voter, row.nonce) for row in bundle.ballots}
    yield len(nonces) < len(bundle.ballots) and "two ballots of a voter have the same nonce"
    for row in bundle.ballots:  # what only one ballot of a round can stand for
        row["place"] = (row.voter, *sorted((row.chosen, row.rejected)))
    for name, key in KEYS.items():
        rows = {tuple(row[part] for part in key): row for row in bundle[name]}
        yield len(rows) < len(bundle[name]) and f"two {name} have the same {' and '.join(key)}"
        bundle[name] = rows if len(key) > 1 else {head: row for (head,), row in rows.items()}
    uses = Counter(row.delegation for row in bundle.ballots.values())
    for n, row in enumerate(bundle.delegations):
        row["uses"] = uses[n]
    bundle["delegations"], bundle["keyed"] = dict(enumerate(bundle.delegations)), KEYS


def word(value: int | str) -> bytes:  # 32 bytes: a number, an address or a digest
    digits = f"{value:x}" if isinstance(value, int) else value.removeprefix("0x")
    return bytes.fromhex(digits.zfill(64))


def ballot_digest(row: Row, bundle: Row) -> bytes:  # that is signed (EIP-712)
    words = [row.voter, bundle.round.id, row.chosen, row.rejected, row.outcome]
    struct = b"".join(map(word, [*words, int(row.nonce), row.issued_at]))
    domain = keccak(SITE + word(bundle.chain.id) + word(bundle.chain.contract))
    return keccak(b"\x19\x01" + domain + keccak(keccak(text=BALLOT) + struct))


def wallet_signed(digest: bytes, signature: str, address: str, kind: str, rpc: str) -> bool | None:
    """Whether a wallet signed: its key with a low s, or its contract says so now. None where a
    contract does not: what it would have said when it signed, nobody knows.
    """
    raw = bytes.fromhex(signature)
    if kind == "eoa":
        if len(raw) != 65 or raw[32:64] > HALF_ORDER or raw[64] not in (0, 1, 27, 28):
            return False
        key = Signature(raw[:64] + bytes([raw[64] % 27])).recover_public_key_from_msg_hash(digest)
        return str(key.to_checksum_address()) == address
    if kind not in ("erc1271", "erc6492"):
        return False
    if raw.endswith(b"\x64\x92" * 16):  # ERC-6492: it can deploy its wallet
        raw = decode(["address", "bytes", "bytes"], raw[:-32])[2]
    data = encode(["bytes32", "bytes"], [digest, raw])
    said = call(rpc, address, "isValidSignature(bytes32,bytes)", data)[:1] if rpc else []
    return said == [0x1626BA7E << 224] or None


def key_signed(did: str, signature: str, message: bytes) -> bool:  # Ed25519; P-256 with either s
    digits = enumerate(reversed(did.removeprefix("did:key:z")))
    key = sum(BASE58.index(c) * 58**n for n, c in digits).to_bytes(64, "big").lstrip(b"\0")
    r, s = bytes.fromhex(signature[:64]), bytes.fromhex(signature[64:])
    try:
        if key.startswith(b"\xed\x01"):
            ed25519.Ed25519PublicKey.from_public_bytes(key[2:]).verify(r + s, message)
        else:
            point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key[2:])
            pair = utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
            point.verify(pair, message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return len(s) == 32 and key[:2] in (b"\xed\x01", b"\x80\x24")


def right_faults(row: Row, bundle: Row, rpc: str) -> Faults:  # that give their key no right
    said = dict(line.split(": ", 1) for line in row.message.split("\n") if ": " in line)
    begins = f"\nNot Before: {said['Not Before']}" if "Not Before" in said else ""
    place = {"url": bundle.site.url, "chain": bundle.chain.id, "begins": begins, "said": said}
    accepted, expires = moment(row.accepted_at), moment(said["Expiration Time"])
    begun = max(moment(said["Issued At"]), moment(said.get("Not Before", said["Issued At"])))
    in_time = begun - accepted <= timedelta(minutes=5) and accepted < expires
    text = row.message.encode()
    digest = keccak(b"\x19Ethereum Signed Message:\n%d%s" % (len(text), text))
    signed = wallet_signed(digest, row.signature, row.address, row.kind, rpc)
    yield row.message != SIGN_IN.format(**place, **row) and "its message does not trust this key"
    yield not (in_time and expires - accepted <= timedelta(days=7)) and "its times do not fit"
    yield expires != moment(row.expires_at) and "its message expires at another time"
    yield not key_signed(row.key, row.proof, said["Nonce"].encode()) and "its key did not sign it"
    yield signed is False and f"{row.address} did not sign it"
    if signed is None:
        unconfirmed.append(f"{row.address}, delegation of {row.key} that cast {row.uses} ballots")


def ballot_faults(row: Row, bundle: Row, rpc: str) -> Faults:  # not signed or accepted like that
    opened, closes = moment(bundle.round.opened_at), moment(bundle.round.closes_at)
    digest, accepted = ballot_digest(row, bundle), moment(row.accepted_at)
    dated = opened.timestamp() - 60 <= row.issued_at <= accepted.timestamp() + 60
    sides = row.chosen < row.rejected if row.outcome == 1 else row.chosen != row.rejected
    pair = [bundle.candidates.get(name) for name in (row.chosen, row.rejected)]
    kinds = ("preference", "trial", "") if all(pair) else ("gold", "repeat")
    fits = row.pair in kinds and (row.pair != "trial" or all(each.trial for each in pair))
    yield digest.hex() != row.digest and "its fields have another digest"
    yield not (sides and row.outcome in (0, 1, 2)) and "it says nothing about two pictures"
    yield not opened <= accepted < closes and "it was not accepted while the round was open"
    yield not dated and "it is dated before the round or in the future"
    yield not fits and "its pair is of another kind"
    if row.signer == "wallet":
        signed = wallet_signed(digest, row.signature, row.voter, row.wallet, rpc)
        yield signed is False and f"{row.voter} did not sign it"
        if signed is None:
            unconfirmed.append(f"{row.voter}, ballot {row.digest}")
        return
    right = bundle.delegations[row.delegation]
    in_time = moment(right.accepted_at) <= accepted < moment(right.expires_at)
    revoked = right.revoked_at and accepted >= moment(right.revoked_at)
    yield not key_signed(row.signer, row.signature, digest) and f"{row.signer} did not sign it"
    yield right.key != row.signer and f"{row.signer} has another delegation"
    yield right.address != row.voter and f"{row.signer} is not a key of {row.voter}"
    yield not in_time and "its key was not delegated to yet, or no longer"
    yield revoked and "its key was revoked"


def grace_faults(bundle: Row) -> Faults:  # on pairs that had been decided by then
    grace, first = timedelta(seconds=bundle.parameters.grace_s), {}
    for row in sorted(bundle.ballots.values(), key=lambda row: moment(row.accepted_at)):
        after = moment(row.accepted_at) - moment(first.setdefault(row.place, row.accepted_at))
        yield after > grace and f"ballot {row.digest} came when its pair had been decided"


def root_of(digests: list[str]) -> str:  # of OpenZeppelin's standard Merkle tree of `bytes32`
    leaves = sorted((keccak(keccak(word(digest))) for digest in digests), reverse=True)
    nodes = [b""] * (len(leaves) - 1) + leaves
    for n in range(len(leaves) - 2, -1, -1):
        nodes[n] = keccak(b"".join(sorted(nodes[2 * n + 1 : 2 * n + 3])))
    return nodes[0].hex()


def anchor_faults(bundle: Row) -> Faults:  # not over their ballots, or not the chain's
    groups, due, chain, left = defaultdict(list), {}, bundle.chain, 5_000_000
    for digest, row in bundle.ballots.items():
        groups[row.anchor].append(digest)
    loose = groups.pop(None, [])
    for index in sorted({*bundle.anchors, *groups}, reverse=True):
        under = [digest for n in groups if n <= index for digest in groups[n]]
        left -= len(under)  # hashing again what earlier roots cover has to end some time
        root = root_of(under) if left > 0 or not due else bundle.anchors[index].root
        due[index] = {"index": index, "root": root, "count": len(under)}
    yield from (f"anchor {fault}" for fault in differing(bundle.anchors, due))
    roots = [due[index]["root"] for index in sorted(due)]
    whole = chain.refundable or (chain.roots[-1:] == roots[-1:] and not loose)
    yield chain.roots and not whole and "the chain's last root does not cover all ballots"
    yield from (f"chain root {root} is no anchor's" for root in chain.roots if root not in roots)


def reputation_faults(row: Row, bundle: Row) -> Faults:  # not what a round can be opened with
    opened, closes = moment(bundle.round.opened_at), moment(bundle.round.closes_at)
    frozen, newcomers = moment(row.frozen_at), bundle.parameters.newcomers_count
    yield not 0 <= row.value <= 1 and f"{row.value} is no reputation"
    yield frozen > opened and not newcomers and "it was frozen after the round had opened"
    yield frozen > opened and frozen >= closes and "it was frozen after the round had closed"


def weight_faults(bundle: Row) -> Faults:  # r · clamp(√(s ÷ unit), 1, cap), then two caps
    p, kin, last, sums, lines = bundle.parameters, {}, {}, defaultdict(list), []
    shown = {n for n, c in bundle.candidates.items() if not c.trial and c.status == "published"}
    some = any(int(row.wei) for row in bundle.principal.values())
    yield some and not bundle.snapshot and "there is principal, but no snapshot"
    for row in bundle.kin:
        joined = kin.get(row.one, {row.one}) | kin.get(row.other, {row.other})
        kin.update(dict.fromkeys(joined, frozenset(joined)))
    for row in sorted(bundle.ballots.values(), key=lambda row: int(row.nonce)):
        last[row.place] = row.nonce
    for row in bundle.ballots.values():
        voter, *pair = row.place
        trust = bundle.reputations[voter].value if voter in bundle.reputations else 0.0
        s = int(bundle.principal[voter].wei) if voter in bundle.principal else 0
        reasons = {
            "superseded": row.nonce != last[row.place],
            "withdrawn": row.outcome == 2,
            "unserved": row.pair == "",
            "test": row.pair in ("gold", "repeat"),
            "trial": row.pair != "preference",
            "moderated": not shown.issuperset(pair),
            "staked": any((voter, digest) in bundle.stakes for digest in pair),
            "no_reputation": trust <= 0,
        }
        why = next((why for why, holds in reasons.items() if holds), "counted")
        raw = (why == "counted") * trust * min(max(math.sqrt(s / int(p.unit_wei)), 1.0), p.cap)
        owners = ("candidate_cap", voter), ("cluster_cap", kin.get(voter, voter))
        lines.append((row, why, raw, [(*owner, digest) for owner in owners for digest in pair]))
        for key in lines[-1][-1]:
            sums[key].append(raw)
    totals = {key: math.fsum(raws) for key, raws in sums.items()}
    for row, why, raw, keys in lines:
        weight = raw * min(p[k[0]] / totals[k] if totals[k] > p[k[0]] else 1.0 for k in keys)
        has, due = (row.why, row.weight), ("capped" if weight < raw else why, weight)
        yield has != due and f"ballot {row.digest} of {row.voter} is {has}, should be {due}"


def standing_faults(bundle: Row) -> Faults:  # that do not follow from the weights
    names = sorted(
        n for n, c in bundle.candidates.items() if not c.trial and c.status == "published"
    )
    number, wins = {name: n for n, name in enumerate(names)}, np.zeros((len(names), len(names)))
    has, due, compared = bundle.standings, {}, defaultdict(list)
    for row in bundle.ballots.values():
        if row.weight:
            lost = row.weight / 2 if row.outcome == 1 else 0
            wins[number[row.chosen], number[row.rejected]] += row.weight - lost
            wins[number[row.rejected], number[row.chosen]] += lost
            compared[row.chosen].append(row.weight)
            compared[row.rejected].append(row.weight)
    scores, games, prior = np.zeros(len(names)), wins + wins.T, bundle.parameters.prior_deviation
    for _ in range(100):  # Newton's method for MAP Bradley-Terry
        chances = (1 + np.tanh((scores[:, None] - scores) / 2)) / 2
        curves = games * chances * chances.T
        hessian = np.diag(curves.sum(1) + prior**-2) - curves
        step = np.linalg.solve(hessian, (wins - games * chances).sum(1) - scores / prior**2)
        reach = np.abs(step).max(initial=0)
        scores += step * (np.log1p(reach) / reach if reach > 1 else 1)
        if reach < 1e-9:
            break
    inverse = np.linalg.inv(hessian) if len(names) <= 2_000 else None  # above it is an estimate
    for name, row in has.items():
        exact = row.score == round(row.score, 6) and row.deviation == round(row.deviation, 6)
        yield not exact and f"{name}: score or deviation has more than six decimals"
    for n, name in enumerate(names):
        spread = has[name].deviation if inverse is None else inverse[n, n] ** 0.5
        due[name] = {"digest": name, "score": float(scores[n]), "deviation": float(spread)}
        due[name] |= {"weight": math.fsum(compared[name]), "comparisons": len(compared[name])}
    for rank, name in enumerate(sorted(has, key=lambda name: (-has[name].score, name)), 1):
        due.get(name, {})["rank"] = rank
    yield from differing(has, due)


def result_faults(bundle: Row) -> Faults:  # that do not follow from standings, stakes, pool
    p, pool, behind, due = bundle.parameters, int(bundle.pool_wei), defaultdict(int), {}
    ranked = sorted(bundle.standings.values(), key=lambda row: row.rank)
    able = [row.digest for row in ranked if row.weight >= p.least_weight_to_win]
    able = [digest for digest in able if bundle.candidates[digest].anchored]
    shares = {} if bundle.chain.refundable else dict(zip(able, p.shares_bps, strict=False))
    for first in able[: bool(shares)]:
        shares[first] += 10_000 - sum(shares.values())
    winners = [{"digest": digest, "share_bps": bps} for digest, bps in shares.items()]
    yield bundle.winners != winners and f"the winners should be {shares}"
    yield (bundle.no_winner == "") != bool(shares) and "no_winner is not what the winners say"
    for (_, digest), row in bundle.stakes.items():
        behind[digest] += int(row.wei)
    for (address, digest), row in bundle.stakes.items():
        if digest in shares:
            wei = pool * shares[digest] // 10_000 * int(row.wei) // behind[digest]
            due[address, digest] = {"address": address, "digest": digest, "wei": str(wei)}
    yield from (f"reward {fault}" for fault in differing(bundle.rewards, due))


def ask(rpc: str, method: str, *params: Any) -> Any:
    body = canonical({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    request = urllib.request.Request(rpc, body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - the user's choice
        said = answer.read()
    if not re.search(rb'"result"|revert|pcode|gas|EVM', said):
        raise OSError(f"the node does not answer {method}: {said[:300]!r}")
    return json.loads(said).get("result", "0x")  # nothing, if a contract failed


def call(rpc: str, to: str, name: str, data: bytes) -> list[int]:  # the words it returns
    data = keccak(text=name)[:4] + data
    found = ask(rpc, "eth_call", {"to": to, "data": f"0x{data.hex()}"}, "latest")
    return [int(found[n : n + 64], 16) for n in range(2, len(found), 64)]


def logs_of(rpc: str, contract: str, number: int) -> dict[str, list[Row]]:  # of a round, by name
    names = "RoundOpened(uint256,(uint48,uint48,uint48,uint48))", "BallotsAnchored(uint256,bytes32)"
    events = {f"0x{keccak(text=it).hex()}": it.split("(")[0] for it in (*names, STAKED)}
    asked = {"address": contract, "topics": [list(events), f"0x{number:064x}"]}
    found: dict[str, list[Row]] = {name: [] for name in events.values()}
    for log in ask(rpc, "eth_getLogs", asked | {"fromBlock": "0x0", "toBlock": "latest"}):
        found[events[log["topics"][0]]].append(Row(log))
    return found


def block_of(rpc: str, number: int | str) -> tuple[str, int] | None:  # hash, seconds
    name = number if isinstance(number, str) else hex(number)
    found = ask(rpc, "eth_getBlockByNumber", name, False)
    return found and (found["hash"][2:], int(found["timestamp"], 16))


def chain_faults(bundle: Row, digest: str, rpc: str, known: str) -> Faults:
    to, contract, number = known or bundle.chain.contract, bundle.chain.contract, bundle.round.id
    logs = logs_of(rpc, to, number)
    roots = [log.data[2:] for log in logs["BallotsAnchored"]]
    found, won = (call(rpc, to, f"{it}Of(uint256)", word(number)) for it in ("round", "winners"))
    shares = [n for row in bundle.winners for n in (int(row.digest, 16), row.share_bps)]
    yield int(ask(rpc, "eth_chainId"), 16) != bundle.chain.id and "it is of another chain"
    yield to.lower() != contract.lower() and f"the ballots are for the contract {contract}"
    yield roots != bundle.chain.roots and f"it has the ballots roots {roots}"
    yield found[7] != int(bundle.pool_wei) and f"it has {found[7]} wei in the pool"
    yield found[10] not in (0, int(digest, 16)) and f"it has the bundle {found[10]:064x}"
    yield found[10] and won[2:] != shares and f"it has the winners {won[2:]}"
    yield from stake_faults(bundle, logs["Staked"])
    yield from principal_faults(bundle, rpc, to, logs["RoundOpened"])
    notes.extend(late_roots(bundle, rpc, logs["BallotsAnchored"]))


def stake_faults(bundle: Row, logs: list[Row]) -> Faults:  # by member and candidate
    due: dict[tuple[str, str], int] = defaultdict(int)
    for log in logs:
        due[to_checksum_address(f"0x{log.topics[2][-40:]}"), log.topics[3][2:]] += int(log.data, 16)
    has = {key: int(row.wei) for key, row in bundle.stakes.items()}
    for key in sorted(has.keys() | due.keys()):
        one, other = due.get(key, 0), has.get(key, 0)
        yield one != other and f"it has {one} wei of {key[0]} staked on {key[1]}, not {other}"


def principal_faults(bundle: Row, rpc: str, to: str, opened: list[Row]) -> Faults:
    voters = {row.voter for row in bundle.ballots.values()} | bundle.principal.keys()
    if not bundle.snapshot:  # right on a chain that is younger than the round, and off it
        first = block_of(rpc, 0)
        older = first and first[1] < int(moment(bundle.round.opened_at).timestamp())
        yield opened and voters and older and "it has blocks from before the round: no snapshot"
        return
    taken, at = bundle.snapshot, int(moment(bundle.snapshot.at).timestamp())
    before = [log for log in opened if taken.block < int(log.blockNumber, 16)]
    yield block_of(rpc, taken.block) != (taken.hash, at) and f"it has another block {taken.block}"
    yield not before and f"block {taken.block} does not lie before the round was opened there"
    for address in sorted(voters):  # who has no row counts as if they had nothing
        due = int(bundle.principal[address].wei) if address in bundle.principal else 0
        has = call(rpc, to, "principalAt(address,uint256)", word(address) + word(at))
        yield has != [due] and f"it has {has} wei as principal of {address}, not {due}"


def late_roots(bundle: Row, rpc: str, logs: list[Row]) -> Iterator[str]:  # notes
    """How many ballots came under a root so late that some may have been made up meanwhile."""
    newest = block_of(rpc, "latest")
    ahead = newest[1] - time.time() if newest else 0.0
    if ahead > AHEAD_S:  # acceptance is by the site's clock, roots are by the chain's
        yield f"late roots not looked for: the chain's clock is {ahead / 60:.0f} minutes ahead"
        return
    index = {row.root: n for n, row in sorted(bundle.anchors.items())}
    blocks = {log.blockNumber: block_of(rpc, log.blockNumber) for log in logs}
    times = [(index.get(log.data[2:], -1), blocks[log.blockNumber][1]) for log in logs]
    first = {n: min((at for k, at in times if k >= n), default=0) for n in bundle.anchors}
    rows = bundle.ballots.values()
    known = [(first[row.anchor], row) for row in rows if first.get(row.anchor)]
    waits = [at - moment(row.accepted_at).timestamp() for at, row in known]
    late = [wait for wait in waits if wait > LATE_S]
    if late:
        yield (
            f"{len(late):,} ballots came under a root only up to {max(late) / 60:.0f} minutes after"
            " they were accepted: an operator who anchors late could add ballots"
        )
    if never := len(rows) - len(known):
        yield f"{never:,} ballots came under no root of the chain: an operator could add ballots"


def receipt_faults(row: Row, bundle: Row) -> Faults:  # not of this site, or of another ballot
    receipt = row.get("receipt", row)
    said = {name: value for name, value in receipt.items() if name != "signature"}
    ballot = bundle.ballots.get(receipt.digest, {})
    has = {"key": bundle.receipt_key, "round": bundle.round.id, "served": bool(ballot.get("pair"))}
    other = [name for name in said if {**ballot, **has}.get(name) != said[name]]
    signed = key_signed(bundle.receipt_key, receipt.signature, canonical(said))
    yield not signed and f"of ballot {receipt.digest}: the site did not sign it"
    yield not ballot and f"of ballot {receipt.digest}: that is not in the bundle"
    yield ballot and other and f"of ballot {receipt.digest}: another {' and '.join(other)}"


def checks(options: argparse.Namespace) -> Iterator[tuple[Any, ...]]:  # words, function, things
    data, rpc = options.bundle.read_bytes(), options.rpc
    urllib.request.Request(rpc or "http:")  # noqa: S310 - refuses what is no address
    receipts = json.loads(options.receipt.read_text(), object_hook=Row) if options.receipt else []
    bundle, digest = json.loads(data, object_hook=Row), hashlib.sha256(data).hexdigest()
    if not isinstance(bundle, dict) or bundle.get("format") != "salon-bundle-1":
        raise ValueError("this is no bundle of the format salon-bundle-1")
    yield "manifest", form_faults, {"the file": bundle}, data, digest, options.bundle_hash
    if bundle.get("keyed") is not KEYS:
        return
    yield f"{len(bundle.delegations)} delegations", right_faults, bundle.delegations, bundle, rpc
    yield f"{len(bundle.ballots)} ballots", ballot_faults, bundle.ballots, bundle, rpc
    yield "grace time", grace_faults, {"grace": bundle}
    yield f"{len(bundle.anchors)} anchors", anchor_faults, {"anchors": bundle}
    trust = bundle.reputations
    yield f"{len(trust)} reputations", reputation_faults, trust, bundle
    yield f"{len(bundle.ballots)} weights", weight_faults, {"weights": bundle}
    yield f"{len(bundle.standings)} standings", standing_faults, {"standings": bundle}
    yield f"winners and {len(bundle.rewards)} rewards", result_faults, {"result": bundle}
    receipts = dict(enumerate(receipts if isinstance(receipts, list) else [receipts]))
    yield f"{len(receipts)} receipts", receipt_faults, receipts, bundle
    if rpc:
        yield "chain", chain_faults, {"the chain": bundle}, digest, rpc, options.contract
    else:
        notes.append(OFFLINE)


def tell(*lines: str) -> None:  # whatever a bundle has in it, in plain letters
    sys.stdout.write("\n    ".join(ascii(line)[1:-1] for line in lines) + "\n")


def verdict(differences: int) -> int:
    for note in notes:
        tell(note)
    for signature in unconfirmed:
        tell(f"unconfirmed: {signature}")
    if differences:
        tell("not equal")
        return 1
    if unconfirmed:
        tell(f"equal, but {len(unconfirmed):,} signatures of contract wallets are unconfirmed")
        return 3
    tell("equal")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Count a round of Salon again from its bundle.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--rpc", default="", help="a node of the chain, to compare with it")
    parser.add_argument("--contract", default="", help="Curation's address, known from elsewhere")
    parser.add_argument("--bundle-hash", default="", help="SHA-256 of the bundle, likewise")
    parser.add_argument("--receipt", type=Path, help="a receipt, or a list of them, as JSON")
    differences = 0
    notes.clear()
    unconfirmed.clear()
    try:
        for said, *asked in checks(parser.parse_args()):
            found = list(safely(*asked))
            differences += len(found)
            tell(f"{said}: {f'{len(found):,} differ' if found else 'equal'}", *found)
    except (OSError, ValueError, RecursionError) as error:
        tell(f"unreadable: {error}")
        return 2
    return verdict(differences)


if __name__ == "__main__":
    sys.exit(main())
