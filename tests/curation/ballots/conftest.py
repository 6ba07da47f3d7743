from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from curation import rates
from curation.ballots.typed import BallotFields, Domain, SignedBallot
from curation.models import Candidate, Round
from tests.factories import RoundFactory
from tests.voters import Voter, as_body, deploy, hang


@pytest.fixture(autouse=True)
def unspent_rates() -> None:
    """No test pays for another's votes."""
    rates._limiter().storage.reset()


@pytest.fixture
def domain(db) -> Domain:
    return deploy()


@pytest.fixture
def round_(db) -> Round:
    return RoundFactory()


@pytest.fixture
def candidates(round_) -> list[Candidate]:
    return hang(round_, 6)


@pytest.fixture
def digests(candidates) -> list[str]:
    """Of the round's candidates, ascending."""
    return [candidate.digest for candidate in candidates]


@pytest.fixture
def voter(domain) -> Voter:
    return Voter(domain)


@pytest.fixture
def fields(voter, round_, digests) -> BallotFields:
    """The voter's first ballot, unsigned."""
    return voter.fields(round_, digests[0], digests[1])


class Site:
    """The API, as a script without cookies sees it."""

    def post(self, body: Any) -> Any:
        text = body if isinstance(body, str) else json.dumps(body)
        return Client().post("/api/v1/ballots", text, content_type="application/json")

    def cast(self, ballot: SignedBallot, **changes: Any) -> Any:
        return self.post(as_body(ballot, **changes))

    def refused(self, ballot: SignedBallot, **changes: Any) -> tuple[int, str]:
        """Status and code of a refusal."""
        return refusal(self.cast(ballot, **changes))


def refusal(answer: Any) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def site(domain) -> Site:
    return Site()
