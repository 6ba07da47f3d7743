"""An embedded chain under its keeper, as the supervisor runs it."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from project.env import BASE
from project.stack.chain import anvil
from project.stack.keeper import ask, is_whole
from project.stack.preflight import free_port

from .helpers import eventually, members

ORIGIN = "http://127.0.0.1:8000"
TO = "0x" + "cd" * 20


class Chain:
    """Keepers started one after the other on one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "chain"
        self.folder.mkdir()
        self.port = free_port()
        self.log = folder / "anvil.log"
        self.keeper: subprocess.Popen[bytes] | None = None

    @property
    def state(self) -> Path:
        return self.folder / "state.json"

    def start(self) -> float:
        """Start it as the supervisor does; seconds until it counts as ready."""
        process = anvil(self.folder.parent, port=self.port, origin=ORIGIN)
        begin = time.monotonic()
        with self.log.open("ab") as log:
            self.keeper = subprocess.Popen(
                process.command, cwd=BASE, stdout=log, stderr=log, start_new_session=True
            )
        eventually(lambda: process.ready() or self.keeper.poll() is not None, 20)
        assert self.keeper.poll() is None, self.log.read_text()
        return time.monotonic() - begin

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Signal the whole group, as the supervisor does."""
        keeper, self.keeper = self.keeper, None
        os.killpg(keeper.pid, how)
        code = keeper.wait(timeout=10)
        eventually(lambda: not members(keeper.pid))
        return code

    def anvil_pid(self) -> int:
        children = Path(f"/proc/{self.keeper.pid}/task/{self.keeper.pid}/children").read_text()
        return int(children.split()[0])

    def place(self) -> tuple[str, int]:
        """Where anvil itself listens."""
        words = Path(f"/proc/{self.anvil_pid()}/cmdline").read_text().split("\0")
        return words[words.index("--host") + 1], int(words[words.index("--port") + 1])

    def ask(self, method: str, *params: object):
        return ask(self.port, method, *params)

    def pay(self, wei: int = 1) -> None:
        sender = self.ask("eth_accounts")[0]
        before = self.balance()
        self.ask("eth_sendTransaction", {"from": sender, "to": TO, "value": hex(wei)})
        eventually(lambda: self.balance() == before + wei)

    def balance(self, block: str = "latest") -> int:
        return int(self.ask("eth_getBalance", TO, block), 16)

    def head(self) -> tuple[int, int]:
        block = self.ask("eth_getBlockByNumber", "latest", False)
        return int(block["number"], 16), int(block["timestamp"], 16)

    def kept_balance(self) -> int:
        """What the file says, whatever the chain does."""
        assert is_whole(self.state)
        accounts = json.loads(self.state.read_text())["accounts"]
        return int(accounts.get(TO, {"balance": "0x0"})["balance"], 16)


@contextmanager
def made(folder: Path) -> Iterator[Chain]:
    chain = Chain(folder)
    try:
        yield chain
    finally:
        if chain.keeper is not None:
            chain.end(signal.SIGKILL)
