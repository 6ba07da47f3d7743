from __future__ import annotations

import copy
import json
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.test import Client

from curation import rates
from curation.models import Member
from curation.moderation.roles import grant_role
from tests.authenticators import Authenticator
from tests.factories import MemberFactory

BACKEND = "curation.accounts.backends.AddressBackend"
SITE = "http://salon.test:8000"


class Browser:
    """A laptop in which a member of staff signed in."""

    def __init__(self, member: Member) -> None:
        self.client = Client(headers={"Host": "salon.test:8000"})
        self.client.force_login(member, backend=BACKEND)

    def copy(self) -> Browser:
        """Another browser with the same cookies, as a thief would have it."""
        made = copy.copy(self)
        made.client = Client(headers={"Host": "salon.test:8000"})
        made.client.cookies = SimpleCookie(self.client.cookies.output(header="", sep=";"))
        return made

    def post(self, what: str, body: Any) -> Any:
        path = f"/moderation/keys/{what}"
        return self.client.post(path, json.dumps(body), content_type="application/json")

    def options(self, purpose: str) -> dict[str, Any]:
        answer = self.post("options", {"for": purpose})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def hand_in(self, purpose: str, credential: dict[str, Any], name: str = "Key ring") -> Any:
        return self.post("answer", {"for": purpose, "name": name, "credential": credential})

    def enrol(self, authenticator: Authenticator, name: str = "Key ring") -> Any:
        return self.hand_in("enrol", authenticator.create(self.options("enrol")), name)

    def lift(self, authenticator: Authenticator) -> Any:
        """Raise the session."""
        return self.hand_in("raise", authenticator.get(self.options("raise")))

    @property
    def is_open(self) -> bool:
        """Whether the panel opens."""
        return self.client.get("/moderation/").status_code == 200


@pytest.fixture(autouse=True)
def strict(settings, db, collected_static) -> None:
    """A site with a name, which asks staff for passkeys; no test pays for another's attempts."""
    settings.SITE_URL = SITE
    settings.ALLOWED_HOSTS = ["salon.test", "desk.salon.test"]
    settings.STAFF_PASSKEYS = "required"
    rates._limiter().storage.reset()


def moderator_made() -> Member:
    member = MemberFactory()
    grant_role(address=member.address, role=Member.Role.MODERATOR)
    return Member.objects.get(pk=member.pk)


@pytest.fixture
def moderator() -> Member:
    return moderator_made()


@pytest.fixture
def colleague() -> Member:
    return moderator_made()


@pytest.fixture
def authenticator() -> Authenticator:
    return Authenticator(SITE)


@pytest.fixture
def laptop(moderator) -> Browser:
    return Browser(moderator)


@pytest.fixture
def enrolled(laptop, authenticator) -> Browser:
    """A laptop in which the moderator's first passkey was registered."""
    assert laptop.enrol(authenticator).status_code == 200
    return laptop


@pytest.fixture
def member_browser() -> Browser:
    """A laptop of somebody without a role."""
    return Browser(MemberFactory())
