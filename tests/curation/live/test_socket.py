import asyncio
import threading
from collections.abc import Callable

import psycopg
import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import connection

from curation.accounts.sessions import SessionStore
from curation.galleries.services import close_round
from curation.galleries.takedowns import hide_candidate, restore_candidate
from curation.live import bus, consumers, hub
from curation.live.models import Event, Stream
from curation.live.selectors import LONGEST_REPLAY
from curation.live.services import trim
from curation.models import Candidate, Member

from .conftest import Gallery, Socket, number


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def session_of(address: str, ended: bool) -> str:
    """The cookie of a member's session."""
    member = Member.objects.create_user(address)
    store = SessionStore()
    store[SESSION_KEY] = str(member.pk)
    store.set_expiry(-1 if ended else 3600)
    store.create()
    return f"theme=dark; {settings.SESSION_COOKIE_NAME}={store.session_key}"


async def follow(gallery: Gallery, sockets: Callable[..., Socket]) -> Socket:
    """A socket that has surely joined its room: it got the first event."""
    await gallery.hang()
    socket = sockets(f"{gallery.path}?since=0")
    await socket.connect()
    assert number(await socket.text()) == 1
    return socket


async def test_newcomer_gets_everything_since_its_position(gallery, sockets):
    await gallery.hang(5)
    socket = sockets(f"{gallery.path}?since=2")
    assert await socket.connect()
    assert [number(text) for text in await socket.texts(3)] == [3, 4, 5]
    assert await socket.silent()


async def test_newcomer_without_a_position_gets_only_what_comes(gallery, sockets):
    await gallery.hang(2)
    socket = sockets(gallery.path)
    assert await socket.connect()
    assert await socket.silent()
    await gallery.hang()
    assert number(await socket.text()) == 3


async def test_all_sockets_of_a_room_get_all_events_once_and_in_order(gallery, sockets):
    await gallery.hang(3)
    early = [sockets(f"{gallery.path}?since={since}") for since in (0, 1, 2, 3)]
    assert all(await asyncio.gather(*(socket.connect() for socket in early)))
    writing = asyncio.create_task(gallery.hang(10))
    late = [sockets(f"{gallery.path}?since={since}") for since in (0, 3)]
    for socket in late:
        assert await socket.connect()
    await writing
    for socket, since in zip([*early, *late], (0, 1, 2, 3, 0, 3), strict=True):
        texts = await socket.texts(13 - since)
        assert [number(text) for text in texts] == list(range(since + 1, 14))
        assert await socket.silent(0.05)


async def test_threat_24_reconnecting_socket_continues_where_it_was(gallery, sockets):
    first = sockets(f"{gallery.path}?since=0")
    await first.connect()
    await gallery.hang(2)
    seen = [number(text) for text in await first.texts(2)]
    await first.close()
    await gallery.hang(3)
    second = sockets(f"{gallery.path}?since={seen[-1]}")
    await second.connect()
    assert seen + [number(text) for text in await second.texts(3)] == [1, 2, 3, 4, 5]


async def test_page_reload_does_not_lose_its_room(gallery, sockets, monkeypatch):
    """The old socket leaves while the new one is still joining: the room must stay open."""
    monkeypatch.setattr(hub, "LOOK_EVERY_S", 1000)  # a look would wait for the lock below, too
    old, new = await follow(gallery, sockets), sockets(f"{gallery.path}?since=2")
    await gallery.hang()
    assert number(await old.text()) == 2  # it reads nothing any more
    wanted = ("dbname", "user", "host", "port")
    place = {k: v for k, v in connection.get_connection_params().items() if k in wanted}
    with psycopg.connect(**place) as slow:
        slow.execute("LOCK TABLE curation_stream")  # joining reads it, leaving does not
        await new.connect()
        await old.close(timeout_s=0.3)
    await gallery.hang()
    assert number(await new.text()) == 3


async def test_socket_is_let_in_and_heard_while_others_keep_the_database_busy(gallery, sockets):
    """All sockets ask the database in one thread: who asks nothing must not queue up for it."""
    chatty = await follow(gallery, sockets)
    free = threading.Event()
    busy = asyncio.create_task(sync_to_async(free.wait)())
    try:
        late = sockets(f"{gallery.path}?since=1")
        assert await late.connect()
        for _ in range(consumers.MOST_FRAMES_PER_MINUTE + 1):
            await chatty.communicator.send_to("hello")
        closed = await chatty.communicator.receive_output(timeout=10)
        assert (closed["type"], closed["code"]) == ("websocket.close", 1008)
    finally:
        free.set()
        await busy
    await gallery.hang()
    assert number(await late.text()) == 2


