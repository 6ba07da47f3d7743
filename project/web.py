"""`python -m project.web`: daphne, plus one thing for sockets that all hear the same.

A consumer that finds `salon.frames` in its scope's extensions may send frames that were built
once for many sockets, `{"type": "salon.frames", "frames": bytes}`. On servers without it,
consumers send plain `websocket.send` messages.
"""

from __future__ import annotations

import asyncio
from typing import Any

import daphne.http_protocol
from daphne.cli import CommandLineInterface
from daphne.http_protocol import WebRequest
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet.tcp import Connection

LARGEST_BODY_BYTES = 1_048_576
SLOWEST_WELCOME_S = 30  # when everybody comes back at once; who is cut off only comes again
LARGEST_FRAME_BYTES = 65_536  # what a client sends is not read; pings are shorter


class FramedProtocol(WebSocketProtocol):  # type: ignore[misc]
    """A socket that also takes ready frames: unmasked, uncompressed, whole messages."""

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Send what the application says."""
        if message["type"] != "salon.frames":
            super().handle_reply(message)
        elif self.state == self.STATE_OPEN:
            self._write(message["frames"])

    def _write(self, frames: bytes) -> None:
        """Write at once when nothing waits before it; by way of the reactor costs twice as much."""
        transport, sent = self.transport, 0
        if isinstance(transport, Connection) and not (
            self.send_queue
            or transport.dataBuffer
            or transport._tempDataBuffer  # noqa: SLF001 - not told otherwise
            or transport.disconnecting
        ):
            result = transport.writeSomeData(frames)
            sent = result if isinstance(result, int) else 0  # else gone; the reactor will notice
        if sent < len(frames):
            self.sendData(frames[sent:])


class BoundedRequest(WebRequest):  # type: ignore[misc]
    """A request whose body is refused before it fills the disk; nothing here takes as much."""

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - Twisted's name
        """The length that was announced; nothing for a chunked body."""
        if length is not None and length > LARGEST_BODY_BYTES:
            self._refuse()
        else:
            super().gotLength(length)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """The next bytes of the body."""
        if self.content is None or self.content.tell() + len(data) > LARGEST_BODY_BYTES:
            self._refuse()
        else:
            super().handleContentChunk(data)

    def _refuse(self) -> None:
        self.content = None
        transport = self.channel.transport
        if not transport.disconnecting:
            transport.write(
                b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            )
        transport.loseConnection()


class FramedServer(Server):  # type: ignore[misc]
    """Daphne's server, with the extension in every socket's scope, and small frames only."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        most = dict.fromkeys(
            ("websocket_max_message_size", "websocket_max_frame_size"), LARGEST_FRAME_BYTES
        )
        patience = dict.fromkeys(
            ("websocket_connect_timeout", "websocket_handshake_timeout"), SLOWEST_WELCOME_S
        )
        super().__init__(*arguments, **options | most | patience)

    def create_application(
        self, protocol: Any, scope: dict[str, Any]
    ) -> asyncio.Queue[dict[str, Any]] | None:
        if isinstance(protocol, FramedProtocol):
            scope["extensions"] = {"salon.frames": {}}
        queue: asyncio.Queue[dict[str, Any]] | None = super().create_application(protocol, scope)
        return queue


class FramedCommandLine(CommandLineInterface):  # type: ignore[misc]
    """Daphne's command line."""

    server_class = FramedServer


if __name__ == "__main__":
    daphne.http_protocol.WebRequest = BoundedRequest
    WebSocketFactory.protocol = FramedProtocol
    FramedCommandLine.entrypoint()
