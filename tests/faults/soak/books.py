"""The books of a soak: what people were told against what the site, its files and its chain hold.

`python -m tests.faults.soak.roles books LEDGER PAGES REPORT` prints every discrepancy and writes
counts and discrepancies to REPORT. Each book yields sentences, one for each thing that is wrong.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Max

from chain.merkle.tree import MerkleTree
from curation.ballots.receipts import written
from curation.galleries.files import picture_name, thumbnail_name
from curation.models import Ballot, BallotAnchor, Batch, Candidate, Event, Round, Stream
from curation.stakes.selectors import add_stakes
from curation.templatetags.stakes import tokens
from generation.jobs.models import GenerationJob
from tests.faults.soak import chain_books
from tests.faults.soak.people import BY_HAND

MOST_TOLD = 20  # of one book
Found = Iterator[str]


def ballots(ledger: Mapping[str, Any]) -> Found:
    """Every acknowledged ballot is there exactly once, and none that was not cast."""
    rows = Ballot.objects.order_by().values_list(
        "digest", "voter__address", "accepted_at", "nonce", "round_id"
    )
    found = {
        digest: {
            "voter": voter,
            "round": round_id,
            "accepted_at": written(accepted_at),
            "nonce": int(nonce),
        }
        for digest, voter, accepted_at, nonce, round_id in rows
    }
    yield from (f"ballots: {wrong}" for wrong in ledger["wrong"])
    if len(found) != rows.count():
        yield "ballots: a digest is there twice"
    for digest, receipt in ledger["receipts"].items():
        if digest not in found:
            yield f"ballots: {digest} was acknowledged and is lost"
        elif found[digest] != receipt:
            yield f"ballots: {digest} was acknowledged as {receipt} and is {found[digest]}"
    known = ledger["receipts"].keys() | ledger["unanswered"].keys()
    yield from (f"ballots: {digest} is there and was never cast" for digest in found.keys() - known)
    for digest in ledger["refused"].keys() & found.keys():
        yield f"ballots: {digest} was refused and is there"
    yield from nonces(found.values())


def nonces(rows: Iterable[Mapping[str, Any]]) -> Found:
    """No voter has a nonce twice, and each one's newest is what the site remembers."""
    used = Counter((row["voter"], row["nonce"]) for row in rows)
    yield from (f"nonces: {place} is there {n} times" for place, n in used.items() if n > 1)
    highest = Ballot.objects.order_by().values("voter_id").annotate(most=Max("nonce"))
    remembered = "voter_id", "most", "voter__voter__last_nonce"
    for voter_id, most, last in highest.values_list(*remembered):
        if most != last:
            yield f"nonces: voter {voter_id} has cast {most}, the site remembers {last}"


def candidates() -> Found:
    """Each job that was done made one candidate, with its file, and walls count them rightly."""
    made = Candidate.objects.exclude(prompt__startswith=BY_HAND)
    rows = list(made.values_list("digest", "job_key"))
    done = GenerationJob.objects.filter(status=GenerationJob.Status.DONE, error="")
    jobs, keys = Counter(done.values_list("key", flat=True)), Counter(key for _, key in rows)
    yield from (f"candidates: job {key} is done and made none" for key in jobs.keys() - keys.keys())
    yield from (f"candidates: {key} made one and is not done" for key in keys.keys() - jobs.keys())
    yield from (f"candidates: job {key} made {n}" for key, n in keys.items() if n > 1)
    for digest, size_bytes in Candidate.objects.values_list("digest", "size_bytes"):
        yield from _files(digest, size_bytes)
    for round_ in Round.objects.all():
        hanging = round_.candidates.filter(status=Candidate.Status.PUBLISHED, trial=False).count()
        if hanging != round_.candidates_count:
            yield f"candidates: round {round_.pk} counts {round_.candidates_count} of {hanging}"


def _files(digest: str, size_bytes: int) -> Found:
    try:
        with default_storage.open(picture_name(digest)) as file:
            data = file.read()
    except FileNotFoundError:
        yield f"candidates: the file of {digest} is missing"
        return
    if (hashlib.sha256(data).hexdigest(), len(data)) != (digest, size_bytes):
        yield f"candidates: the file of {digest} has other bytes"
    if not default_storage.exists(thumbnail_name(digest)):
        yield f"candidates: the thumbnail of {digest} is missing"


def events() -> Found:
    """Numbers without gaps up to the stream's last; one announcement for each hanging candidate."""
    announced: Counter[int] = Counter()
    firsts: dict[str, int] = {}
    for stream in Stream.objects.all():
        rows = list(
            Event.objects.filter(stream=stream)
            .order_by("number")
            .values_list("number", "kind", "payload")
        )
        numbers = [number for number, *_ in rows]
        firsts[stream.name] = numbers[0] if numbers else stream.last + 1
        if numbers != list(range(firsts[stream.name], stream.last + 1)):
            yield f"events: {stream.name} has a gap before {stream.last}"
        announced.update(p["candidate"] for _, kind, p in rows if kind == "candidate_published")
    yield from (f"events: candidate {pk} came {n} times" for pk, n in announced.items() if n > 1)
    whole = [name for name, first in firsts.items() if first == 1]
    hung = Candidate.objects.filter(status=Candidate.Status.PUBLISHED, trial=False)
    for pk, round_id in hung.values_list("pk", "round_id"):
        if f"round-{round_id}" in whole and pk not in announced:
            yield f"events: candidate {pk} was never announced"