async def test_room_that_could_not_open_is_opened_for_the_next(gallery, sockets):
    await gallery.do(run, "ALTER TABLE curation_stream RENAME TO away")
    unlucky = sockets(f"{gallery.path}?since=0", client="192.0.2.7")
    try:
        assert await unlucky.connect()
        closed = await unlucky.communicator.receive_output(timeout=5)
        assert (closed["type"], closed["code"]) == ("websocket.close", 1013)
    finally:
        await gallery.do(run, "ALTER TABLE away RENAME TO curation_stream")
    lucky = sockets(f"{gallery.path}?since=0", client="192.0.2.7")
    assert await lucky.connect()
    await gallery.hang()
    assert number(await lucky.text()) == 1


@pytest.mark.parametrize(
    "since", ["-1", "abc", "1e3", "9" * 19, "%00", "%D9%A3", "1;drop", "0x10", "%201"]
)
async def test_bad_position_is_denied(gallery, sockets, since):
    assert not await sockets(f"{gallery.path}?since={since}").connect()


@pytest.mark.parametrize("round_id", ["0", "999999", "9" * 30])
async def test_unknown_round_is_denied(transactional_db, sockets, round_id):
    assert not await sockets(f"/ws/rounds/{round_id}/").connect()


@pytest.mark.parametrize(
    "origin",
    [
        b"https://testserver",
        b"http://testserver:8001",
        b"http://evil.example",
        b"http://testserver.evil.example",
        b"http://eviltestserver",
        b"null",
        b"",
        None,
    ],
)
async def test_threat_23_foreign_origin_is_denied(gallery, sockets, origin):
    assert not await sockets(gallery.path, origin=origin).connect()


async def test_position_beyond_the_log_makes_the_page_load_again(gallery, sockets):
    await gallery.hang()
    socket = sockets(f"{gallery.path}?since={10**17}")
    await socket.connect()
    assert "data-refetch" in await socket.text()


async def test_position_too_far_behind_makes_the_page_load_again(gallery, sockets):
    await gallery.hang(2)
    stream = {"stream_id": gallery.round.stream, "kind": "round_opened"}
    rows = [Event(number=n, **stream) for n in range(3, LONGEST_REPLAY + 3)]
    await gallery.do(Event.objects.bulk_create, rows)
    await gallery.do(Stream.objects.update, last=LONGEST_REPLAY + 2)
    socket = sockets(f"{gallery.path}?since=0")
    await socket.connect()
    assert "data-refetch" in await socket.text()
    await gallery.hang()
    assert number(await socket.text()) == LONGEST_REPLAY + 3


async def test_trimmed_position_makes_the_page_load_again(gallery, sockets):
    await gallery.hang(5)
    await gallery.do(trim, keep=2)
    socket = sockets(f"{gallery.path}?since=1")
    await socket.connect()
    assert "data-refetch" in await socket.text()
    assert await socket.silent()


async def test_threat_24_lost_hint_is_made_up_for_by_looking_into_the_log(
    gallery, sockets, monkeypatch
):
    monkeypatch.setattr(hub, "LOOK_EVERY_S", 0.2)
    socket = await follow(gallery, sockets)
    layer = get_channel_layer()
    for channel in list(layer._get_layer().channels):  # as if the broker had forgotten us
        await layer.group_discard(bus.group(gallery.round.stream), channel)
    await gallery.hang(2)
    assert [number(text) for text in await socket.texts(2)] == [2, 3]


async def test_hint_alone_is_enough(gallery, sockets, monkeypatch):
    monkeypatch.setattr(hub, "LOOK_EVERY_S", 1000)
    socket = await follow(gallery, sockets)
    await gallery.hang()
    assert number(await socket.text()) == 2


async def test_threat_23_flood_closes_the_socket_and_few_frames_do_not(gallery, sockets):
    socket = sockets(gallery.path)
    await socket.connect()
    for _ in range(consumers.MOST_FRAMES_PER_MINUTE):
        await socket.communicator.send_to(text_data="ping")
    await gallery.hang()
    assert number(await socket.text()) == 1  # frames are not answered, and nothing broke
    await socket.communicator.send_to(text_data="ping")
    assert (await socket.communicator.receive_output())["type"] == "websocket.close"


