"""Every address, every role, every method: threat 27. What is expected is in `roles/table.py`."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.urls import get_resolver, path

from curation import rates
from curation.galleries import views as galleries
from curation.models import ModerationAction
from project import urls
from tests.curation.sealing.pages import Page, pages
from tests.curation.stakes.chains import play_terms
from tests.furnished import Furnished, furnish

from .roles.deeds import DEEDS, newest
from .roles.people import FORMS, Asking, sessions
from .roles.table import API, GROUPS, NO, PAGES, ROLES, answer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("collected_static")]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SOMETIMES = {"demo-wallet/rpc"}  # there with a setting alone; tests/chain/demo/test_doors.py
CHANGES = ("POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def site(settings) -> Iterator[Furnished]:
    rates._limiter().storage.reset()
    logging.disable(logging.CRITICAL)  # thousands of refusals are not worth a line each
    settings.STAKING_TERMS = f"{play_terms.__module__}.{play_terms.__name__}"
    yield furnish()
    logging.disable(logging.NOTSET)


def untold() -> set[str]:
    """Routes the tables say nothing of, and rows of routes that are gone."""
    told = {*PAGES, *API}
    return {page.route for page in pages()} - SOMETIMES ^ told


def expected(page: Page, method: str, role: str) -> int:
    """What the table has for a method."""
    places = {"GET": 0, "HEAD": 0, "POST": 1}
    if (cells := PAGES.get(page.route)) is None:
        cells, places["HEAD"] = (*API[page.route], NO), 2
    return answer(cells[places.get(method, 2)], role)


def path_of(site: Furnished, page: Page) -> str:
    filled = page.paths({name: [value] for name, value in site.examples(page.route).items()})[0]
    return filled + ("?since=0" if page.route.endswith("/events") else "")


def form_of(site: Furnished, page: Page, role: str) -> dict[str, object]:
    return FORMS.get(page.route, lambda *_: {})(site, role)


def test_threat_27_role_matrix_tells_of_every_address() -> None:
    assert untold() == set()


def test_threat_27_role_matrix_notices_a_new_address(monkeypatch) -> None:
    new = path("rounds/<int:round_id>/leaders/", galleries.round_wall, name="new")
    monkeypatch.setattr(get_resolver(), "url_patterns", [*urls.urlpatterns, new])
    assert untold() == {"rounds/<int:round_id>/leaders/"}


def test_threat_27_role_matrix(site) -> None:
    wrong = []
    for role, cookie in sessions(site).items():
        ask = Asking(cookie)
        for page in pages():
            if page.route in SOMETIMES:
                continue
            where = path_of(site, page)
            for method in METHODS:
                form = form_of(site, page, role) if method == "POST" else None
                found, wanted = ask(method, where, form), expected(page, method, role)
                if found != wanted:
                    wrong.append(f"{role} {method} {where}: {found}, not {wanted}")
    assert not wrong, "\n".join(wrong)


def test_threat_27_role_matrix_is_the_same_for_a_flag_without_a_role(site) -> None:
    """The flags that Django's own admin would go by open nothing of the panel."""
    for flags in ({"is_staff": True}, {"is_staff": True, "is_superuser": True}):
        type(site.member).objects.filter(pk=site.member.pk).update(**flags)
        ask = Asking(sessions(site)["member"])
        for page in pages():
            if page.route.startswith("moderation/"):
                assert {ask(m, path_of(site, page)) for m in METHODS} == {404}, page.route


def test_threat_27_role_matrix_changes_nothing_without_a_token_of_this_site(site) -> None:
    """Whoever has the most rights is no use to another site's page."""
    cookie = sessions(site)["operator"]
    forged = Asking(cookie, enforce_csrf_checks=True)
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    asked = 0
    for page in pages():
        open_to = [m for m in CHANGES if expected(page, m, "operator") != 405]
        for method in open_to:
            if page.route == "api/v1/ballots":
                continue  # no cookie is read there: the signature is the authority
            asked += 1
            form = form_of(site, page, "operator")
            assert forged(method, path_of(site, page), form, **foreign) in (403, 404), page.route
    assert asked > 15


def done_by(site: Furnished, name: str, asking: dict[str, Asking]) -> Iterator[str]:
    """The roles for which a form does what it is for."""
    deed = DEEDS[name]
    for role in ROLES:
        with transaction.atomic():
            where, form = deed.address(site), deed.form(site)
            before = newest()

            def left(_answer: object, before: int = before) -> bool:
                lines = ModerationAction.objects.filter(number__gt=before, action=deed.action)
                return lines.exists()

            if asking[role]("POST", where, form, see=left):
                yield role
            transaction.set_rollback(True)


def roles_of(who: str) -> list[str]:
    named = {role for word in who.split() for role in GROUPS[word]}
    return [role for role in ROLES if role in named]


def test_threat_27_role_matrix_of_deeds(site) -> None:
    asking = {role: Asking(cookie) for role, cookie in sessions(site).items()}
    type(site.mute).objects.filter(kind="ban").delete()  # the banned role's own
    found = {name: list(done_by(site, name, asking)) for name in DEEDS}
    assert found == {name: roles_of(deed.who) for name, deed in DEEDS.items()}
