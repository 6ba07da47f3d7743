"""The session engine: Django's database sessions, each knowing its member and browser."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from curation.accounts.models import MemberSession

# What sign-in notes in a session, beside Django's own keys.
BROWSER = "browser"  # the user agent
SINCE = "since"  # ISO time of the sign-in
DELEGATION = "delegation"  # id of what was delegated with it, if anything
BARRED = "barred"  # the address of a banned member who signed; good for an appeal alone
SEEN = "seen"  # ISO time of a recent request


class SessionStore(DatabaseStore):
    """Keeps `MemberSession` rows, so that members can list and end their sessions."""

    @classmethod
    def get_model_class(cls) -> type[MemberSession]:
        return MemberSession

    def create_model_instance(self, data: dict[str, Any]) -> MemberSession:
        """The row for this session; written anew each time the session is saved."""
        row: MemberSession = super().create_model_instance(data)  # type: ignore[assignment]
        row.member_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        row.user_agent = str(data.get(BROWSER, ""))[:200]
        row.delegation_id = data.get(DELEGATION)
        if SINCE in data:
            row.created_at = datetime.fromisoformat(data[SINCE])
        return row
