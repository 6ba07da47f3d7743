"""Pages answered in one thread are the pages that Django's own handler gives."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application
from django.core.signals import request_finished, request_started
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from project.asgi import application
from project.one_thread import THREADS, OneThreadHandler, by_path

pytestmark = pytest.mark.django_db(transaction=True)
SHUT = threading.Barrier(THREADS)


@csrf_exempt
def whoami(request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        f"{request.method} {request.body.decode()} {threading.current_thread().name}"
    )


def together(request: HttpRequest) -> HttpResponse:
    SHUT.wait(10)
    return HttpResponse("all were here")


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


urlpatterns = [
    path("whoami", whoami),
    path("together", together),
    path("broken", broken),
]


async def ask(app: Any, method: str, where: str, body: bytes = b"", **headers: str) -> Any:
    """Status, headers and body of an answer."""
    said = [(b"host", b"testserver"), (b"content-length", str(len(body)).encode())]
    said += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": where,
        "query_string": b"",
        "headers": said,
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
    }
    asked = ApplicationCommunicator(app, scope)
    await asked.send_input({"type": "http.request", "body": body, "more_body": False})
    start = await asked.receive_output(20)
    text = b""
    while True:
        part = await asked.receive_output(20)
        text += part.get("body", b"")
        if not part.get("more_body"):
            break
    await asked.wait(10)
    return start["status"], dict(start["headers"]), text


@pytest.mark.parametrize(
    ("method", "where", "body"),
    [
        ("POST", "/api/v1/ballots", b"{}"),
        ("POST", "/api/v1/ballots", b"{"),
        ("POST", "/api/v1/ballots", b'{"a": "' + b"a" * 40_000 + b'"}'),
        ("POST", "/api/v1/ballots", b" " * 400_000),
        ("GET", "/api/v1/ballots", b""),
        ("PUT", "/api/v1/ballots", b"{}"),
        ("GET", "/healthz", b""),
        ("GET", "/api/v1/rounds", b""),
        ("GET", "/no/such/page", b""),
    ],
)
async def test_answers_are_those_of_djangos_own_handler(
    method, where, body, collected_static
) -> None:
    json = {"content_type": "application/json"}
    one = await ask(OneThreadHandler(), method, where, body, **json)
    usual = await ask(get_asgi_application(), method, where, body, **json)
    assert one[0] == usual[0]
    # A nonce for scripts and a number for the log are new every time.
    assert one[1].keys() == usual[1].keys()
    assert len(one[2]) == len(usual[2])


async def test_ballots_go_this_way_and_nothing_else_does() -> None:
    seen = []
    handler = OneThreadHandler._respond

    def noted(self: OneThreadHandler, scope: Any, body: Any) -> Any:
        seen.append(scope["path"])
        return handler(self, scope, body)

    OneThreadHandler._respond = noted
    try:
        for where in ("/api/v1/ballots", "/api/v1/ballots/" + "0" * 64, "/healthz"):
            await ask(application, "GET", where)
    finally:
        OneThreadHandler._respond = handler
    assert seen == ["/api/v1/ballots"]


@override_settings(ROOT_URLCONF=__name__)
async def test_a_request_is_answered_in_one_thread_of_a_few() -> None:
    handler = OneThreadHandler()
    names = {(await ask(handler, "POST", "/whoami", b"x"))[2] for _ in range(3 * THREADS)}
    assert all(name.startswith(b"POST x one-thread") for name in names)
    assert len(names) <= THREADS


@override_settings(ROOT_URLCONF=__name__)
async def test_requests_are_answered_side_by_side() -> None:
    handler = OneThreadHandler()
    answers = await asyncio.gather(*(ask(handler, "GET", "/together") for _ in range(THREADS)))
    assert {answer[2] for answer in answers} == {b"all were here"}


@override_settings(ROOT_URLCONF=__name__)
async def test_what_breaks_is_told_and_the_next_request_is_answered() -> None:
    handler = OneThreadHandler()
    assert (await ask(handler, "GET", "/broken"))[0] == 500
    assert (await ask(handler, "GET", "/whoami"))[0] == 200


@override_settings(ROOT_URLCONF=__name__)
async def test_a_request_begins_and_ends_as_everywhere() -> None:
    told = []

    def note(signal: Any, **_: Any) -> None:
        told.append("begun" if signal is request_started else "over")

    for signal in (request_started, request_finished):
        signal.connect(note)
    try:
        await ask(OneThreadHandler(), "GET", "/whoami")
    finally:
        for signal in (request_started, request_finished):
            signal.disconnect(note)
    assert told == ["begun", "over"]


async def test_paths_lead_to_their_own_applications() -> None:
    async def one(scope: Any, receive: Any, send: Any) -> None:
        scope["seen"].append("one")

    async def other(scope: Any, receive: Any, send: Any) -> None:
        scope["seen"].append("other")

    route, seen = by_path({"/here": one}, others=other), []
    for where in ("/here", "/here/", "/there"):
        await route({"path": where, "seen": seen}, None, None)
    assert seen == ["one", "other", "other"]
