"""Sockets by the thousand, giant frames and foreign pages against a web process of its own."""

from __future__ import annotations

import base64
import os
import resource
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from curation.live.consumers import MOST_PER_ADDRESS
from project.env import BASE
from tests.project.stack.helpers import eventually

SOCKETS = 2000
FRAME = 10 * 1024 * 1024
ANSWERS_WITHIN_S = 10.0
FOREIGN = (
    "https://testserver",  # the site is http://testserver
    "http://testserver:8001",
    "http://evil.example",
    "http://testserver.evil.example",
    "null",
    "file://",
)
pytestmark = pytest.mark.faults


@pytest.fixture(autouse=True)
def _files() -> Iterator[None]:
    """Sockets are files, and many systems allow a thousand."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * SOCKETS + 500)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Flood:
    """Raw sockets of one web process."""

    def __init__(self, station) -> None:
        self.station, self.port = station, station.ports[0]
        self.path = f"/ws/rounds/{station.facts['round']}/?since=0"
        self.held: list[socket.socket] = []

    def open(self, *, source: str = "127.0.0.1", origin: str = "") -> int:
        """Ask for a socket from one of this machine's addresses; the status that came back."""
        client = socket.create_connection(
            ("127.0.0.1", self.port), timeout=60, source_address=(source, 0)
        )
        key = base64.b64encode(os.urandom(16)).decode()
        origin = origin or self.station.environment["SITE_URL"]
        client.sendall(
            f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nOrigin: {origin}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n") and (byte := client.recv(1)):
            head += byte
        status = int(head.split(b" ", 2)[1]) if head else 0
        if status == 101:
            self.held.append(client)
        else:
            client.close()
        return status

    def answers_within_s(self) -> float:
        """How long a page takes."""
        begun = time.monotonic()
        url = f"http://127.0.0.1:{self.port}/healthz"
        with urllib.request.urlopen(url, timeout=60) as answer:
            assert answer.status == 200
        return time.monotonic() - begun

    def memory(self) -> int:
        """What the web process holds, in bytes."""
        pages = Path(f"/proc/{self.station.webs[self.port]}/statm").read_text().split()[1]
        return int(pages) * resource.getpagesize()

    def hang(self) -> None:
        """Have one picture hung in the round."""
        subprocess.run(
            [sys.executable, "-m", "tests.faults.painter", str(self.station.facts["round"]), "0"],
            cwd=BASE,
            env=self.station.environment,
            input=b"",
            check=True,
            capture_output=True,
        )

    def close(self) -> None:
        for client in self.held:
            client.close()
        self.held.clear()


@pytest.fixture
def flood(station) -> Iterator[Flood]:
    made = Flood(station)
    eventually(lambda: _listens(made.port), 60)
    yield made
    made.close()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def hears(client: socket.socket) -> bool:
    """Whether an event comes over a socket within some seconds."""
    client.settimeout(60)
    heard = b""
    while b"data-position" not in heard:
        if not (piece := client.recv(65_536)):
            return False
        heard += piece
    return True


def test_threat_23_two_thousand_sockets_are_held_and_all_of_them_hear(flood) -> None:
    begun = time.monotonic()
    assert [flood.open() for _ in range(SOCKETS)] == [101] * SOCKETS
    took_s = time.monotonic() - begun
    page_s = flood.answers_within_s()
    assert page_s < ANSWERS_WITHIN_S
    flood.hang()
    assert all(map(hears, flood.held))
    print(f"\n{SOCKETS} sockets in {took_s:.1f} s, a page in {page_s:.2f} s")


def test_threat_23_one_address_holds_no_more_sockets_than_it_may(flood) -> None:
    wanted = MOST_PER_ADDRESS + 40
    opened = [flood.open(source="127.0.0.2") for _ in range(wanted)]
    assert opened == [101] * MOST_PER_ADDRESS + [403] * 40
    assert flood.open(source="127.0.0.3") == 101  # nobody else is the worse for it
    flood.held.pop(0).close()
    eventually(lambda: flood.open(source="127.0.0.2") == 101, 20)


def test_threat_23_ten_megabyte_frame_is_not_even_read(flood) -> None:
    assert flood.open() == flood.open() == 101
    giant, other = flood.held
    before = flood.memory()
    giant.settimeout(20)
    giant.sendall(struct.pack("!BBQ", 0x81, 0x80 | 127, FRAME) + b"\0\0\0\0")
    answer = giant.recv(4096)  # before a byte of it was sent
    assert (answer[0], struct.unpack("!H", answer[2:4])[0]) == (0x88, 1009)  # too big
    with pytest.raises(OSError):  # noqa: PT012 - whichever piece finds that nobody listens
        for _ in range(FRAME // 65_536):
            giant.sendall(b"x" * 65_536)
        giant.sendall(b"x")
        time.sleep(1)
        giant.sendall(b"x")
    assert flood.memory() - before < FRAME // 2
    flood.hang()
    assert hears(other)


@pytest.mark.parametrize("origin", FOREIGN)
def test_threat_23_pages_of_other_origins_get_no_socket(flood, origin) -> None:
    assert flood.open(origin=origin) == 403
    assert flood.open() == 101
