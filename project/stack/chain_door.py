"""The embedded chain's door: what programs ask goes through, what pages send does not.

Anvil takes WebSockets from every page and believes every `Host`. So it listens where no page can
find it, and this listens at the known port instead. What is let through is written anew: nothing
can mean one thing here and another thing there. Answers go back as they come.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from dataclasses import dataclass, field
from http import HTTPStatus

LARGEST_BODY = 4_000_000  # bytes
LARGEST_HEAD = 32_768
PIECE = 65_536
WAITING = 1024  # connections the system keeps until they are taken
IDLE = 64  # connections to anvil kept for the next calls
LINGER_S = 1.0  # or whoever is still sending would not read why it is refused

EXTENSIONS = frozenset({"chrome-extension", "moz-extension", "safari-web-extension"})
START = re.compile(r"([A-Z]+) / HTTP/1\.([01])")
HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,12})[ \t]*\r\n", re.IGNORECASE)
CLOSING = re.compile(rb"\r\nconnection:[^\r\n]*close", re.IGNORECASE)
PREFLIGHT = (
    "HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: {}\r\nVary: Origin\r\n"
    "Access-Control-Allow-Methods: POST\r\nAccess-Control-Allow-Headers: content-type\r\n"
    "Connection: close\r\n\r\n"
)

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Refused(Exception):
    """This does not pass; holds a status and a reason."""


@dataclass(frozen=True, slots=True)
class Head:
    """What comes before the body."""

    method: str
    headers: dict[str, str]  # names in small letters
    last: bool  # the connection ends after it


def read_head(raw: bytes) -> Head:
    """Raises Refused for what could be read in two ways."""
    start, *lines = raw[:-4].decode("latin-1").split("\r\n")
    asked = START.fullmatch(start)
    if asked is None:
        raise Refused(HTTPStatus.BAD_REQUEST, "Calls are sent to / by HTTP/1.1.")
    headers: dict[str, str] = {}
    for line in lines:
        found = HEADER.fullmatch(line)
        if found is None or (name := found[1].lower()) in headers:
            raise Refused(HTTPStatus.BAD_REQUEST, "A header is malformed or given twice.")
        headers[name] = found[2].rstrip(" \t")
    last = asked[2] == "0" or "close" in headers.get("connection", "").lower()
    return Head(asked[1], headers, last)


async def read_body(head: Head, reader: asyncio.StreamReader) -> bytes:
    """Raises Refused."""
    coding, length = (head.headers.get(n) for n in ("transfer-encoding", "content-length"))
    if coding is None:
        if length is None or not re.fullmatch("[0-9]+", length):
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "How long is the call?")
        if len(length) > len(str(LARGEST_BODY)) or int(length) > LARGEST_BODY:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The call is too large.")
        return await reader.readexactly(int(length))
    if coding.lower() != "chunked" or length is not None:
        raise Refused(HTTPStatus.BAD_REQUEST, "The call's length can be read in two ways.")
    body, size = bytearray(), -1
    while size:
        line = CHUNK.fullmatch(await reader.readuntil(b"\r\n"))
        size = int(line[1], 16) if line else -1
        if len(body) + size > LARGEST_BODY:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The call is too large.")
        body += await reader.readexactly(max(size, 0))
        if size < 0 or await reader.readexactly(2) != b"\r\n":
            raise Refused(HTTPStatus.BAD_REQUEST, "A chunk is not as long as it says.")
    return bytes(body)


@dataclass(slots=True)
class Door:
    """Listens on 127.0.0.1 for programs, and for the pages of one origin."""

    port: int
    origin: str
    anvil: tuple[str, int]  # host and port
    idle: list[Stream] = field(default_factory=list)

    def open(self) -> threading.Thread:
        """Serve in a thread until the process ends. Raises OSError when the port is taken."""
        listener = socket.create_server(("127.0.0.1", self.port), backlog=WAITING)
        thread = threading.Thread(target=asyncio.run, args=(self._serve(listener),), daemon=True)
        thread.start()
        return thread

    async def _serve(self, listener: socket.socket) -> None:
        server = await asyncio.start_server(
            self._meet, sock=listener, limit=LARGEST_HEAD, backlog=WAITING
        )
        await server.serve_forever()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(EOFError, OSError), contextlib.closing(writer):
            try:
                while await self._pass_one(reader, writer):
                    pass
            except (Refused, asyncio.LimitOverrunError) as error:
                await _refuse(error, reader, writer)

    async def _pass_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One call and its answer; whether another may follow."""
        head = read_head(await reader.readuntil(b"\r\n\r\n"))
        self.check(head)
        if head.method == "OPTIONS":
            writer.write(PREFLIGHT.format(self.origin).encode())
            return False
        if head.headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        call = self._rewritten(head, await read_body(head, reader))
        streams = await self._to_anvil()
        whole = False
        try:
            whole = await _exchange(call, streams, writer)
        finally:
            if whole and len(self.idle) < IDLE:
                self.idle.append(streams)
            else:
                streams[1].close()
        return whole and not head.last

    def check(self, head: Head) -> None:
        """Raises Refused for what a page of another site may have sent."""
        if "upgrade" in (headers := head.headers):
            raise Refused(HTTPStatus.FORBIDDEN, "No WebSockets here: send calls by POST.")
        name, _, port = headers.get("host", "").lower().partition(":")
        if name not in {"127.0.0.1", "localhost"} or (port or "80") != str(self.port):
            raise Refused(HTTPStatus.FORBIDDEN, "This is not the host that was asked for.")
        origin = headers.get("origin", self.origin)
        # No page can name itself an extension: a browser writes this for a wallet's background.
        ours = origin == self.origin or origin.partition("://")[0] in EXTENSIONS
        if not ours or headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
            raise Refused(HTTPStatus.FORBIDDEN, "Pages of other sites may not ask this chain.")
        if head.method not in {"POST", "OPTIONS"}:
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "Send calls by POST.")

    def _rewritten(self, head: Head, body: bytes) -> bytes:
        kind = head.headers.get("content-type", "application/octet-stream")
        ours = head.headers.get("origin") == self.origin
        origin = f"Origin: {self.origin}\r\n" if ours else ""
        lines = f"POST / HTTP/1.1\r\nHost: {self.anvil[0]}:{self.anvil[1]}\r\n{origin}"
        return f"{lines}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    async def _to_anvil(self) -> Stream:
        while self.idle:
            reader, writer = self.idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(*self.anvil, limit=LARGEST_HEAD)


async def _exchange(call: bytes, streams: Stream, writer: asyncio.StreamWriter) -> bool:
    """Send a call and hand on the answer; whether both connections can go on."""
    source, target = streams
    target.write(call)
    answer = await source.readuntil(b"\r\n\r\n")
    length = LENGTH.search(answer)
    if length is None and not answer.startswith(b"HTTP/1.1 204 "):
        return False
    usable, left = not CLOSING.search(answer), int(length[1]) if length else 0
    while left and (piece := await source.read(min(left, PIECE))):
        left -= len(piece)
        writer.write(answer + piece)
        answer = b""
        await writer.drain()
    writer.write(answer)
    return usable and not left


async def _refuse(
    error: Exception, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    too_long = (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The head is too large.")
    status, why = error.args if isinstance(error, Refused) else too_long
    start = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: text/plain\r\nAllow: POST"
    length = f"Content-Length: {len(why) + 1}\r\nConnection: close"
    writer.write(f"{start}\r\n{length}\r\n\r\n{why}\n".encode())
    writer.write_eof()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            while await reader.read(PIECE):
                pass
