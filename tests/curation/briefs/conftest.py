from __future__ import annotations

import pytest

from curation.accounts.models import Member

WORDS = {"title": "A crest for the bakery", "purpose": "It hangs above the oven."}
FORM = WORDS | {
    "must": "",
    "must_not": "",
    "rounds_planned": "3",
    "candidates_per_round": "48",
    "round_minutes": "60",
    "deadline": "",
}


@pytest.fixture
def member(db) -> Member:
    return Member.objects.create_user("0x" + "a1" * 20, name="Berthe")


@pytest.fixture
def other(db) -> Member:
    return Member.objects.create_user("0x" + "b2" * 20, name="Edgar")


@pytest.fixture
def staff(db) -> Member:
    return Member.objects.create_user("0x" + "c3" * 20, name="Rosa", is_staff=True)


@pytest.fixture
def signed_in(pages, member):
    """A client for pages, signed in as the member."""
    pages.force_login(member)
    return pages


@pytest.fixture
def words() -> dict[str, str]:
    return dict(WORDS)


@pytest.fixture
def form() -> dict[str, object]:
    """What the form sends when its required fields are filled in."""
    return dict(FORM)
