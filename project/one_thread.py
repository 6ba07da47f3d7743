"""Django's pages answered in one thread each, for what is asked for very often.

Django's own ASGI handler leads a request back and forth between the event loop and two threads made
for it, a dozen times for middleware and views that know nothing of async; for a small answer that
costs more than the answer. Here the same middleware, the same view and the same signals run from
beginning to end in one thread of a few that stay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import IO, Any

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.urls import set_script_prefix

THREADS = 8  # fewer than the connections in the pool to the database, which others need too
App = Callable[..., Awaitable[None]]


class OneThreadHandler(ASGIHandler):
    """Answers requests whose answers are whole, not streamed."""

    def __init__(self) -> None:
        self.load_middleware(is_async=False)
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="one-thread")

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        loop = asyncio.get_running_loop()
        run = copy_context().run
        response = await loop.run_in_executor(self.threads, run, self._respond, scope, body)
        await self.send_response(response, send)

    def _respond(self, scope: dict[str, Any], body: IO[bytes]) -> Any:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = refusal if request is None else self.get_response(request)
        response.close()  # gives the connection to the database back; the content stays
        return response


def by_path(paths: Mapping[str, App], *, others: App) -> App:
    """An ASGI application that hands some paths to applications of their own."""

    async def route(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await paths.get(scope["path"], others)(scope, receive, send)

    return route
