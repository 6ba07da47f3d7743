"""Who is asking, as far as the network tells: the unit that rate limits count."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest


def client_of(request: HttpRequest) -> str:
    """The client's address; of IPv6 the /64, since one customer gets that many.

    Behind `PROXY_COUNT` proxies it is what the outermost of them wrote at the end of
    X-Forwarded-For; further left the client may write what it likes.
    """
    remote = str(request.META.get("REMOTE_ADDR") or "")
    return _client(remote, request.headers.get("X-Forwarded-For", ""))


def client_of_socket(scope: Mapping[str, Any]) -> str:
    """The same for a socket, by its ASGI scope."""
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    remote = str((scope.get("client") or [""])[0])
    return _client(remote, b",".join(forwarded).decode("latin-1"))


def _client(address: str, forwarded: str) -> str:
    if settings.PROXY_COUNT:
        hops = [hop.strip() for hop in forwarded.split(",")]
        if len(hops) >= settings.PROXY_COUNT:
            address = hops[-settings.PROXY_COUNT]
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)


def is_same_site(request: HttpRequest) -> bool:
    """Whether a request was not made by another site's page.

    Browsers say where a request comes from in Sec-Fetch-Site and Origin; programs that are no
    browsers carry no cookies of a victim. Stands in for a CSRF token where there is no form.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or origin == origin_of(request)


def is_at_desk(request: HttpRequest) -> bool:
    """Whether a request was made to the moderators' host; where they have none, it always is."""
    desk = settings.MODERATION_HOST
    return not desk or request.get_host().lower() == desk


def origin_of(request: HttpRequest) -> str:
    """The origin a request was made to: the moderators' on their host, else the site's."""
    has_own = bool(settings.MODERATION_HOST) and is_at_desk(request)
    return str(settings.MODERATION_URL if has_own else settings.SITE_URL)
