from __future__ import annotations

import pytest

from curation import rates
from tests.wallets import BrowserKey, Wallet

from .visitor import Visitor


@pytest.fixture(autouse=True)
def unspent_rates() -> None:
    """No test pays for another's attempts."""
    rates._limiter().storage.reset()


@pytest.fixture
def wallet() -> Wallet:
    return Wallet()


@pytest.fixture
def browser_key() -> BrowserKey:
    return BrowserKey()


@pytest.fixture
def visitor(db) -> Visitor:
    """A browser that has not signed in."""
    return Visitor()
