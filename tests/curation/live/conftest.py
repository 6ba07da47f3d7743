from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.db import connections

from curation.live import consumers, hub
from curation.models import Round
from tests.factories import RoundFactory, publish

POSITION = re.compile(r'data-position="(\d+)"')
ORIGIN = b"http://testserver"


class Socket:
    """A browser's socket, speaking to the real application."""

    def __init__(
        self,
        path: str,
        origin: bytes | None = ORIGIN,
        client: str = "127.0.0.1",
        **headers_: str,
    ) -> None:
        from project.asgi import application  # looks for the collected static files

        headers = [(b"origin", origin)] if origin is not None else []
        headers += [(k.replace("_", "-").encode(), v.encode()) for k, v in headers_.items()]
        self.communicator = WebsocketCommunicator(application, path, headers=headers)
        self.communicator.scope["client"] = [client, 1234]
        self.open = False

    async def connect(self) -> bool:
        self.open, _ = await self.communicator.connect(timeout=10)
        return self.open

    async def text(self, timeout_s: float = 20.0) -> str:
        return str(await self.communicator.receive_from(timeout=timeout_s))

    async def texts(self, count: int) -> list[str]:
        return [await self.text() for _ in range(count)]

    async def silent(self, for_s: float = 0.3) -> bool:
        return await self.communicator.receive_nothing(timeout=for_s)

    async def close(self, timeout_s: float = 5) -> None:
        """Leave; the application is cancelled if it takes longer, as daphne does."""
        if self.open:
            await self.communicator.disconnect(timeout=timeout_s)
            self.open = False


def number(text: str) -> int:
    """The event number a fragment carries."""
    return int(POSITION.search(text)[1])


@pytest.fixture
async def sockets() -> AsyncIterator[Callable[..., Socket]]:
    made: list[Socket] = []

    def make(path: str, **how: object) -> Socket:
        made.append(Socket(path, **how))
        return made[-1]

    yield make
    for socket in made:
        await socket.close()
    await asyncio.sleep(0)  # cancelled tasks end
    assert hub.hub().rooms == {}  # the last to leave closed each room
    assert not consumers._held
    hub._hubs.clear()


class Gallery:
    """Writes to a round from outside the event loop, as workers do."""

    def __init__(self, round_: Round) -> None:
        self.round = round_
        self.path = f"/ws/rounds/{round_.pk}/"
        self.hung = 0

    async def hang(self, count: int = 1) -> None:
        for _ in range(count):
            self.hung += 1
            await database_sync_to_async(publish)(self.round, self.hung)

    async def do(self, work: Callable[..., object], *args: object, **kwargs: object) -> object:
        return await database_sync_to_async(work)(*args, **kwargs)


@pytest.fixture
async def gallery(transactional_db, collected_static) -> AsyncIterator[Gallery]:
    yield Gallery(await database_sync_to_async(RoundFactory)())
    await sync_to_async(connections.close_all)()
