"""Live deliveries per second to many sockets ÷ `websockets.broadcast` of the same bytes.

Candidates are published here, in another process than the one real web process that sends
their events to every socket of the round. The time runs from the first byte any client hears
to the last one for single events, and from the commit on for bursts of many in one transaction.
Every client must hear every event number once and in order. The peer then broadcasts exactly
the messages that were heard to as many clients in the same process.
"""

from __future__ import annotations

import hashlib
import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count as counter

from benchmarks.harness import (
    Row,
    ask,
    hear,
    main,
    module,
    process,
    salon,
    say,
    site_process,
    tell,
    wait_until,
)
from project.stack.preflight import free_port

_serial = counter()


def measure(quick: bool) -> list[Row]:
    """One row per number of sockets."""
    singles, bursts, burst = (10, 2, 20) if quick else (60, 12, 50)
    port, peer_port = free_port(), free_port()
    origin = f"http://127.0.0.1:{port}"
    with salon(SITE_URL=origin, PORT=str(port)) as data, ExitStack() as stack:
        stack.enter_context(process(site_process("web"), log=data / "logs" / "web.log"))
        _wait_for_web()
        rows = []
        for sockets in (100, 1000):
            with (
                process(module("benchmarks.socket_peer", peer_port), talk=True) as peer,
                process(module("benchmarks.socket_clients"), talk=True) as clients,
            ):
                hear(peer)
                room = Room(clients, peer, sockets)
                room.connect(port, peer_port, origin)
                room.compare(2)
                single = [room.compare(1) for _ in range(singles)]
                many = [room.compare(burst) for _ in range(bursts)]
            rows.append(_row(sockets, single, many))
            say(f"{rows[-1].ratio} {rows[-1].details}")
    return rows


@dataclass(frozen=True)
class Run:
    """How long one publication took to reach every socket, here and at the peer."""

    events: int
    spread_s: tuple[float, float]  # from the first byte anyone heard to the last
    total_s: tuple[float, float]  # from the commit here, from the command at the peer


def _row(sockets: int, single: list[Run], burst: list[Run]) -> Row:
    def rates(runs: list[Run], name: str) -> tuple[float, str]:
        pairs = [getattr(run, name) for run in runs]
        deliveries = runs[0].events * sockets
        ours, theirs = (deliveries / statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(theirs_s / ours_s for ours_s, theirs_s in pairs)
        return ratio, f"{ratio:.2f} = {ours:,.0f} ÷ {theirs:,.0f}/s"

    ratio, told = rates(single, "spread_s")
    _, burst_told = rates(burst, "total_s")
    late_ms = 1000 * statistics.median(run.total_s[0] for run in single)
    details = (
        f"singly {told}, the last {late_ms:.0f} ms after its commit; bursts of {burst[0].events} "
        f"from commit to last {burst_told}; {len(single)} and {len(burst)} runs, none lost"
    )
    return Row(f"sockets-{sockets}", f"{ratio:.2f}", "near 1", details)


class Room:
    """A round, its sockets here and at the peer."""

    def __init__(self, clients, peer, sockets: int) -> None:
        from curation.briefs.services import post_brief
        from curation.galleries.services import open_round

        self.clients, self.peer, self.sockets = clients, peer, sockets
        self.round = open_round(brief=post_brief(title="Benchmark", purpose="To be measured."))

    def connect(self, port: int, peer_port: int, origin: str) -> None:
        """Open all sockets, ours first."""
        path = f"/ws/rounds/{self.round.pk}/?since={self._position()}"
        for place in ({"port": port, "path": path}, {"port": peer_port, "path": "/"}):
            ask(self.clients, {"connect": {**place, "origin": origin}, "count": self.sockets})

    def compare(self, events: int) -> Run:
        """Have that many events at once delivered here, then the same messages by the peer."""
        since = self._position()
        until = f'data-position="{since + events}"'
        ask(self.clients, {"group": 0, "until": until})
        committed = self._publish(events)
        ours = hear(self.clients)
        if ours["numbers"] != list(range(since + 1, since + events + 1)):
            raise SystemExit(f"Event numbers heard after {since}: {ours['numbers']}.")
        ask(self.clients, {"group": 1, "until": until})
        told = time.monotonic()
        tell(self.peer.stdin, ours["messages"])
        theirs = hear(self.clients)
        if theirs["messages"] != ours["messages"]:
            raise SystemExit("The peer sent something else.")
        return Run(
            events,
            (ours["last"] - ours["first"], theirs["last"] - theirs["first"]),
            (ours["last"] - committed, theirs["last"] - told),
        )

    def _position(self) -> int:
        from curation.live.selectors import position

        return position(self.round.stream)

    def _publish(self, events: int) -> float:
        """Publish candidates in one transaction; when it began to commit."""
        from django.db import transaction

        from curation.galleries.services import Provenance, publish_candidate

        with transaction.atomic():
            for _ in range(events):
                name = hashlib.sha256(str(next(_serial)).encode()).hexdigest()
                provenance = Provenance(
                    agent="Iris",
                    prompt="gold star on a navy shield, white background",
                    negative_prompt="",
                    primitives=[],
                    seed=1,
                    scheduler="FlowMatchEulerDiscreteScheduler",
                    steps=20,
                    guidance=3.0,
                    width=256,
                    height=256,
                    model_version="emblems",
                    base_hash="a" * 64,
                    adapter_hash="",
                    job_key=name,
                    easel=name[:16],
                    worker="bench:1:1",
                )
                publish_candidate(
                    round_id=self.round.pk, digest=name, size_bytes=40_000, provenance=provenance
                )
            return time.monotonic()


def _wait_for_web() -> None:
    from django.conf import settings

    from project.stack.processes import page_answers

    wait_until(lambda: page_answers(settings.ENV), what="the site", timeout_s=120, every_s=0.2)


if __name__ == "__main__":
    main(measure, __doc__)
