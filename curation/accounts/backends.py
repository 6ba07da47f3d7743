"""Who a session belongs to, and what they may do. Nobody authenticates with a password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest


class AddressBackend(ModelBackend):
    """Django's permissions; signing in happens in `curation.accounts.services` alone."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:  # type: ignore[override]
        """Refuse: credentials other than a signed message do not exist."""
        return
