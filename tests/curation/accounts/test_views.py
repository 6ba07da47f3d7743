import json
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client, RequestFactory

from curation.accounts.browsers import browser_in_words
from curation.accounts.doors import safe_next
from curation.models import Delegation, Member, MemberSession
from tests.wallets import BrowserKey, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("collected_static")]

WRITES = [
    "/account/name",
    "/account/sessions/end",
    "/account/delegations/1/revoke",
]
READS = ["/account/", "/account/export.json"]


@pytest.fixture
def guest(visitor, wallet, browser_key):
    """A browser that has signed in."""
    assert visitor.sign_in(wallet, browser_key).status_code == 200
    return visitor.client


@pytest.fixture
def member(guest, wallet) -> Member:
    return Member.objects.get(address=wallet.address)


@pytest.mark.parametrize("path", READS)
def test_members_pages_lead_visitors_to_the_sign_in_page(client, path):
    answer = client.get(path)
    assert answer.status_code == 302
    place = urlsplit(answer["Location"])
    assert place.path == "/sign-in/"
    assert parse_qs(place.query) == {"next": [path]}


@pytest.mark.parametrize("path", WRITES)
def test_visitors_write_nothing_and_come_back_to_the_form(client, path):
    headers = {"Referer": "http://testserver/account/?x=1"}
    answer = client.post(path, headers=headers)
    assert answer["Location"] == "/sign-in/?next=%2Faccount%2F"
    answer = client.post(path, headers=headers | {"HX-Request": "true"})
    assert answer["HX-Redirect"] == "/sign-in/?next=%2Faccount%2F"
    answer = client.post(path, headers={"Referer": "https://evil.example/trap"})
    assert answer["Location"] == "/sign-in/?next=%2Faccount%2F"


@pytest.mark.parametrize("path", [*WRITES, "/sign-out/"])
def test_nothing_is_written_by_reading(guest, path):
    assert guest.get(path).status_code == 405


@pytest.mark.parametrize("path", [*WRITES, "/sign-out/"])
def test_nothing_is_written_without_the_page_s_token(guest, member, path):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = guest.cookies
    assert strict.post(path, {"name": "Mallory", "all-others": "1"}).status_code == 403
    member.refresh_from_db()
    assert member.name == ""
    assert MemberSession.objects.filter(member=member).count() == 1


ELSEWHERE = [
    "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example",
    "javascript:alert(1)", "evil.example", "/\t/evil.example", "http:///evil.example",
    "http://testserver/account/", "", "///evil.example", "\x00/account/",
]  # fmt: skip


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_signing_in_never_leads_to_another_site(wanted):
    assert safe_next(RequestFactory().get("/"), wanted) == "/account/"


@pytest.mark.parametrize("wanted", ["/", "/briefs/new/?a=b&c=%2F", "/rounds/1/#content"])
def test_signing_in_leads_on_within_the_site(wanted):
    assert safe_next(RequestFactory().get("/"), wanted) == wanted


def test_the_sign_in_page_passes_members_on(client, guest):
    assert 'data-next="/account/"' in client.get("/sign-in/", {"next": "//evil.example"}).text
    assert 'data-next="/rounds/1/"' in client.get("/sign-in/", {"next": "/rounds/1/"}).text
    assert guest.get("/sign-in/", {"next": "/rounds/1/"})["Location"] == "/rounds/1/"
    assert guest.get("/sign-in/", {"next": "//evil.example"})["Location"] == "/account/"


def test_under_another_name_of_this_machine_signing_in_leads_home(client, settings):
    settings.SITE_URL = "http://127.0.0.1:8000"
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
    there = {"HTTP_HOST": "localhost:8000"}
    answer = client.get("/sign-in/", {"next": "/rounds/1/"}, **there)
    assert answer["Location"] == "http://127.0.0.1:8000/sign-in/?next=%2Frounds%2F1%2F"
    assert "<dialog" not in client.get("/", **there).text
    assert "<dialog" in client.get("/", HTTP_HOST="127.0.0.1:8000").text
    assert client.get("/", HTTP_HOST="evil.example").status_code == 400


