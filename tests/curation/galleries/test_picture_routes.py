"""What is served as a picture stays one in a browser, whatever lies in storage: threat 20."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from curation import rates
from curation.galleries import files
from tests.curation.sealing.pages import Page, pages
from tests.factories import picture
from tests.furnished import Furnished, furnish

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("collected_static")]
# By route, what it is served as. Avatars are drawn by us from an address, and are the only SVG;
# postcards are drawn by us from thumbnails.
SERVED = {
    "media/pictures/<digest:digest>.png": "image/png",
    "media/thumbnails/<digest:digest>.webp": "image/webp",
    "moderation/pictures/<digest:digest>": "image/webp",
    "training/<int:run_id>/sheet/<digest:digest>.png": "image/png",
    "avatars/<str:address>.svg": "image/svg+xml",
    "postcards/home.jpg": "image/jpeg",
    "postcards/briefs/<slug:slug>.jpg": "image/jpeg",
    "postcards/rounds/<int:round_id>.jpg": "image/jpeg",
    "postcards/candidates/<digest:digest>.jpg": "image/jpeg",
    "postcards/versions/<slug:slug>.jpg": "image/jpeg",
}
HOSTILE = {
    "HTML": b"<!doctype html><script>alert(1)</script>",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "nothing": b"",
    "half a picture": files.encode_thumbnail(picture(1, 64))[:-20],
}


@pytest.fixture
def site() -> Furnished:
    rates._limiter().storage.reset()
    return furnish()


def path_of(site: Furnished, page: Page) -> str:
    route = page.route
    return page.paths({name: [value] for name, value in site.examples(route).items()})[0]


def replace(site: Furnished, data: bytes) -> None:
    """What somebody could do who can write to the storage."""
    for digest in (site.hung.digest, site.sheet):
        for name in (files.picture_name(digest), files.thumbnail_name(digest)):
            default_storage.delete(name)
            default_storage.save(name, ContentFile(data))


@pytest.mark.parametrize("kind", HOSTILE)
def test_threat_20_picture_routes_serve_pictures_alone(site, kind) -> None:
    replace(site, HOSTILE[kind])
    client = Client()
    client.force_login(site.moderator, backend="curation.accounts.backends.AddressBackend")
    for page in (page for page in pages() if page.route in SERVED):
        route, content_type = page.route, SERVED[page.route]
        answer = client.get(path_of(site, page))
        assert answer.status_code == 200, route
        assert answer["Content-Type"] == content_type, route
        assert answer["X-Content-Type-Options"] == "nosniff", route
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox", route
        if route.startswith(("avatars", "postcards")):
            assert HOSTILE[kind] not in answer.content or kind == "nothing"


def test_threat_20_no_other_route_serves_pictures(site) -> None:
    client = Client()
    client.force_login(site.operator, backend="curation.accounts.backends.AddressBackend")
    found = set()
    for page in pages():
        answer = client.get(path_of(site, page))
        if answer.get("Content-Type", "").startswith("image/"):
            found.add(page.route)
    assert found == set(SERVED)
