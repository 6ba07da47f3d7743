from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from curation import rates

from .chromium import Visitor, chromium
from .gallery import Gallery
from .house import DATABASE, House, other_database

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


# Package scope: event loops of tests elsewhere and Playwright's cannot share a thread, and the
# models of tests elsewhere belong to another database.
@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory, django_db_blocker) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("house"))
    made.prepare()
    with ExitStack() as stack:
        stack.callback(made.kill)
        made.open()
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's loop is no concern of ours
        stack.enter_context(django_db_blocker.unblock())
        stack.enter_context(other_database(DATABASE))
        yield made


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture
def gallery(house: House) -> Iterator[Gallery]:
    """Where a test hangs its pictures, through the services of the site."""
    made = Gallery()
    yield made
    made.close()


@pytest.fixture
def visit(browser: Browser, house: House) -> Iterator[Visitor]:
    """Opens pages; whatever a test looks for, none may break the policy, throw or ask."""
    house.open()  # whatever the last test did to it
    rates._limiter().storage.reset()  # no test pays for another's attempts
    visitor = Visitor(browser, house.url)
    yield visitor
    visitor.leave()
    assert visitor.problems == []
