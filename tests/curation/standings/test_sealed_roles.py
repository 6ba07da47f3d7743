"""No role sees running standings; threat 32. Everything else that could tell is crawled in
`tests/curation/test_tally_sealing.py`.
"""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from curation.galleries.services import close_round
from curation.models import Member, Round
from tests.factories import MemberFactory, RoundFactory, publish
from tests.tallies import cast_many

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("collected_static")]
SEALED = ("standings", "bundle", "ballots")
ROLES = ["visitor", "member", "voter", "sponsor", *Member.Role.values, "superuser"]


@pytest.fixture
def round_() -> Round:
    made = RoundFactory(brief__posted_by=MemberFactory())
    hung = [publish(made, number) for number in range(4)]
    cast_many(made, hung, [MemberFactory() for _ in range(3)], 30)
    return made


def somebody(role: str, round_: Round) -> Client:
    """A browser in which such a person is signed in."""
    client = Client()
    if role == "visitor":
        return client
    people = {"sponsor": round_.brief.posted_by, "voter": round_.ballots.first().voter}
    person = people.get(role) or MemberFactory(is_staff=True, is_superuser=role == "superuser")
    if role in Member.Role.values:
        person.groups.add(Group.objects.get_or_create(name=role)[0])
    client.force_login(person, backend="curation.accounts.backends.AddressBackend")
    return client


@pytest.mark.parametrize("role", ROLES)
def test_threat_32_no_role_sees_running_standings(round_, role) -> None:
    client = somebody(role, round_)
    for state, words in (("open", "Sealed until it closes"), ("closed", "being counted")):
        if state == "closed":
            close_round(round_=round_)
        for noun in SEALED:
            answer = client.get(f"/api/v1/rounds/{round_.pk}/{noun}")
            assert answer.status_code == 409, (state, noun)
            assert set(answer.json()) == {"type", "title", "status", "detail", "code"}
        page = client.get(f"/rounds/{round_.pk}/result/")
        assert words in page.text
        assert "Place" not in page.text
