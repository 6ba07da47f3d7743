"""The page of settings: every one is named, none that is secret is shown."""

from __future__ import annotations

from dataclasses import fields

import pytest
from django.test import Client

from curation.models import Member
from curation.moderation.roles import grant_role
from project.env import Env, read_env
from project.panel import settings_of
from tests.factories import MemberFactory

SECRET = "5ec2e7" * 10 + "aaaa"
SOURCE = {
    "SECRET_KEY": f"key-{SECRET}",
    "DATABASE_URL": f"postgres://user:{SECRET}@db.example/salon",
    "REDIS_URL": f"redis://:{SECRET}@cache.example/0",
    "BROKER_URL": f"amqp://user:{SECRET}@broker.example/",
    "STORAGE_URL": f"s3://bucket?endpoint_url=https://{SECRET}.example",
    "RPC_URL": f"https://node.example/v3/{SECRET}",
    "RPC_CHECK_URL": f"https://other.example/{SECRET}",
    "CHAIN_ID": "11155111",
    "RECEIPT_KEY": SECRET,
    "OPERATOR_KEY": SECRET,
    "GUARDIAN_KEY": SECRET,
    "DEPLOYER_KEY": SECRET,
}


def test_threat_27_no_secret_is_shown_and_every_setting_is_named():
    rows = {row.name: row for row in settings_of(read_env(SOURCE))}
    assert set(rows) == {field.name.upper() for field in fields(Env)}
    for row in rows.values():
        assert SECRET not in row.value, row.name
    assert rows["DATABASE_URL"].value == "postgres://db.example"
    assert rows["RPC_URL"].value == "https://node.example"
    assert rows["OPERATOR_KEY"].value == "a key is given"
    assert rows["SECRET_KEY"].value == "set"
    assert rows["CHAIN_ID"].value == "11155111"
    assert rows["STAFF_PASSKEYS"].value == "required"


@pytest.mark.django_db
@pytest.mark.usefixtures("collected_static")
def test_operator_reads_the_settings(settings):
    member = MemberFactory()
    grant_role(address=member.address, role=Member.Role.OPERATOR)
    client = Client()
    client.force_login(Member.objects.get(pk=member.pk))
    text = client.get("/moderation/settings/").text
    assert "PAIRS_PER_ROUND" in text
    assert settings.SECRET_KEY not in text