@pytest.mark.parametrize("frame", [{"text_data": "x" * 65_537}, {"bytes_data": b"x" * 65_537}])
async def test_threat_23_giant_frame_closes_the_socket(gallery, sockets, frame):
    socket = sockets(gallery.path)
    await socket.connect()
    await socket.communicator.send_to(**frame)
    assert (await socket.communicator.receive_output())["code"] == 1008


async def test_threat_23_one_address_holds_a_bounded_number_of_sockets(
    gallery, sockets, monkeypatch
):
    monkeypatch.setattr(consumers, "MOST_PER_ADDRESS", 3)
    held = [sockets(gallery.path, client="192.0.2.1") for _ in range(3)]
    assert all([await socket.connect() for socket in held])
    assert not await sockets(gallery.path, client="192.0.2.1").connect()
    assert await sockets(gallery.path, client="192.0.2.2").connect()
    await held[0].close()
    assert await sockets(gallery.path, client="192.0.2.1").connect()


async def test_threat_23_clients_behind_a_proxy_are_told_apart(
    gallery, sockets, monkeypatch, settings
):
    settings.PROXY_COUNT = 1
    monkeypatch.setattr(consumers, "MOST_PER_ADDRESS", 1)

    def behind(hops: str) -> Socket:
        return sockets(gallery.path, client="127.0.0.1", x_forwarded_for=hops)

    assert await behind("192.0.2.1").connect()
    assert await behind("192.0.2.2").connect()
    assert not await behind("192.0.2.2").connect()
    assert not await behind("198.51.100.9, 192.0.2.1").connect()  # what a client wrote itself


@pytest.mark.parametrize("ended", [False, True])
async def test_threat_23_one_member_holds_a_bounded_number_of_sockets(
    gallery, sockets, monkeypatch, ended
):
    monkeypatch.setattr(consumers, "MOST_PER_MEMBER", 2)
    ada, ben = [await gallery.do(session_of, f"0x{digit * 40}", ended) for digit in "12"]

    def tab(number: int, cookie: str) -> Socket:
        return sockets(gallery.path, client=f"192.0.2.{number}", cookie=cookie)

    held = [tab(number, ada) for number in range(2)]
    assert all([await socket.connect() for socket in held])
    assert await tab(3, ada).connect() is ended  # nobody is signed in with a session that ended
    assert await tab(4, ben).connect()
    await held[0].close()
    assert await tab(5, ada).connect()


async def test_preview_reaches_the_easel_without_a_number(gallery, sockets):
    socket = await follow(gallery, sockets)
    bus.send(
        gallery.round.stream,
        {
            "type": "preview",
            "easel": "ea5e1",
            "prompt": "<script>x</script>",
            "step": 3,
            "steps": 20,
            "image": "AAAA",
        },
    )
    text = await socket.text()
    assert 'id="easel-ea5e1"' in text
    assert "&lt;script&gt;" in text
    assert "data-position" not in text


async def test_closing_and_hiding_are_told(gallery, sockets):
    await gallery.hang(2)
    await gallery.do(Candidate.objects.update, status="hidden")
    await gallery.do(close_round, round_=gallery.round)
    socket = sockets(f"{gallery.path}?since=0")
    await socket.connect()
    texts = await socket.texts(3)
    assert [number(text) for text in texts] == [1, 2, 3]
    assert not any("candidate-" in text for text in texts)
    assert "Closed." in texts[2]


async def test_hidden_picture_is_taken_from_the_wall_and_told_to_nobody_who_comes_later(
    gallery, sockets
):
    watching = await follow(gallery, sockets)
    candidate = await gallery.do(Candidate.objects.select_related("round").get)
    await gallery.do(hide_candidate, candidate=candidate)
    hidden = await watching.text()
    assert number(hidden) == 2
    assert f'id="candidate-{candidate.digest[:16]}" hx-swap-oob="delete"' in hidden
    late = sockets(f"{gallery.path}?since=0")  # of a room that rendered the picture before
    await late.connect()
    texts = await late.texts(2)
    assert [number(text) for text in texts] == [1, 2]
    assert candidate.digest not in "".join(texts)
    assert candidate.prompt not in "".join(texts)
    await gallery.do(restore_candidate, candidate=candidate)
    for socket in (watching, late):
        assert candidate.thumbnail_url in await socket.text()
