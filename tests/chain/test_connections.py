import ipaddress
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.client import Node
from chain.connections import is_allowed
from chain.errors import AddressForbidden
from curation.accounts.wallets import NodeUnreachable

from .nodes import call, http, listener, result

NEVER = (
    *("169.254.169.254", "169.254.0.1", "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.250"),
    *("255.255.255.255", "240.0.0.1", "168.63.129.16", "100.100.100.200", "::", "fe80::1"),
    *("fe80::1%eth0", "ff02::1", "::ffff:169.254.169.254", "fec0::1", "fd00:ec2::254"),
    *("64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "2001:0:a9fe:a9fe::1", "::169.254.169.254"),
)
PRIVATE = (
    *("127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.5.4", "192.168.1.1", "100.64.0.1"),
    *("::1", "fd12:3456::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1"),
    *("2002:7f00:1::", "198.18.0.1"),
)
PUBLIC = ("1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101")
# Ways to write loopback and metadata addresses, and names that lead there.
HOSTS = (
    *("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "0", "0.0.0.0"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "user@127.0.0.1"),
    *("public.example@127.0.0.1", "127.0.0.1%2f@127.0.0.1"),
)


@pytest.mark.parametrize("address", NEVER)
def test_addresses_no_node_may_have(address):
    assert not is_allowed(address, private=False)
    assert not is_allowed(address, private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_need_permission(address):
    assert not is_allowed(address, private=False)
    assert is_allowed(address, private=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address):
    assert is_allowed(address, private=False)


@given(st.ip_addresses())
def test_what_is_allowed_without_permission_is_global(address):
    if is_allowed(str(address), private=False):
        assert address.is_global or address in ipaddress.ip_network("64:ff9b::/96")
        assert not address.is_multicast
        assert is_allowed(str(address), private=True)


@pytest.mark.parametrize("host", HOSTS)
def test_threat_22_url_that_leads_inside_is_not_even_connected_to(host):
    with listener(lambda s, r: s.sendall(http(result(r, "0x1")))) as inside:
        with pytest.raises(NodeUnreachable):
            call(f"http://{host}:{inside.port}/")
        with pytest.raises(NodeUnreachable):
            call(f"https://{host}:{inside.port}/")
        time.sleep(0.05)
        assert inside.hits == []
        assert call(inside.url, private=True) == "0x1"  # it would have answered


def test_threat_22_forbidden_address_says_what_to_set():
    with pytest.raises(AddressForbidden, match="RPC_ALLOW_PRIVATE=1"):
        call("http://127.0.0.1:1")


class Rebinding:
    """A resolver that answers a public address first and loopback ever after."""

    def __init__(self, *answers: str) -> None:
        self.answers = answers
        self.asked = 0

    def __call__(self, host, port, *args, **kwargs):
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answer, port))]


def test_threat_22_name_that_changes_its_address_leads_nowhere(monkeypatch):
    """The checked address is the one connected to: every connection here is in vain."""
    made = []

    class Watched(socket.socket):
        def connect(self, place):
            made.append(place[0])
            if place[0] == "93.184.215.14":
                raise ConnectionRefusedError
            super().connect(place)

    with listener(lambda s, r: s.sendall(http(result(r, "0x1")))) as inside:
        resolver = Rebinding("93.184.215.14", "127.0.0.1")
        monkeypatch.setattr("chain.connections.socket.getaddrinfo", resolver)
        monkeypatch.setattr("chain.connections.socket.socket", Watched)
        node = Node(f"http://rebinding.example:{inside.port}", chain_id=1, private=False)
        for _ in range(5):
            with pytest.raises(NodeUnreachable):
                node.call("eth_chainId")
        assert inside.hits == []
        assert made == ["93.184.215.14"]
        assert resolver.asked == 5  # once a connection
        allowed = Node(f"http://rebinding.example:{inside.port}", chain_id=1, private=True)
        assert allowed.call("eth_chainId") == "0x1"


def test_threat_22_peer_is_looked_at_after_connecting_too(monkeypatch):
    """As if something between us and the address had sent the connection elsewhere."""

    class Diverted(socket.socket):
        def connect(self, place):
            super().connect(("127.0.0.1", place[1]))

    with listener(lambda s, r: s.sendall(http(result(r, "0x1")))) as inside:
        resolver = Rebinding("93.184.215.14")
        monkeypatch.setattr("chain.connections.socket.getaddrinfo", resolver)
        monkeypatch.setattr("chain.connections.socket.socket", Diverted)
        with pytest.raises(AddressForbidden):
            call(f"http://diverted.example:{inside.port}")
        time.sleep(0.05)
        assert [hit for hit in inside.hits if hit] == []  # nothing was said


def test_threat_22_no_redirect_is_followed():
    with listener(lambda s, r: s.sendall(http(result(r, "0x1")))) as inside:
        for status in ("301 Moved", "302 Found", "307 Temporary", "308 Permanent"):
            where = f"Location: {inside.url}/"

            def redirect(s, r, status=status, where=where):
                s.sendall(http(result(r, "0x2"), status, where))

            with listener(redirect) as node, pytest.raises(NodeUnreachable, match="status 30"):
                call(node.url, private=True)
        assert inside.hits == []


def test_threat_22_no_proxy_of_the_environment_is_used(monkeypatch):
    with listener(lambda s, r: s.sendall(http(result(r, "0x1")))) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        with pytest.raises(NodeUnreachable):
            call("http://127.0.0.1:9/", private=True)
        assert proxy.hits == []
