"""A host of the moderators' own: the panel is there alone, and little else is."""

from __future__ import annotations

import pytest
from django.test import Client

from curation import rates
from curation.models import Delegation
from tests.curation.accounts.visitor import Visitor
from tests.wallets import BrowserKey, Wallet

from .conftest import Browser

SITE_HOST, DESK = "salon.test:8000", "desk.salon.test:8000"


@pytest.fixture(autouse=True)
def apart(settings) -> None:
    settings.MODERATION_HOST = DESK
    settings.MODERATION_URL = f"http://{DESK}"


def status(path: str, host: str, client: Client | None = None) -> int:
    return (client or Client()).get(path, headers={"Host": host}).status_code


@pytest.mark.parametrize(
    ("path", "on_site", "on_desk"),
    [
        ("/", 200, 404),
        ("/briefs/new/", 200, 404),
        ("/transparency/", 200, 404),
        ("/api/v1/members/0x" + "11" * 20, 404, 404),
        ("/api/v1/briefs", 200, 404),
        ("/api/v1/me", 401, 401),
        ("/api/v1/nonce", 200, 200),
        ("/sign-in/", 200, 200),
        ("/healthz", 200, 200),
        ("/metrics", 200, 404),
    ],
)
def test_threat_27_the_moderators_host_answers_little(path, on_site, on_desk):
    assert status(path, SITE_HOST) == on_site
    assert status(path, DESK) == on_desk


def test_threat_27_the_panel_answers_on_its_host_alone(moderator):
    client = Browser(moderator).client
    for path in ("/moderation/", "/moderation/keys/", "/moderation/log/", "/moderation/log.jsonl"):
        assert status(path, SITE_HOST, client) == 404, path
        assert status(path, DESK, client) in (200, 302), path


def test_threat_27_a_passkey_is_used_on_the_moderators_host(moderator, authenticator):
    laptop = Browser(moderator)
    laptop.client.defaults["HTTP_HOST"] = DESK
    assert laptop.enrol(authenticator).status_code == 403  # made on the site's own pages
    authenticator.origin = f"http://{DESK}"
    assert laptop.enrol(authenticator).status_code == 200
    assert laptop.is_open


def desk_visitor() -> Visitor:
    visitor = Visitor()
    visitor.client.defaults["HTTP_HOST"] = DESK
    return visitor


def test_threat_27_signing_in_there_is_for_there_and_delegates_nothing():
    wallet, key = Wallet(), BrowserKey()
    visitor = desk_visitor()
    asked = visitor.message(wallet, key)
    assert asked["message"].startswith(f"http://{DESK} wants you to sign in")
    assert key.did_key not in asked["message"]
    assert visitor.present(asked["message"], wallet.sign(asked["message"])).status_code == 200
    assert not Delegation.objects.exists()
    rates._limiter().storage.reset()
    at_site = Visitor()
    at_site.client.defaults["HTTP_HOST"] = SITE_HOST
    theirs = at_site.message(wallet)["message"]
    moved = theirs.replace(f"http://{SITE_HOST}", f"http://{DESK}")
    assert at_site.present(moved, wallet.sign(moved)).status_code == 403
    here = desk_visitor()
    text = here.message(wallet)["message"].replace(DESK, SITE_HOST)
    assert here.present(text, wallet.sign(text)).status_code == 403
