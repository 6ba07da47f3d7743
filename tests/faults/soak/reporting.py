"""What a soak came to, in Markdown."""

from __future__ import annotations

import os
import platform
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

from benchmarks.harness import percentile
from tests.faults.soak.killing import EVERYTHING, Kill

MARGIN_S = 5.0  # between a stake that was told of and the kill that took its block


@dataclass(frozen=True, kw_only=True)
class Run:
    """What was wanted, and what the harness saw; times are UNIX times."""

    minutes: float
    sockets: int
    ballots: float  # a second
    seed: int
    began: float
    lasted_s: float
    held: Sequence[int]  # sockets that were open, at a look every ten seconds
    kills: Sequence[Kill]


def report(run: Run, ledger: Mapping[str, Any], counts: Mapping[str, Any]) -> Iterator[str]:
    """Lines; `ledger` is what voters were told, `counts` what the books hold."""
    answered = sorted(at for at, _ in ledger["answered"])
    took_ms = [ms for _, ms in ledger["answered"]] or [0.0]
    drawn = [at for at in counts["published_at"] if at > run.began]
    per_s = ledger["sent"] / run.lasted_s, len(answered) / run.lasted_s
    yield f"\n## Soak of {datetime.now(UTC):%Y-%m-%d %H:%M} UTC\n"
    yield f"{run.minutes:g} minutes, seed {run.seed}, {_machine()}.\n"
    yield (
        f"- sockets: {run.sockets:,} wanted; open at a look every ten seconds: median "
        f"{percentile(run.held, 0.5):,}, least {min(run.held):,}; {counts['pages']:,} pages "
        "followed"
    )
    yield (
        f"- ballots: {run.ballots:g}/s wanted, {per_s[0]:.1f}/s cast, {per_s[1]:.1f}/s "
        f"acknowledged ({len(answered):,}); answered after p50 {percentile(took_ms, 0.5):,.0f} ms, "
        f"p95 {percentile(took_ms, 0.95):,.0f} ms, outages included; {ledger['failures']:,} times "
        f"nobody answered, {ledger['repeats']:,} had been accepted when they were sent again"
    )
    yield (
        f"- pictures: {len(drawn):,} ({60 * len(drawn) / run.lasted_s:.1f} a minute); "
        f"jobs: {counts['jobs']}"
    )
    yield (
        f"- chain: {counts['blocks']:,} blocks, {counts['stakes']} stakes, of which "
        f"{len(counts['stakes_lost_at'])} went with blocks that a kill took; {counts['batches']} "
        f"batches, {counts['ballot_roots']} ballot roots, {counts['tallies']} tallies over "
        f"{counts['counted']:,} ballots with weight"
    )
    yield f"- kills: {len(run.kills)}\n"
    yield from table(run.kills, answered, drawn)


def discrepancies(run: Run, books: Mapping[str, Any]) -> Iterator[str]:
    """Everything that does not agree."""
    for lines in books["wrong"].values():
        yield from lines
    for at in unexplained(books["counts"]["stakes_lost_at"], run.kills):
        yield f"stakes: one of {datetime.fromtimestamp(at, UTC):%H:%M:%S} is gone from the chain"
    for kill in run.kills:
        if kill.away_s is None:
            yield f"stack: not up again after killing {kill.hit}"


def first_after(at: float, moments: Sequence[float]) -> float | None:
    """Seconds from a time until the next of some moments, which are in order."""
    return next((moment - at for moment in moments if moment > at), None)


def table(
    kills: Sequence[Kill], answered: Sequence[float], drawn: Sequence[float]
) -> Iterator[str]:
    """Kills of each process, medians and maxima of what came after.

    `answered`, `drawn`: when ballots were acknowledged and pictures published, in order.
    """
    by_name: defaultdict[str, list[Kill]] = defaultdict(list)
    for kill in kills:
        by_name[kill.name].append(kill)
    yield "| killed | times | all processes up after | next ballot after | next picture after |"
    yield "| --- | --- | --- | --- | --- |"
    for name in EVERYTHING:
        mine = by_name[name]
        cells = (
            _span([kill.away_s for kill in mine]),
            _span([first_after(kill.at, answered) for kill in mine]),
            _span([first_after(kill.at, drawn) for kill in mine]),
        )
        yield f"| {name} | {len(mine)} | {' | '.join(cells)} |"


def unexplained(lost_at: Sequence[float], kills: Sequence[Kill]) -> list[float]:
    """Those moments that no kill of the chain followed closely."""
    chain = [kill.at for kill in kills if kill.name == "anvil"]
    return [at for at in lost_at if not any(0 <= kill - at <= MARGIN_S for kill in chain)]


def _span(seconds: Sequence[float | None]) -> str:
    known = [s for s in seconds if s is not None]
    never = f", {len(seconds) - len(known)} never" if len(known) < len(seconds) else ""
    return f"{median(known):.1f} s, at most {max(known):.1f} s{never}" if known else "–"


def _machine() -> str:
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    python = platform.python_version()
    return f"{cores} cores, {platform.machine()}, Python {python}, load {load:.0f} at the end"
