"""Many WebSocket clients in one cheap process: raw sockets, epoll, frames parsed afterwards.

Reads one JSON command per line from stdin and answers each with one line:
`{"connect": {port, path, origin, count}}` opens a group of clients; `{"collect": {group,
until}}` says that it listens, and once the last of the group's clients has heard the text
`until`, when the first and the last bytes came, and what the messages were.
"""

from __future__ import annotations

import base64
import json
import os
import re
import select
import socket
import sys
import time

# Clients elsewhere do not wake up at each write of the server; ours would make each dearer.
PAUSE_S = 0.0002
NUMBER = re.compile(rb'data-position="(\d+)"')


def main() -> None:
    """Serve commands until stdin ends."""
    groups: list[list[socket.socket]] = []
    for line in sys.stdin:
        command = json.loads(line)
        if "connect" in command:
            groups.append([_connect(**command["connect"]) for _ in range(command["count"])])
            answer({"connected": len(groups[-1])})
        else:
            answer({"listening": True})
            answer(_collect(groups[command["group"]], command["until"].encode()))


def answer(message: object) -> None:
    """One JSON line for the driver."""
    print(json.dumps(message), flush=True)


def _connect(*, port: int, path: str, origin: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16)).decode()
    client.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: {origin}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    if b" 101 " not in head.split(b"\r\n", 1)[0]:
        raise SystemExit(f"The server on port {port} refused a socket: {head!r}")
    client.setblocking(False)
    return client


def _collect(clients: list[socket.socket], until: bytes) -> dict:
    """Read from all until each has heard `until`."""
    heard = {client.fileno(): bytearray() for client in clients}
    by_fileno = {client.fileno(): client for client in clients}
    waiting, first, last = len(clients), 0.0, 0.0
    with select.epoll(len(clients)) as poll:
        for fileno in heard:
            poll.register(fileno, select.EPOLLIN)
        while waiting:
            ready = poll.poll(30)
            if not ready:
                raise SystemExit(f"{waiting} of {len(clients)} clients never heard {until!r}.")
            first = first or time.monotonic()
            for fileno, _ in ready:
                chunk = by_fileno[fileno].recv(1 << 18)
                if not chunk:
                    raise SystemExit("The server hung up.")
                stream = heard[fileno]
                stream += chunk
                waiting -= until in stream[-len(chunk) - len(until) :]
            last = time.monotonic()
            time.sleep(PAUSE_S)
    streams = list(heard.values())
    if any(stream != streams[0] for stream in streams):
        streams = [b"".join(_messages(stream)) for stream in streams]
        if any(stream != streams[0] for stream in streams):
            raise SystemExit("Clients heard different things.")
    messages = _messages(heard[clients[0].fileno()])
    numbers = [int(n) for message in messages for n in NUMBER.findall(message)]
    texts = [message.decode() for message in messages]
    return {"first": first, "last": last, "numbers": numbers, "messages": texts}


def _messages(stream: bytearray) -> list[bytes]:
    """Payloads of the text frames in a stream; servers do not mask. Pings are left out."""
    found, at = [], 0
    while at < len(stream):
        opcode, length, at = stream[at] & 15, stream[at + 1], at + 2
        if length >= 126:
            size = 2 if length == 126 else 8
            length, at = int.from_bytes(stream[at : at + size], "big"), at + size
        if opcode == 1:
            found.append(bytes(stream[at : at + length]))
        at += length
    return found


if __name__ == "__main__":
    main()