def pages(told: Iterable[Mapping[str, Any]]) -> Found:
    """What every page learned from its socket is what the database held at that event."""
    rounds = {round_id: _wall(round_id) for round_id in Round.objects.values_list("pk", flat=True)}
    for number, page in enumerate(told):
        for fault in _page(page, rounds[page["round_id"]]):
            yield f"pages: {number}, of round {page['round_id']}, {fault}"


def _page(page: Mapping[str, Any], wall: Mapping[str, Any]) -> Found:
    """What is wrong with one page."""
    if page["leaps"]:
        yield f"missed events {page['leaps']} times"
    if page["partial"]:
        return
    due = {d: staked for d, (at, staked) in wall["hung"].items() if at <= page["since"]}
    if missing := due.keys() - page["hung"].keys():
        yield f"lacks {len(missing)} pictures, such as {min(missing)}"
    if more := page["hung"].keys() - due.keys():
        yield f"shows {len(more)} pictures that do not hang, such as {min(more)}"
    if page["since"] == wall["last"] and page["closed"] != wall["closed"]:
        yield f"believes that it is {'closed' if page['closed'] else 'open'}"
    if not page["last"]:
        return
    for digest in due.keys() & page["hung"].keys():  # nobody stakes any more
        if not wall["closed"] and due[digest] != page["hung"][digest]:
            yield f"has {page['hung'][digest]!r} for {digest}, not {due[digest]!r}"


def _wall(round_id: int) -> dict[str, Any]:
    """A round as a page should know it: pictures by the event that hung them, and their stakes."""
    stream = f"round-{round_id}"
    hung = list(
        Candidate.objects.filter(
            round=round_id, status=Candidate.Status.PUBLISHED, trial=False
        ).select_related("round")
    )
    add_stakes(hung)
    at = {
        payload["candidate"]: number
        for number, payload in Event.objects.filter(
            stream=stream, kind="candidate_published"
        ).values_list("number", "payload")
    }  # those trimmed since came before all that are left
    return {
        "last": Stream.objects.filter(pk=stream).values_list("last", flat=True).first() or 0,
        "closed": Round.objects.get(pk=round_id).status != Round.Status.OPEN,
        "hung": {c.digest[:16]: (at.get(c.pk, 0), _stake(c)) for c in hung},
    }


def _stake(candidate: Candidate) -> str:
    staked = getattr(candidate, "staked_wei", 0)
    return f"{tokens(staked)} SALON staked" if staked else ""


def roots() -> Found:
    """Batches and ballot roots, made again from what should be under them."""
    for batch in Batch.objects.prefetch_related("members__candidate"):
        digests = [member.candidate.digest for member in batch.members.all()]
        if len(digests) != batch.count or _root(digests) != batch.root:
            yield f"roots: batch {batch.pk} of round {batch.round_id} has another root"
    for anchor in BallotAnchor.objects.all():
        under = Ballot.objects.filter(round=anchor.round_id, anchor__index__lte=anchor.index)
        digests = list(under.values_list("digest", flat=True))
        if len(digests) != anchor.count or _root(digests) != anchor.root:
            yield f"roots: ballots {anchor.index} of round {anchor.round_id} have another root"
    closed = Ballot.objects.filter(round__tally__isnull=False, anchor=None)
    for round_id in closed.order_by().values_list("round_id", flat=True).distinct():
        yield f"roots: ballots of round {round_id} were counted and are under no root"


def _root(digests: Iterable[str]) -> str:
    return MerkleTree(bytes.fromhex(digest) for digest in digests).root.hex()


def main(ledger_path: Path, pages_path: Path, report_path: Path) -> None:
    """Check everything, as of one moment of the database."""
    ledger, told = json.loads(ledger_path.read_text()), json.loads(pages_path.read_text())
    books: dict[str, Callable[[], Found]] = {
        "ballots": lambda: ballots(ledger),
        "candidates": candidates,
        "events": events,
        "pages": lambda: pages(told),
        "roots": roots,
        "chain": chain_books.chain,
        "stakes": chain_books.stakes,
        "anchors": chain_books.anchors,
        "tallies": chain_books.tallies,
    }
    wrong: dict[str, list[str]] = {}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for name, book in books.items():
            wrong[name] = list(book())
            found = f"{len(wrong[name])} discrepancies" if wrong[name] else "agrees"
            print(f"  {name}: {found}", flush=True)
            for line in wrong[name][:MOST_TOLD]:
                print(f"    {line}", flush=True)
        counts = {
            "ballots": Ballot.objects.count(),
            "candidates": Candidate.objects.exclude(prompt__startswith=BY_HAND).count(),
            "published_at": [
                at.timestamp()
                for at in Candidate.objects.order_by("published_at").values_list(
                    "published_at", flat=True
                )
            ],
            "jobs": dict(
                Counter(GenerationJob.objects.order_by().values_list("status", flat=True))
            ),
            "pages": len(told),
            **chain_books.counts(ledger["stakes"]),
        }
    report_path.write_text(json.dumps({"wrong": wrong, "counts": counts}))
