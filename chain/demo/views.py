"""The demo wallet's way to anvil: same origin, from this machine, one allowed call at a time."""

from __future__ import annotations

import ipaddress
import json

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from chain.client import site_node
from chain.demo.errors import DemoRefused, RequestMalformed
from chain.demo.members import DEMO_MEMBERS
from chain.demo.rules import Call, read_call, read_id
from chain.errors import NodeRefused
from curation.accounts.wallets import NodeUnreachable

LONGEST_BODY = 16_384  # bytes
# A proxy adds these; behind one, whoever asks is not on this machine.
PROXIED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")


@never_cache
@require_POST
@csrf_protect
def rpc(request: HttpRequest) -> JsonResponse:
    """One JSON-RPC call; what it may be is in `chain.demo.rules`."""
    if not settings.DEMO_WALLET or not _is_local(request):
        raise Http404
    _check_origin(request)
    number = None
    try:
        body = _body(request)
        number = read_id(body)
        answer = {"result": _result(read_call(body))}
    except DemoRefused as error:
        answer = {"error": {"code": error.code, "message": str(error)}}
    except NodeRefused as error:
        answer = {"error": {"code": error.code, "message": error.message, "data": error.data}}
    except NodeUnreachable as error:
        answer = {"error": {"code": -32603, "message": str(error)}}
    return JsonResponse({"jsonrpc": "2.0", "id": number} | answer)


def _result(call: Call) -> object:
    if call.method == "eth_accounts":
        return [member.address for member in DEMO_MEMBERS]
    return site_node().call(call.method, *call.parameters)


def _body(request: HttpRequest) -> object:
    """The decoded body. Raises RequestMalformed."""
    try:
        length = int(request.headers.get("Content-Length", ""))
    except ValueError:
        length = LONGEST_BODY + 1
    if length > LONGEST_BODY or len(request.body) > LONGEST_BODY:
        raise RequestMalformed(f"A call has at most {LONGEST_BODY:,} bytes.")
    if request.content_type != "application/json":
        raise RequestMalformed("A call is application/json.")
    try:
        body: object = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise RequestMalformed("This is no JSON.") from error
    return body


def _is_local(request: HttpRequest) -> bool:
    try:
        address = ipaddress.ip_address(str(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return False
    return address.is_loopback and not any(name in request.headers for name in PROXIED)


def _check_origin(request: HttpRequest) -> None:
    """Raises PermissionDenied unless a page of this very site asks."""
    if request.headers.get("Origin") not in settings.SOCKET_ORIGINS:
        raise PermissionDenied("Only this site's own pages have a demo wallet.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise PermissionDenied("Only this site's own pages have a demo wallet.")
