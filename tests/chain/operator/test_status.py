"""What operators are told of the chain, also when the node is away."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from chain.indexer.models import Progress
from chain.operator.heads import chain_id
from chain.operator.models import Deployment, Transaction
from chain.operator.status import chain_state
from curation.models import Member
from curation.moderation.roles import grant_role
from tests.factories import MemberFactory

KEYS = {"operator": "0x" + "aa" * 20, "guardian": "0x" + "bb" * 20, "admin": "0x" + "cc" * 20}
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("collected_static")]


@pytest.fixture
def rows() -> None:
    """A deployed contract, a transaction that waits, and an indexer that halted at block 7."""
    Deployment.objects.create(
        chain_id=chain_id(),
        name="Curation",
        address="0x" + "dd" * 20,
        block_number=3,
        tx_hash="ab" * 32,
        code_hash="cd" * 32,
        compiler="solc 0.8.30",
        arguments=KEYS,
    )
    common = {"chain_id": chain_id(), "data": b"", "to": "0x" + "dd" * 20}
    Transaction.objects.create(
        purpose="open round 7", sender=KEYS["operator"], reason="Gas is too dear.", **common
    )
    Transaction.objects.create(
        purpose="open round 6", sender=KEYS["operator"], status="final", nonce=1, **common
    )
    Progress.objects.create(
        chain_id=chain_id(), next_block=8, halted="Two nodes disagree.", updated_at=timezone.now()
    )


def test_a_node_that_is_away_is_told_and_the_rest_stands(rows, settings):
    settings.RPC_URL = "http://127.0.0.1:1"
    found = chain_state()
    assert found.node.trouble
    assert found.lag is None
    assert [(key.role, key.address, key.ether) for key in found.keys] == [
        (role, address, None) for role, address in KEYS.items()
    ]
    assert [row.purpose for row in found.unfinished] == ["open round 7"]
    assert found.unfinished_count == 1


def test_a_node_says_block_lag_and_balances(rows, chain):
    chain.mine(20)
    found = chain_state()
    assert not found.node.trouble
    assert found.node.number >= 20
    assert found.lag == found.node.number - 7
    assert found.keys[0].ether == Decimal(0)


def test_operator_reads_it_on_a_page(rows, settings):
    settings.RPC_URL = "http://127.0.0.1:1"
    member = MemberFactory()
    grant_role(address=member.address, role=Member.Role.OPERATOR)
    client = Client()
    client.force_login(Member.objects.get(pk=member.pk))
    text = client.get("/moderation/chain/").text
    assert "The indexer is halted." in text
    assert "Two nodes disagree." in text
    assert "Gas is too dear." in text
    assert KEYS["guardian"] in text
