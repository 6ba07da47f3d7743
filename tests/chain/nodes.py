"""Nodes that misbehave, and listeners nobody should reach."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chain.client import Node

Reply = Callable[[socket.socket, dict[str, Any]], None]


@dataclass
class Listener:
    """A TCP listener that notes every connection and request."""

    port: int
    hits: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole HTTP answer."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def result(request: dict[str, Any], value: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": value}).encode()


@contextmanager
def listener(reply: Reply | None = None, wrap: Callable | None = None) -> Iterator[Listener]:
    """A server that hands each request and its socket to `reply`; without one it hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Listener(server.getsockname()[1])
        closing = threading.Event()

        def serve(connection: socket.socket) -> None:
            try:
                with wrap(connection) if wrap else connection as stream:
                    made.hits.append(b"")
                    request = _request(stream)
                    made.hits[-1] = request
                    if reply is not None and request:
                        reply(stream, json.loads(request.partition(b"\r\n\r\n")[2] or b"{}"))
            except OSError:
                return

        def accept() -> None:
            while not closing.is_set():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield made
        closing.set()
        server.shutdown(socket.SHUT_RDWR)


def _request(stream: socket.socket) -> bytes:
    text = b""
    while b"\r\n\r\n" not in text:
        if not (piece := stream.recv(65536)):
            return text
        text += piece
    head, _, body = text.partition(b"\r\n\r\n")
    length = next(
        (int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-l")),
        0,
    )
    while len(body) < length:
        body += stream.recv(65536)
    return head + b"\r\n\r\n" + body


def call(url: str, *, private: bool = False, method: str = "eth_chainId") -> Any:
    """One call of a node that may or may not be inside."""
    return Node(url, chain_id=31337, private=private).call(method)
