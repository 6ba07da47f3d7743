"""Who reaches the embedded chain: programs do, pages do not."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from project.stack.chain_door import LARGEST_BODY, LARGEST_HEAD
from project.stack.keeper import NodeSilent, ask

from .helpers import eventually
from .keeping import ORIGIN, Chain, made

EVIL = "http://evil.example"
VICTIM = "0x" + "ab" * 20
WEALTH = json.dumps(
    {"jsonrpc": "2.0", "id": 1, "method": "anvil_setBalance", "params": [VICTIM, "0x1c8"]}
).encode()
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with made(tmp_path_factory.mktemp("door")) as chain:
        chain.start()
        yield chain


def request(chain: Chain, method: str = "POST", body: bytes = WEALTH, **changes: str) -> bytes:
    """A request as a program sends it, but for the headers named; an empty value leaves one out."""
    headers = {
        "Host": f"127.0.0.1:{chain.port}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if value]
    return f"{method} / HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + body


def answer(chain: Chain, *pieces: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Status, headers and body of the answer to what is sent byte for byte."""
    with socket.create_connection(("127.0.0.1", chain.port), timeout=5) as connection:
        for piece in pieces:
            connection.sendall(piece)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.status, response.headers, response.read()


def is_refused(chain: Chain, status: int, *pieces: bytes) -> bool:
    """Whether it is refused so, unreadable to pages, and has done nothing to the chain."""
    got, headers, _ = answer(chain, *pieces)
    untouched = int(chain.ask("eth_getBalance", VICTIM, "latest"), 16) == 0
    return got == status and untouched and "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("origin", [EVIL, "null", "http://127.0.0.1:8001", ORIGIN + ".evil"])
@pytest.mark.parametrize("method", ["POST", "OPTIONS", "GET"])
def test_threat_33_page_of_another_origin_is_refused(chain, origin, method):
    assert is_refused(chain, 403, request(chain, method, Origin=origin))


@pytest.mark.parametrize("scheme", ["chrome-extension", "moz-extension", "safari-web-extension"])
def test_wallet_that_is_an_extension_may_ask_and_no_page_behind_it(chain, scheme):
    own = f"{scheme}://nkbihfbeogaeaoehlefnkodbefgpgknn"
    asked = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}).encode()
    got, _, said = answer(chain, request(chain, body=asked, Origin=own, Sec_Fetch_Site="none"))
    assert (got, json.loads(said)["result"]) == (200, "0x7a69")
    assert is_refused(chain, 403, request(chain, Origin=own, Sec_Fetch_Site="cross-site"))


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_threat_33_what_a_browser_says_comes_from_another_site_is_refused(chain, site):
    assert is_refused(chain, 403, request(chain, Sec_Fetch_Site=site))
    assert is_refused(chain, 403, request(chain, Sec_Fetch_Site=site, Origin=ORIGIN))


@pytest.mark.parametrize("host", ["evil.example:{}", "evil.example", "127.0.0.1", "", "[::1]:{}"])
def test_threat_33_rebound_host_is_refused(chain, host):
    host = host.format(chain.port)
    assert is_refused(chain, 403, request(chain, Host=host))
    assert is_refused(chain, 403, request(chain, Host=host, Sec_Fetch_Site="same-origin"))


@pytest.mark.parametrize("origin", [EVIL, ORIGIN, ""])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_threat_33_websocket_handshake_is_refused(chain, origin, method):
    upgrade = request(chain, method, Origin=origin, **HANDSHAKE)
    assert is_refused(chain, 403, upgrade.replace(WEALTH, b""))
    assert is_refused(chain, 403, request(chain, method, Origin=origin, Upgrade="h2c"))


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "CONNECT"])
def test_threat_33_nothing_but_post_is_taken(chain, method):
    got, headers, _ = answer(chain, request(chain, method))
    assert (got, headers["Allow"]) == (405, "POST")
    assert is_refused(chain, 405, request(chain, method))


