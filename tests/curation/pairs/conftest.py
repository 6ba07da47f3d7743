from __future__ import annotations

import pytest
from django.conf import settings as site
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.test import Client

from curation import rates
from curation.accounts.sessions import SessionStore
from curation.models import Member
from tests.wallets import Wallet


@pytest.fixture(autouse=True)
def fresh_rates() -> None:
    rates._limiter().storage.reset()


@pytest.fixture
def ada() -> Member:
    return Member.objects.create_user(Wallet().address, name="Ada")


@pytest.fixture
def hers(ada) -> Client:
    """Ada's browser."""
    session = SessionStore()
    session[SESSION_KEY] = str(ada.pk)
    session[BACKEND_SESSION_KEY] = "curation.accounts.backends.AddressBackend"
    session[HASH_SESSION_KEY] = ada.get_session_auth_hash()
    session.save()
    browser = Client()
    browser.cookies[site.SESSION_COOKIE_NAME] = session.session_key
    return browser
