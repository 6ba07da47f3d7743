from __future__ import annotations

import pytest

from curation import rates
from curation.galleries.models import Candidate
from curation.models import Member
from curation.moderation.roles import grant_role
from tests.factories import MemberFactory, RoundFactory, publish
from tests.wallets import BrowserKey, Wallet


@pytest.fixture(autouse=True)
def unspent_rates() -> None:
    """No test pays for another's attempts."""
    rates._limiter().storage.reset()


def staff(role: str) -> Member:
    member = MemberFactory()
    grant_role(address=member.address, role=Member.Role(role))
    return Member.objects.get(pk=member.pk)


@pytest.fixture
def moderator(db) -> Member:
    return staff("moderator")


@pytest.fixture
def colleague(db) -> Member:
    """Another moderator."""
    return staff("moderator")


@pytest.fixture
def senior(db) -> Member:
    return staff("senior")


@pytest.fixture
def operator(db) -> Member:
    return staff("operator")


@pytest.fixture
def member(db) -> Member:
    return MemberFactory()


@pytest.fixture
def candidate(db) -> Candidate:
    return publish(RoundFactory(), 1)


@pytest.fixture
def wallet() -> Wallet:
    return Wallet()


@pytest.fixture
def browser_key() -> BrowserKey:
    return BrowserKey()
