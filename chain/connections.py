"""Connections that are made to checked addresses only and cannot be drawn out.

A name is resolved once per connection, and the very address that was checked is connected to: a
resolver that answers something else the second time is not asked a second time.
"""

from __future__ import annotations

import io
import ipaddress
import socket
import time
from http.client import HTTPResponse
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from chain.errors import AddressForbidden

CONNECT_S = 2.0
READ_S = 5.0  # between two pieces
TOTAL_S = 8.0  # from the first byte of an answer waited for to its last
POOL_SIZE = 8
# Machines that hand out their cloud's credentials to whoever asks; two of them look public.
METADATA = frozenset(
    map(ipaddress.ip_address, ("168.63.129.16", "100.100.100.200", "fd00:ec2::254"))
)
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # NAT64: IPv4 in the last four bytes


def is_allowed(address: str, *, private: bool) -> bool:
    """Whether a node may have this IP address; `private`: loopback and local networks as well."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        hidden = found.ipv4_mapped or found.sixtofour
        if found in TRANSLATED:
            hidden = ipaddress.IPv4Address(found.packed[-4:])
        if hidden is not None:
            return is_allowed(str(hidden), private=private)
        if found.is_site_local or found.teredo is not None:
            return False
        if found.is_loopback:  # which ipaddress calls reserved as well
            return private
    never = found.is_link_local or found.is_multicast or found.is_unspecified or found.is_reserved
    if never or found in METADATA:
        return False
    if isinstance(found, ipaddress.IPv4Address) and found.packed[0] == 0:
        return False
    return private or found.is_global


def connect(host: str, port: int, *, private: bool, timeout_s: float) -> socket.socket:
    """A TCP connection to the first allowed address of a host that takes one in time.

    Raises:
        AddressForbidden: it has addresses, none of them allowed.
        OSError: it has none, or none answers.
    """
    problem: OSError | None = None
    deadline = time.monotonic() + timeout_s
    for family, kind, protocol, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if not is_allowed(str(place[0]), private=private):
            continue
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(max(0.01, deadline - time.monotonic()))
            made.connect(place)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if is_allowed(str(made.getpeername()[0]), private=private):
                return made
        except OSError as error:
            problem = error
        made.close()
    if problem is not None:
        raise problem
    raise AddressForbidden(
        f"{host} has no address a chain node may have. If RPC_URL is a node on this machine or in "
        "a private network, set RPC_ALLOW_PRIVATE=1."
    )


class _Hurried(io.RawIOBase):
    """A socket's incoming bytes, as long as the whole answer stays within its time."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.file = sock.makefile("rb", buffering=0)  # keeps the socket open while it is read
        self.deadline = time.monotonic() + TOTAL_S

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if (left := self.deadline - time.monotonic()) <= 0:
            raise TimeoutError("the answer takes too long")
        self.sock.settimeout(min(READ_S, left))
        return self.file.readinto(buffer)

    def makefile(self, mode: str) -> io.BufferedReader:
        """What http.client asks of a socket."""
        return io.BufferedReader(self)

    def close(self) -> None:
        self.file.close()
        super().close()


class _HurriedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(_Hurried(sock), *args, **kwargs)  # type: ignore[arg-type]


class _Guarded(HTTPConnection):
    """Connects to addresses of the public internet."""

    response_class = _HurriedResponse
    private = False

    def _new_conn(self) -> socket.socket:
        try:
            return connect(self.host, self.port, private=self.private, timeout_s=CONNECT_S)
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"{self.host} does not answer") from error
        except OSError as error:
            raise NewConnectionError(self, f"{self.host}: {error}") from error


class _GuardedTLS(_Guarded, HTTPSConnection):
    pass


class _GuardedLocal(_Guarded):
    private = True


class _GuardedLocalTLS(_GuardedTLS):
    private = True


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _GuardedTLS


class _PoolLocal(HTTPConnectionPool):
    ConnectionCls = _GuardedLocal


class _PoolLocalTLS(HTTPSConnectionPool):
    ConnectionCls = _GuardedLocalTLS


def pool(*, private: bool) -> urllib3.PoolManager:
    """Connections kept for re-use; no proxy, whatever the environment says."""
    manager = urllib3.PoolManager(
        maxsize=POOL_SIZE, retries=False, timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S)
    )
    manager.pool_classes_by_scheme = (
        {"http": _PoolLocal, "https": _PoolLocalTLS}
        if private
        else {"http": _Pool, "https": _PoolTLS}
    )
    return manager
