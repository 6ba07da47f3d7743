"""What many sockets are told at once, framed once for all of them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cached_property


class News:
    """Messages for sockets, one after the other."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts

    @cached_property
    def frames(self) -> bytes:
        """The messages as a server's unfragmented text frames (RFC 6455 §5.2)."""
        return b"".join(_frame(text.encode()) for text in self.texts)


def _frame(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload
