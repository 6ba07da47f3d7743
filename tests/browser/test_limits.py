"""What the web process refuses before it reads it."""

from __future__ import annotations

import socket

import pytest

HEAD = (
    "POST /api/v1/sign-in HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
)


def say(port: int, head: str, body: bytes, pieces: int) -> bytes:
    """What is answered to a request of many pieces; it may come before the last was sent."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            connection.sendall((HEAD.format(port=port) + head + "\r\n").encode())
            for _ in range(pieces):
                connection.sendall(body)
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            return connection.recv(4096)
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("Content-Length: 200000000\r\n", b"x" * 65_536),
        ("Transfer-Encoding: chunked\r\n", b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
    ],
    ids=["announced", "in chunks"],
)
def test_threat_04_a_giant_body_is_cut_off_before_it_is_stored(visit, house, head, body) -> None:
    answer = say(house.port, head, body, pieces=64)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413")
    assert house.answers()


def test_an_announced_giant_is_refused_before_it_begins(visit, house) -> None:
    answer = say(house.port, "Content-Length: 200000000\r\n", b"", pieces=0)
    assert answer.startswith(b"HTTP/1.1 413")
