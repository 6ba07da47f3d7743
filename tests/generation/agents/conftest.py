from __future__ import annotations

from collections.abc import Callable

import dramatiq
import pytest
from django.core.cache import cache

from curation.accounts.models import Member
from project import seeds
from tests.factories import VersionFactory


@pytest.fixture
def member(db) -> Member:
    cache.clear()
    return Member.objects.create_user("0x" + "a1" * 20)


@pytest.fixture
def signed_in(pages, member):
    pages.force_login(member)
    return pages


@pytest.fixture
def broker():
    """The real broker, emptied."""
    found = dramatiq.get_broker()
    for queue in found.get_declared_queues():
        found.flush(queue)
    return found


@pytest.fixture
def studio(db, broker):
    seeds.seed_primitives()
    seeds.seed_agents()
    return VersionFactory(status="live", vocabulary="emblems")


@pytest.fixture
def sent(broker) -> Callable[[], list[tuple[str, str]]]:
    """What waits for the workers that draw nothing: (actor, token), taken from the queue."""

    def taken() -> list[tuple[str, str]]:
        consumer = broker.consume("default", prefetch=10, timeout=100)
        found = []
        while (message := next(consumer)) is not None:
            found.append((message.actor_name, message.args[0]))
            consumer.ack(message)
        consumer.close()
        return found

    return taken