def test_threat_33_giant_bodies_are_refused(chain):
    giant = b" " * (LARGEST_BODY + 1 - len(WEALTH)) + WEALTH
    assert is_refused(chain, 413, request(chain, body=giant))
    assert is_refused(chain, 413, request(chain, body=b"", Content_Length="9" * 5000))
    chunked = request(chain, body=b"", Content_Length="", Transfer_Encoding="chunked")
    chunks = [b"%x\r\n" % 500_000 + b" " * 500_000 + b"\r\n"] * (LARGEST_BODY // 500_000)
    assert is_refused(
        chain, 413, chunked, *chunks, b"%x\r\n" % len(WEALTH), WEALTH, b"\r\n0\r\n\r\n"
    )
    assert is_refused(chain, 413, chunked, b"ffffffff\r\n")
    assert is_refused(chain, 431, request(chain, Cookie="x" * LARGEST_HEAD))


def test_threat_33_what_can_be_read_in_two_ways_is_refused(chain):
    good = request(chain)
    for old, new in (
        (b"Host:", b"Host: evil.example\r\nHost:"),
        (b"Host:", b"Host :"),
        (b"Host:", b"X: y\nOrigin: http://evil.example\r\nHost:"),
        (b"Host:", b" folded: line\r\nHost:"),
        (b"POST /", b"POST http://evil.example/"),
        (b"POST /", b"POST /elsewhere"),
        (b"Content-Length:", b"Transfer-Encoding: chunked\r\nContent-Length:"),
        (b"Content-Length:", b"Content-Length: 5\r\nContent-Length:"),
    ):
        assert is_refused(chain, 400, good.replace(old, new, 1)), new
    for length in ("+5", "0x5", "-1", ""):
        assert is_refused(chain, 411, request(chain, Content_Length=length))
    chunked = request(chain, body=b"", Content_Length="", Transfer_Encoding="chunked")
    for chunk in (b"-5\r\n", b"\r\n", b"0x5\r\n", b"2\r\n123\r\n"):
        assert is_refused(chain, 400, chunked, chunk)


def test_threat_33_preflight_names_the_site_alone(chain):
    got, headers, _ = answer(chain, request(chain, "OPTIONS", b"", Origin=ORIGIN))
    assert (got, headers["Access-Control-Allow-Origin"]) == (204, ORIGIN)
    assert headers["Access-Control-Allow-Methods"] == "POST"


def test_threat_33_anvil_listens_elsewhere_each_time(tmp_path: Path):
    places = set()
    with made(tmp_path) as chain:
        for _ in range(3):
            chain.start()
            host, port = chain.place()
            places.add((host, port))
            assert ask(port, "eth_chainId", host=host) == "0x7a69"
            assert port != chain.port
            assert host.startswith("127.")
            assert host != "127.0.0.1"
            with pytest.raises(NodeSilent):
                ask(port, "eth_chainId")
            chain.end()
    assert len(places) == 3


def test_programs_and_the_site_reach_every_method(chain):
    poor = WEALTH.replace(b"0x1c8", b"0x0")
    for changes in ({}, {"Host": f"LOCALHOST:{chain.port}"}, {"Expect": "100-continue"}):
        got, _, body = answer(chain, request(chain, body=poor, **changes))
        assert (got, json.loads(body)["result"]) == (200, None)
    got, headers, _ = answer(chain, request(chain, body=poor, Origin=ORIGIN))
    assert (got, headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)
    chunked = request(chain, body=b"", Content_Length="", Transfer_Encoding="chunked")
    size = b"%x;a=b\r\n" % (len(poor) - 9)
    got, _, body = answer(
        chain, chunked, size + poor[:-9], b"\r\n9\r\n", poor[-9:], b"\r\n0\r\n\r\n"
    )
    assert (got, json.loads(body)["result"]) == (200, None)


def test_answers_pass_as_they_are_on_connections_that_stay(chain):
    chain.ask("anvil_setCode", to := "0x" + "11" * 20, "0x" + "5b" * 400_000)
    calls = ("eth_getCode", [to, "latest"]), ("eth_chainId", []), ("no_such", [])
    seen = []
    for place in (chain.place(), ("127.0.0.1", chain.port)):
        connection = http.client.HTTPConnection(*place, timeout=5)
        connection.connect()
        kept = connection.sock
        for method, params in calls:
            body = json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            headers = sorted(pair for pair in response.getheaders() if pair[0] != "date")
            seen.append((response.status, headers, response.read()))
            assert connection.sock is kept
        connection.request("POST", "/", '{"jsonrpc":"2.0","method":"eth_chainId"}')
        assert connection.getresponse().read() is not None
        connection.close()
    assert seen[:3] == seen[3:]


def test_many_slow_callers_hold_up_neither_calls_nor_keeping(chain):
    with ExitStack() as held:
        for _ in range(500):
            caller = held.enter_context(socket.create_connection(("127.0.0.1", chain.port)))
            caller.sendall(request(chain, Content_Length=str(LARGEST_BODY)))
        begin = time.monotonic()
        chain.pay(7)
        eventually(lambda: chain.state.exists() and chain.kept_balance() == 7, 3)
        assert time.monotonic() - begin < 3
