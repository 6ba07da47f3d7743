"""Portraits over HTTP."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from curation.accounts.avatars import portrait
from curation.accounts.rules import AddressInvalid, checksum_address


@require_safe
def avatar(request: HttpRequest, address: str) -> HttpResponse:
    """An address's portrait at its EIP-55 spelling, to which any other spelling leads."""
    try:
        spelled = checksum_address(address.lower())
    except AddressInvalid as error:
        raise Http404 from error
    if spelled != address:
        return HttpResponsePermanentRedirect(reverse("avatar", args=[spelled]))
    response = HttpResponse(portrait(spelled), content_type="image/svg+xml")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-site"
    return response
