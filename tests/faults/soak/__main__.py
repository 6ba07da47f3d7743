"""`make soak`: a whole Salon under load while every one of its processes is killed in turn.

On a stack of its own (new data folder, free ports): SOCKETS pages follow the rounds, BALLOTS signed
ballots are cast a second, members stake, pictures are drawn and indexed, for MINUTES minutes. Then
the books are checked. Exit code 1 when anything does not agree.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.harness import ask, module, process
from project.env import BASE
from tests.faults.salon import Salon
from tests.faults.soak.killing import Killer
from tests.faults.soak.reporting import Run, discrepancies, report

ROLES = "tests.faults.soak.roles"
SETTLES_S = 300.0
FILES = 16_384  # open at once, at most: sockets are files
TELL_EVERY_S = 10.0
PACE = (1.0, 5.0)  # seconds between a recovery and the next kill


def say(text: str) -> None:
    """A line for whoever watches."""
    print(text, flush=True)


class Soak:
    """One run: the stack, its load, its kills, its books."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, self.folder = options, folder
        self.salon = Salon(folder)
        self.salon.env |= {
            "BALLOT_ANCHOR_S": "30",
            "CHALLENGE_S": "60",
            "LOG_LEVEL": "WARNING",
            "PAIRS_PER_ROUND": "1000",
        }
        self.rng = random.Random(options.seed)
        self.killer = Killer(self.salon, self.rng)
        self.held: list[int] = []  # sockets that were open, now and then
        self.late = 0
        self.problems: list[str] = []

    def role(self, name: str, *arguments: object) -> list[str]:
        """The command of a process beside the site's own."""
        return module(ROLES, name, *arguments)

    def run(self) -> int:
        """The whole of it; how many discrepancies."""
        say(f"SALON_SEED={self.options.seed}")
        self.salon.start(timeout_s=300)
        say(f"Salon is up at {self.salon.url}; its data is in {self.salon.data}")
        try:
            facts = self.folder / "facts.json"
            people = self.role("people", facts, self.options.minutes, self.options.voters)
            subprocess.run(people, cwd=BASE, env=self.salon.env, check=True)
            self.load(facts)
            self.check()
        finally:
            code = self.salon.stop()
            if code:
                self.problems.append(f"stack: it ended with exit code {code}")
        return self.report()

    def load(self, facts: Path) -> None:
        """Everybody at once, and the kills; ends when everybody has their answer."""
        options, env = self.options, self.salon.env
        stakers, per_s = options.stakers, options.ballots
        with (
            process(
                self.role("crowd", self.salon.url, options.sockets), env=env, talk=True
            ) as crowd,
            process(
                self.role("voting", self.salon.url, facts, per_s, stakers), env=env, talk=True
            ) as voting,
        ):
            for helper in (crowd, voting):  # until they have everything imported
                ask(helper, {"look": True})
            self.began = time.time()
            self.until = time.monotonic() + 60 * options.minutes
            self.endure(crowd, voting)
            self.lasted_s = time.time() - self.began
            say("the time is up; everybody waits for their answers")
            ask(voting, {"finish": True, "path": str(self.folder / "ledger.json")})
            self.settle()
            finish = {
                "finish": self.positions(),
                "within_s": 120,
                "path": str(self.folder / "pages.json"),
            }
            self.late = ask(crowd, finish)["late"]

    def endure(self, crowd: subprocess.Popen[str], voting: subprocess.Popen[str]) -> None:
        """Kill one process after the other until the time is up."""
        deck, told = self.killer.deck(), 0.0
        next_kill = time.monotonic() + self.rng.uniform(*PACE)
        while (left_s := self.until - time.monotonic()) > 0:
            if time.monotonic() > told + TELL_EVERY_S:
                told = time.monotonic()
                self.tell(crowd, voting, left_s)
            if time.monotonic() > next_kill:
                kill = self.killer.strike(next(deck))
                away = "not up again" if kill.away_s is None else f"up after {kill.away_s:.1f} s"
                say(f"  killed {kill.hit}: {away}")
                next_kill = time.monotonic() + self.rng.uniform(*PACE)
            time.sleep(0.2)

    def tell(
        self, crowd: subprocess.Popen[str], voting: subprocess.Popen[str], left_s: float
    ) -> None:
        """Where it stands, and how long it still takes."""
        rounds = self.query("SELECT id FROM curation_round WHERE status = 'open' ORDER BY id")
        seen = ask(crowd, {"rounds": [pk for (pk,) in rounds]} if rounds else {"look": True})
        self.held.append(seen["connected"])
        cast = ask(voting, {"look": True})
        drawn = self.query("SELECT count(*) FROM curation_candidate")
        say(
            f"{_clock(60 * self.options.minutes - left_s)}, {_clock(left_s)} to go: "
            f"{seen['connected']:,} sockets, {cast['acknowledged']:,} ballots "
            f"({cast['per_s']:.0f}/s), {cast['stakes']} stakes, "
            f"{drawn[0][0] if drawn else '?'} pictures, {len(self.killer.kills)} kills"
        )

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Rows; none while the database is away."""
        try:
            return self.salon.rows(text)[0]
        except psycopg.Error:
            return []

    def positions(self) -> dict[int, int]:
        """The number of the newest event of each round."""
        rows = self.salon.rows("SELECT name, last FROM curation_stream")[0]
        return {int(name.removeprefix("round-")): last for name, last in rows}

    def settle(self) -> None:
        """Wait until what is due is done: processes up, rounds counted, blocks read, jobs ended."""
        waits = {
            "all processes are up": "SELECT 1 WHERE false",
            "rounds that are over are closed and counted": "SELECT r.id FROM curation_round r "
            "LEFT JOIN curation_tally t ON t.round_id = r.id "
            "WHERE r.closes_at < now() - interval '2 seconds' AND t.round_id IS NULL",
            "the indexer has read the chain": "SELECT 1 FROM chain_progress "
            "WHERE next_block <= head_block AND halted = ''",
            "no job is held by a worker that is gone": "SELECT 1 FROM generation_generationjob "
            "WHERE status = 'running' AND lease_until < now() - interval '5 seconds'",
        }
        begun = time.monotonic()
        for what, left in waits.items():
            while not self.killer.up() or self.salon.rows(left)[0]:
                if time.monotonic() - begun > SETTLES_S:
                    self.problems.append(f"settling: not within {SETTLES_S:.0f} s: {what}")
                    break
                time.sleep(1)
            say(f"  {what}: after {time.monotonic() - begun:.0f} s")

    def check(self) -> None:
        """Open the books, in a process of its own."""
        say("the books:")
        paths = [self.folder / name for name in ("ledger.json", "pages.json", "report.json")]
        subprocess.run(self.role("books", *paths), cwd=BASE, env=self.salon.env, check=True)

    def report(self) -> int:
        """Print what happened; how many discrepancies."""
        run = Run(
            minutes=self.options.minutes,
            sockets=self.options.sockets,
            ballots=self.options.ballots,
            seed=self.options.seed,
            began=self.began,
            lasted_s=self.lasted_s,
            held=self.held,
            kills=self.killer.kills,
        )
        ledger, books = (
            json.loads((self.folder / name).read_text()) for name in ("ledger.json", "report.json")
        )
        if self.late:
            self.problems.append(f"pages: {self.late} did not catch up")
        found = [*self.problems, *discrepancies(run, books)]
        say("\n".join(report(run, ledger, books["counts"])))
        say(f"\n{len(found)} discrepancies" + (":" if found else ": the books agree."))
        for line in found[:100]:
            say(f"- {line}")
        return len(found)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--ballots", type=float, default=100, help="a second")
    parser.add_argument("--voters", type=int, default=200)
    parser.add_argument("--stakers", type=int, default=6)
    parser.add_argument(
        "--seed", type=int, default=int(os.environ.get("SALON_SEED") or time.time())
    )
    parser.add_argument("--keep", action="store_true", help="leave the folder for a look")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, most), most))
    folder = Path(tempfile.mkdtemp(prefix="salon-soak-")).resolve()
    found = 1
    try:
        found = Soak(options, folder).run()
    finally:
        if found or options.keep:
            say(f"logs, ledger and pages are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
