import pytest
from django.conf import settings

pytestmark = pytest.mark.django_db


def test_healthz_answers_without_any_service(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_readyz_asks_database_and_cache(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "checks": {"postgresql": "ok", "redis": "ok"}}


def test_metrics_count_requests(client):
    client.get("/healthz")
    text = client.get("/metrics").text
    assert "django_http_responses_total_by_status" in text
    assert settings.SECRET_KEY not in text


def test_wrong_host_is_a_bad_request_in_plain_words(pages):
    answer = pages.get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "could not be read" in answer.text


def test_unknown_page_is_told_kindly(pages):
    answer = pages.get("/no/such/page?q=<script>")
    assert answer.status_code == 404
    assert "Nothing hangs here" in answer.text
    assert "Traceback" not in answer.text


def test_broken_page_is_told_and_shows_no_traceback(pages, django_db_blocker, transactional_db):
    from django.db import connection

    pages.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE curation_round RENAME TO away")
    try:
        answer = pages.get("/")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO curation_round")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert "curation_round" not in answer.text


def test_pages_carry_the_security_headers(pages):
    answer = pages.get("/")
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
