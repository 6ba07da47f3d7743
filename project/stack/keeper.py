"""Runs anvil and keeps its state in a file that is whole at every moment.

`python -m project.stack.keeper FOLDER PORT ORIGIN BINARY`. Anvil's own `--state-interval` rewrites
its file in place every second, busy or idle, and a kill in the midst leaves half a chain. This
asks for the state when a block brought transactions and moves it into place when it is on the
disk; a graceful end is written by anvil itself, beside it, and moved once it is known to be whole.
Anvil listens where no page finds it; PORT is the door to it (`project.stack.chain_door`).
"""

from __future__ import annotations

import gzip
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from project.stack.chain_door import Door
from project.stack.errors import PortTaken
from project.stack.groups import tied
from project.stack.preflight import check_port, hidden_place

CHAIN_ID = 31337
BLOCK_TIME_S = 15
STATES_IN_MEMORY = 32  # how many blocks back calls may look
NEVER_S = str(10 * 365 * 24 * 3600)  # or it would write every minute what it says at its end
LOOK_EVERY_S = 0.2
IDLE_KEEP_S = 60.0  # empty blocks are kept this often
REST = 10  # times as long as keeping took, before it is done again
START_S = 15.0
END_S = 8.0


class NodeSilent(Exception):
    """Anvil does not answer as it should."""


def ask(
    port: int, method: str, *params: object, host: str = "127.0.0.1", timeout_s: float = 10.0
) -> Any:
    """One JSON-RPC call to a node on this machine.

    Raises:
        NodeSilent: no answer, or an error for an answer.
    """
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    try:
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        return answer["result"]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        raise NodeSilent(f"{method}: {error!r}") from error
    finally:
        connection.close()


