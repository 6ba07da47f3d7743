"""Acknowledged ballots per second over HTTP against the bare work, with as many connections.

Over HTTP it is the POST of a signed ballot to the running web process: parsing, EIP-712 digest,
signature, the voter's pace in Valkey, one durable transaction with everything that is checked and
held in it, a signed receipt. Bare it is verifying the same signature and one durable INSERT into a
table with the same unique columns, by as many threads of this process. Both by turns, in blocks;
half of the ballots are signed by wallets, half by browser keys, all on served pairs.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import harness
from benchmarks.harness import Row, percentile, say
from benchmarks.voters import Ready, Voters, dealt
from project.stack.preflight import free_port

CONNECTIONS = 8
BARE_TABLE = """
CREATE TABLE bare_ballot (
    id bigserial PRIMARY KEY, digest varchar(64) UNIQUE, round_id bigint, voter_id bigint,
    chosen varchar(64), rejected varchar(64), outcome smallint, nonce numeric(78), issued_at bigint,
    signer varchar(80), signature text, accepted_at timestamptz DEFAULT now(),
    UNIQUE (voter_id, nonce)
)
"""
BARE_INSERT = (
    "INSERT INTO bare_ballot (digest, round_id, voter_id, chosen, rejected, outcome, nonce, "
    "issued_at, signer, signature) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
Cast = Callable[[Ready], None]


class Line:
    """One kept-alive connection to the web process."""

    def __init__(self, port: int, number: int) -> None:
        self.stream = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.stream.makefile("rb")
        self.head = (
            "POST /api/v1/ballots HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"X-Forwarded-For: 198.18.0.{number + 1}\r\nContent-Length: "
        ).encode()

    def post(self, ballot: Ready) -> None:
        """Cast one ballot; its receipt must be the ballot's."""
        length = str(len(ballot.body)).encode()
        self.stream.sendall(self.head + length + b"\r\n\r\n" + ballot.body)
        status = self.reader.readline()
        size = 0
        while (header := self.reader.readline()) not in (b"\r\n", b""):
            if header.lower().startswith(b"content-length:"):
                size = int(header.split(b":")[1])
        body = self.reader.read(size)
        assert b" 201 " in status, (status, body)
        assert json.loads(body)["digest"] == ballot.digest.hex()

    def close(self) -> None:
        self.reader.close()
        self.stream.close()


class Bare:
    """One connection to PostgreSQL, and the checks without which a ballot means nothing."""

    def __init__(self, url: str) -> None:
        import psycopg

        self.connection = psycopg.connect(url, autocommit=True)

    def store(self, ballot: Ready) -> None:
        """Verify and insert."""
        from curation.accounts.keys import signed_by
        from curation.accounts.signatures import recovered

        if ballot.signer == "wallet":
            assert recovered(ballot.digest, ballot.signature) == ballot.voter
        else:
            assert signed_by(ballot.signer, signature=ballot.signature, message=ballot.digest)
        self.connection.execute(BARE_INSERT, ballot.row)

    def close(self) -> None:
        self.connection.close()


@dataclass(frozen=True)
class Block:
    """What it took to cast some ballots by all connections together."""

    per_s: float
    took_ms: list[float]  # each
    cpu_ms: float  # of one process, a ballot: of ours over HTTP, of this one when bare


def at_once(
    works: Sequence[Cast], hands: Sequence[Sequence[Ready]], cpu_s: Callable[[], float]
) -> Block:
    """Cast ballots from as many threads as there are works."""
    took_ms: list[list[float]] = [[] for _ in works]
    start = threading.Barrier(len(works) + 1)
    failed: list[Exception] = []

    def run(index: int) -> None:
        try:
            start.wait()
            for ballot in hands[index]:
                began = time.perf_counter()
                works[index](ballot)
                took_ms[index].append((time.perf_counter() - began) * 1000)
        except Exception as error:  # noqa: BLE001 - raised again below
            failed.append(error)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    used_s = cpu_s()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    took_s, used_s = time.perf_counter() - began, cpu_s() - used_s
    if failed:
        raise failed[0]
    all_ms = [ms for mine in took_ms for ms in mine]
    return Block(len(all_ms) / took_s, all_ms, used_s * 1000 / len(all_ms))