def test_behind_a_proxy_no_page_is_led_in_circles(client, settings):
    settings.SITE_URL = "https://salon.example"
    settings.ALLOWED_HOSTS = ["10.0.0.7"]
    assert client.get("/sign-in/", HTTP_HOST="10.0.0.7").status_code == 200


@pytest.mark.parametrize("path", [*READS, "/sign-in/"])
def test_members_pages_are_kept_by_nobody(guest, path):
    cached = guest.get(path, {"next": "/"})["Cache-Control"]
    assert "no-store" in cached
    assert "private" in cached


def test_visitors_get_no_cookie_from_reading(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert not answer.cookies


def test_nobody_revokes_what_is_not_theirs(guest, member, visitor):
    other = type(visitor)()
    other.sign_in(Wallet(), BrowserKey())
    theirs = Delegation.objects.exclude(key__member=member).get()
    answer = guest.post(f"/account/delegations/{theirs.pk}/revoke")
    assert answer.status_code == 302
    theirs.refresh_from_db()
    assert theirs.revoked_at is None


def test_nobody_ends_a_session_that_is_not_theirs(guest, visitor):
    other = type(visitor)()
    other.sign_in(Wallet())
    guest.post("/account/sessions/end", {"handle": other.session_key})
    assert other.whoami()


def test_a_name_with_errors_answers_200_with_the_form(guest, member):
    for headers in ({}, {"HX-Request": "true"}):
        answer = guest.post("/account/name", {"name": "me.eth"}, headers=headers)
        assert answer.status_code == 200
        assert 'value="me.eth"' in answer.text
        assert "cannot look like" in answer.text
    member.refresh_from_db()
    assert member.name == ""


def test_a_fragment_answers_htmx_and_a_redirect_everyone_else(guest, member):
    answer = guest.post("/account/name", {"name": "Ada"}, headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert 'hx-swap-oob="true"' in answer.text
    assert guest.post("/account/name", {"name": "Ada"})["Location"] == "/account/"


def test_the_export_is_a_download_of_one_s_own(guest, member):
    answer = guest.get("/account/export.json")
    assert answer["Content-Disposition"] == f'attachment; filename="salon-{member.address}.json"'
    assert json.loads(answer.content)["address"] == member.address


def test_a_wrong_checksum_is_nobody_s_page(client, member):
    assert client.get(f"/members/{member.address}/").status_code == 200
    lower = client.get(f"/members/{member.address.lower()}/")
    assert (lower.status_code, lower["Location"]) == (301, f"/members/{member.address}/")
    wrong = member.address[:2] + member.address[2:].swapcase()
    assert client.get(f"/members/{wrong}/").status_code == 404


def test_a_banned_member_s_session_is_over(guest, member):
    Member.objects.filter(pk=member.pk).update(is_active=False)
    assert guest.get("/account/").status_code == 302


AGENTS = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0": (
        "Firefox on Windows"
    ),
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "HeadlessChrome/148.0.0.0 Safari/537.36": "Chrome on Linux",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": "Edge on Windows",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Safari/605.1.15": "Safari on macOS",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.5 Mobile/15E148 Safari/604.1": "Safari on iPhone",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) CriOS/138.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 "
    "Mobile Safari/537.36": "Chrome on Android",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 "
    "Safari/537.36 OPR/120.0.0.0": "Opera on Linux",
    "curl/8.9": "An unknown browser",
    "": "An unknown browser",
    "<script>alert(1)</script>": "An unknown browser",
}


@pytest.mark.parametrize("user_agent", AGENTS)
def test_browsers_are_named_as_far_as_they_tell(user_agent):
    assert browser_in_words(user_agent) == AGENTS[user_agent]