@dataclass(slots=True)
class Keeper:
    """One anvil, the door to it, and the two files it lives by."""

    folder: Path
    port: int
    origin: str  # the one web origin whose pages may ask anvil
    binary: Path
    place: tuple[str, int] = ("", 0)  # where anvil listens, another one each time
    process: subprocess.Popen[bytes] | None = None
    stopping: bool = False
    kept: tuple[int, str] = (-1, "")  # number and hash of the newest block on the disk
    due: float = 0.0  # monotonic seconds before which nothing is kept again
    kept_at: float = 0.0

    @property
    def state(self) -> Path:
        return self.folder / "state.json"

    @property
    def last_words(self) -> Path:
        """What anvil writes while it ends."""
        return self.folder / "last.json"

    def run(self) -> int:
        """Run until a signal or anvil's own end; the exit code."""
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._ask_to_stop)
        try:
            check_port("127.0.0.1", self.port, variable="CHAIN_PORT")
        except PortTaken as error:
            print(error, flush=True)
            return 1
        self.adopt_last_words()
        if self.state.exists() and not is_whole(self.state):
            self._set_aside("it is not whole")
        try:
            self.start()
            check_port("127.0.0.1", self.port, variable="CHAIN_PORT")
            door = Door(self.port, self.origin, self.place).open()
            print(f"anvil answers on port {self.port}", flush=True)
            while not self.stopping and self.alive() and door.is_alive():
                self.look()
                time.sleep(LOOK_EVERY_S)
        except (NodeSilent, PortTaken, OSError) as error:
            print(f"the chain cannot go on: {error}", flush=True)
        asked = self.stopping
        self.end()
        self.adopt_last_words()
        return 0 if asked else 1

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start anvil where the state left off, with its clock not behind its head.

        Raises:
            NodeSilent: it ended, or said nothing for too long.
        """
        loaded = self.state.exists()
        self._spawn(load=loaded)
        if not self._wait_for_answer() and loaded and self._gave_up():
            self._set_aside("anvil cannot load it")
            loaded = False
            self._spawn(load=False)
            self._wait_for_answer()
        if not self.alive():
            raise NodeSilent("it ended while starting")
        head = self._ask("eth_getBlockByNumber", "latest", False)
        if (stamp := int(head["timestamp"], 16)) > time.time():
            self._ask("anvil_setTime", stamp + 1)  # a warp is not part of the state
        if loaded:  # states of older blocks are gone: let `finalized` be one that is there
            self._ask("anvil_mine", "0x3")

    def look(self) -> None:
        """Keep the state if something worth it happened.

        Raises:
            NodeSilent: anvil no longer answers.
        """
        now = time.monotonic()
        if now < self.due:
            return
        head = self._ask("eth_getBlockByNumber", "latest", False)
        number, name = int(head["number"], 16), str(head["hash"])
        if (number, name) == self.kept:
            return
        news = number <= self.kept[0] or number - self.kept[0] > 50 or bool(head["transactions"])
        for between in () if news else range(self.kept[0] + 1, number):
            block = self._ask("eth_getBlockByNumber", hex(between), False)
            news = news or not block or bool(block["transactions"])
        if news or now - self.kept_at > IDLE_KEEP_S:
            self.keep()
            self.kept, self.kept_at = (number, name), time.monotonic()
            self.due = self.kept_at + REST * (self.kept_at - now)

    def keep(self) -> None:
        """Write the state whole. No room for it is told and does not end the chain."""
        text = gzip.decompress(bytes.fromhex(self._ask("anvil_dumpState", False)[2:]))
        partial = self.state.with_suffix(".new")
        try:
            with partial.open("wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.state)
        except OSError as error:
            print(f"cannot keep the chain's state: {error}", flush=True)

    def adopt_last_words(self) -> None:
        """Take what anvil wrote at its end for the state, if it is whole and the newest."""
        path = self.last_words
        if not path.exists():
            return
        newest = not self.state.exists() or path.stat().st_mtime >= self.state.stat().st_mtime
        if newest and is_whole(path):
            path.replace(self.state)
        else:
            path.unlink()

    def end(self) -> None:
        """Let anvil write its last words. A signal to our group has reached it already."""
        if self.process is None:
            return
        for signum, wait_s in ((None, 0.3), (signal.SIGTERM, END_S), (signal.SIGKILL, 1.0)):
            if signum is not None:
                self.process.send_signal(signum)
            try:
                self.process.wait(wait_s)
            except subprocess.TimeoutExpired:
                continue
            return

    def _ask(self, method: str, *params: object) -> Any:
        return ask(self.place[1], method, *params, host=self.place[0])

    def _spawn(self, *, load: bool) -> None:
        mining = ("--mixed-mining", "--block-time", str(BLOCK_TIME_S), "--slots-in-an-epoch", "1")
        rules = ("--chain-id", str(CHAIN_ID), "--hardfork", "prague")
        host, port = self.place = hidden_place()
        place = ("--host", host, "--port", str(port), "--allow-origin", self.origin)
        memory = ("--prune-history", str(STATES_IN_MEMORY))
        words = ("--dump-state", str(self.last_words), "--state-interval", NEVER_S)
        start = ("--load-state", str(self.state)) if load else ()
        command = (str(self.binary), "--quiet", *place, *rules, *mining, *memory, *words, *start)
        self.process = subprocess.Popen(
            tied(command, signal.SIGTERM),
            cwd=self.folder,
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
        )

    def _wait_for_answer(self) -> bool:
        deadline = time.monotonic() + START_S
        while self.alive() and not self.stopping and time.monotonic() < deadline:
            try:
                return bool(self._ask("eth_chainId"))
            except NodeSilent:
                time.sleep(0.01)
        return False

    def _gave_up(self) -> bool:
        """Whether anvil ended of its own accord, not by a signal."""
        return self.process is not None and (self.process.poll() or 0) > 0

    def _set_aside(self, why: str) -> None:
        when = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        aside = self.state.with_name(f"{self.state.name}.broken-{when}")
        self.state.replace(aside)
        print(f"{self.state}: {why}. Moved to {aside}; a new chain begins.", flush=True)

    def _ask_to_stop(self, _signum: int, _frame: object) -> None:
        self.stopping = True


def is_whole(path: Path) -> bool:
    """Whether a JSON file was written to its end; braces are never inside strings of a state."""
    text = path.read_bytes()
    return text[:1] == b"{" and text.count(b"{") == text.count(b"}")


if __name__ == "__main__":
    folder, port, origin, binary = sys.argv[1:5]
    sys.exit(Keeper(Path(folder), int(port), origin, Path(binary)).run())