def cpu_of(pid: int) -> Callable[[], float]:
    """Seconds of processor time a process has used."""

    def used() -> float:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    return used


def measure(quick: bool) -> Sequence[Row]:
    """Cast a few thousand ballots."""
    blocks, size = (3, 160) if quick else (7, 1200)
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    with harness.salon(PORT=str(port), SITE_URL=site, PROXY_COUNT="1") as data:
        from django.db import connection

        # Twenty ballots a voter and block: whoever looks at pictures is not faster than that.
        voters = Voters(max(CONNECTIONS, size // 20))
        with connection.cursor() as cursor:
            cursor.execute(BARE_TABLE)
        with harness.process(harness.site_process("web"), log=data / "web.log") as web:
            harness.wait_until(
                lambda: answers(port), what="the web process", timeout_s=120, every_s=0.2
            )
            lines = [Line(port, number) for number in range(CONNECTIONS)]
            bares = [Bare(os.environ["DATABASE_URL"]) for _ in range(CONNECTIONS)]
            turns = in_turn(voters, lines, bares, cpu_of(web.pid), blocks=blocks, size=size)
            for opened in (*lines, *bares):
                opened.close()
        check(blocks, size)
    return [report(*turns)]


def in_turn(
    voters: Voters,
    lines: list[Line],
    bares: list[Bare],
    web_cpu: Callable[[], float],
    *,
    blocks: int,
    size: int,
) -> tuple[list[Block], list[Block], list[float]]:
    """Blocks over HTTP, bare blocks, and milliseconds over a single connection."""
    from curation import rates

    ours: list[Block] = []
    theirs: list[Block] = []
    alone: list[float] = []
    for number in range(blocks + 1):
        ballots = voters.next_ballots(size)
        hands = dealt(ballots, CONNECTIONS)
        rates._limiter().storage.reset()  # the pace of a block is not that of people
        http = at_once([line.post for line in lines], hands, web_cpu)
        bare = at_once([bare.store for bare in bares], hands, time.process_time)
        few = voters.next_ballots(size // 20)
        rates._limiter().storage.reset()
        single = at_once([lines[0].post], [few], web_cpu)
        if number:  # the first block warms both
            ours.append(http)
            theirs.append(bare)
            alone += single.took_ms
            say(f"block {number}: {http.per_s:.0f} ballots/s over HTTP, {bare.per_s:.0f} bare")
    return ours, theirs, alone


def report(ours: list[Block], theirs: list[Block], alone: list[float]) -> Row:
    """The figure is the median of the blocks' ratios."""
    ratios = [http.per_s / bare.per_s for http, bare in zip(ours, theirs, strict=True)]
    http_ms = [ms for block in ours for ms in block.took_ms]
    bare_ms = [ms for block in theirs for ms in block.took_ms]
    details = (
        f"{median(block.per_s for block in ours):.0f} ÷ "
        f"{median(block.per_s for block in theirs):.0f} ballots/s by {CONNECTIONS} connections; "
        f"processor time {median(block.cpu_ms for block in ours):.1f} (the web process) ÷ "
        f"{median(block.cpu_ms for block in theirs):.1f} ms (the bare loops), PostgreSQL's aside; "
        f"p95 {percentile(http_ms, 0.95):.0f} ÷ "
        f"{percentile(bare_ms, 0.95):.0f} ms, by one connection alone "
        f"{percentile(alone, 0.95):.0f} ms (median {percentile(alone, 0.5):.0f}); "
        f"{len(http_ms):,} ballots, blocks {min(ratios):.2f} to {max(ratios):.2f}"
    )
    return Row("ballots", f"{median(ratios):.2f}", "none set", details)


def check(blocks: int, size: int) -> None:
    """Every receipt stands for a row."""
    from curation.models import Ballot

    wanted = (blocks + 1) * (size + size // 20)
    found = Ballot.objects.exclude(pair=None).count()
    assert found == wanted, f"{found} rows for {wanted} receipts"


def answers(port: int) -> bool:
    """Whether the web process answers yet."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as probe:
            probe.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return b" 200 " in probe.makefile("rb").readline()
    except OSError:
        return False


if __name__ == "__main__":
    harness.main(measure, __doc__)
