"""Members: addresses, names, roles, exports."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction

from curation.accounts import selectors, services
from curation.accounts.known_keys import WELL_KNOWN
from curation.accounts.models import Member
from curation.accounts.rules import AddressInvalid, NameRefused, checksum_address, clean_name
from curation.briefs.rules import TextRefused
from tests.wallets import BrowserKey, Wallet

from .visitor import Visitor

ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


def test_addresses_are_spelled_one_way() -> None:
    assert checksum_address(ADDRESS.lower()) == ADDRESS
    for wrong in (
        ADDRESS.replace("A", "a", 1),
        ADDRESS.upper(),
        ADDRESS[2:],
        ADDRESS[:-1],
        ADDRESS + "0",
        "0x" + "g" * 40,
        "",
        "０x" + "0" * 40,
    ):
        with pytest.raises(AddressInvalid):
            checksum_address(wrong)


@pytest.mark.django_db
def test_an_address_is_one_member_however_it_is_written() -> None:
    member = Member.objects.create_user(ADDRESS.lower())
    assert Member.objects.get_by_natural_key(ADDRESS.lower()) == member
    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.create(address=ADDRESS.lower())
    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.create(address="0x" + "g" * 40)


@pytest.mark.parametrize("name", ["Ada", "Zoë Ño", "李小龍", "  A   B ", "Ada <b>", "🐟"])
def test_names_are_kept_on_one_line(name: str) -> None:
    assert clean_name(name) == " ".join(name.split())


@pytest.mark.parametrize(
    "name",
    [
        "vitalik.eth",
        "VITALIK.ETH",
        "0x5aAeb6",
        "０x5aAeb6",
        "it is 0xdeadbeef",
        "A\u200bda",
        "A\u00adda",
        "A\u2060da",
        "\u3164",
        "A\u2800da",
        "vitalik\u3002eth",
        "0х5aaeb6",  # a Cyrillic letter
        "0xf39F…2266",
        "a" + "\u0301" * 20,
    ],
)
def test_names_that_look_like_something_else_are_refused(name: str) -> None:
    with pytest.raises(NameRefused):
        clean_name(name)


def test_long_names_are_refused_and_empty_ones_mean_none() -> None:
    with pytest.raises(TextRefused):
        clean_name("a" * 33)
    with pytest.raises(TextRefused):
        clean_name("a" * 100_000)
    assert clean_name(" \n ") == ""


@pytest.mark.django_db
def test_what_others_see_is_name_then_ens_then_address() -> None:
    member = Member.objects.create_user(ADDRESS)
    assert str(member) == "0x5aAe…eAed"
    services.note_ens_name(member_id=member.pk, ens_name="ada.eth")
    member.refresh_from_db()
    assert str(member) == "ada.eth"
    services.rename_member(member=member, name="Ada")
    assert str(member) == "Ada"
    services.rename_member(member=member, name="")
    assert str(member) == "ada.eth"


@pytest.mark.django_db
def test_grant_role_makes_the_first_of_staff() -> None:
    said = StringIO()
    call_command("grant_role", ADDRESS.lower(), "moderator", stdout=said)
    member = Member.objects.get()
    assert (member.address, member.is_staff, member.is_superuser) == (ADDRESS, True, False)
    call_command("grant_role", ADDRESS, "operator", stdout=said)
    member.refresh_from_db()
    assert member.is_superuser
    assert set(member.groups.values_list("name", flat=True)) == {"moderator", "operator"}


@pytest.mark.django_db
def test_grant_role_refuses_what_is_no_address_no_role_or_everybodys_key(settings) -> None:
    settings.DEMO_WALLET = False
    for wrong in (("0x12", "moderator"), (ADDRESS, "king"), (min(WELL_KNOWN), "operator")):
        with pytest.raises(CommandError):
            call_command("grant_role", *wrong)
    assert not Member.objects.exists()


def test_the_export_holds_everything_and_is_json(visitor: Visitor, wallet: Wallet) -> None:
    visitor.sign_in(wallet, BrowserKey())
    member = Member.objects.get()
    text = json.dumps(selectors.export_of(member), cls=DjangoJSONEncoder)
    assert wallet.address in text
    assert "did:key:z" in text
    assert "Tests/1.0" in text
    assert visitor.session_key not in text


def test_there_are_no_passwords(db) -> None:
    assert "password" not in {field.name for field in Member._meta.get_fields()}
