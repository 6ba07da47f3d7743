import itertools
from datetime import timedelta

import pytest
from django.utils import timezone
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from chain import actors, names
from chain.client import site_node
from curation.accounts.models import Member
from curation.accounts.signals import member_signed_in
from curation.accounts.wallets import NodeUnreachable

from .nodes import listener

_fresh = itertools.count()
WORD = 32
HOSTILE = {
    "capitals": "Nick.eth",
    "no dot": "eth",
    "empty label": "nick..eth",
    "markup": "<script>alert(1)</script>.eth",
    "quotes": '"onload=x".eth',
    "right to left override": "nick\u202e.eth",
    "isolate": "nick\u2066.eth",
    "invisible joiner": "ni\u200dck.eth",
    "soft hyphen": "ni\u00adck.eth",
    "byte order mark": "\ufeffnick.eth",
    "line end": "nick.eth\n",
    "zero": "nick\x00.eth",
    "space": "nick .eth",
    "mixed scripts": "p\u0430ypal.eth",
    "not composed": "ne\u0301e.eth",
    "punycode": "xn--ls8h.eth",
    "an address": "0x70997970c51812dc3a010c7d01b50e0d17dc79c8.eth",
    "ten kilobytes": "a" * 10_000 + ".eth",
    "256 characters": "a" * 252 + ".eth",
}


class Names:
    """A small ENS on the tests' chain."""

    def __init__(self, anvil) -> None:
        self.anvil = anvil
        self.resolver = anvil.deploy("NameResolver")

    def point(self, node: bytes, resolver: str) -> None:
        self.anvil.send(names.REGISTRY, "NameRegistry", "setResolver", node, resolver)

    def name(self, address: str, name: str, *, leads_to: str | None, reverse=True) -> None:
        """Say that an address is called so, and where the name leads."""
        back = names.namehash(f"{address.lower()[2:]}.addr.reverse")
        forth = names.namehash(name)
        if reverse:
            self.point(back, self.resolver)
            self.anvil.send(self.resolver, "NameResolver", "setName", back, name)
        if leads_to:
            self.point(forth, self.resolver)
            self.anvil.send(self.resolver, "NameResolver", "setAddr", forth, leads_to)

    def resolve_reverse_by(self, address: str, contract: str, *arguments: object) -> None:
        back = names.namehash(f"{address.lower()[2:]}.addr.reverse")
        self.point(back, self.anvil.deploy(contract, *arguments))


@pytest.fixture(scope="module")
def ens(anvil):
    anvil.set_code(names.REGISTRY, anvil.contracts["NameRegistry"]["deployedBytecode"])
    yield Names(anvil)
    anvil.set_code(names.REGISTRY, "0x")


@pytest.fixture
def address() -> str:
    return to_checksum_address(keccak(text=f"named {next(_fresh)}")[:20])


def looked_up(address: str) -> str:
    return names.primary_name(site_node(), address)


def test_namehash_is_that_of_eip_137():
    expected = "93cdeb708b7545dc668eb9280176169d1c33cfd8ed6f04690a0bcc88a93fc4ae"
    assert names.namehash("eth").hex() == expected
    expected = "de9b09fd7c5f901e23a3f19fecc54828e9c848539801e86591bd9801b019f84f"
    assert names.namehash("foo.eth").hex() == expected


@pytest.mark.parametrize(
    "name", ["nick.eth", "a.b.c.eth", "faß.eth", "née.eth", "ひらがな.eth", "_x.eth", "🌊.eth"]
)
def test_name_that_leads_both_ways_is_the_member_s(ens, address, name):
    ens.name(address, name, leads_to=address)
    assert looked_up(address) == name


def test_address_without_a_name_has_none(ens, address):
    assert looked_up(address) == ""


def test_name_that_leads_elsewhere_or_nowhere_is_not_shown(ens, address, anvil):
    ens.name(address, "elsewhere.eth", leads_to=anvil.accounts[0])
    assert looked_up(address) == ""
    ens.name(address, "nowhere.eth", leads_to=None)
    assert looked_up(address) == ""


def test_name_that_only_leads_to_the_address_is_not_shown(ens, address):
    ens.name(address, "claimed.eth", leads_to=address, reverse=False)
    assert looked_up(address) == ""


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_name_is_not_shown_although_it_leads_both_ways(ens, address, name):
    ens.name(address, name, leads_to=address)
    assert looked_up(address) == ""


def test_longest_name_is_shown(ens, address):
    name = "a" * 251 + ".eth"
    ens.name(address, name, leads_to=address)
    assert looked_up(address) == name


def test_threat_22_resolver_that_points_to_a_web_server_causes_no_request(ens, address):
    with listener() as inside:
        ens.resolve_reverse_by(address, "OffchainResolver", inside.url + "/{sender}/{data}.json")
        assert looked_up(address) == ""
        ens.name(address, f"offchain{next(_fresh)}.eth", leads_to=None)
        assert looked_up(address) == ""
        assert inside.hits == []


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x01",
        bytes(WORD),
        b"\xff" * WORD,
        WORD.to_bytes(WORD, "big") + b"\xff" * WORD,
        WORD.to_bytes(WORD, "big")
        + (5).to_bytes(WORD, "big")
        + b"\xff\xfe\xff\xfe\xff"
        + bytes(27),
        WORD.to_bytes(WORD, "big") + (99).to_bytes(WORD, "big") + b"nick.eth",
    ],
)
def test_resolver_that_answers_nonsense_gives_no_name(ens, address, answer):
    ens.resolve_reverse_by(address, "NonsenseResolver", answer)
    assert looked_up(address) == ""


@pytest.mark.parametrize("endless", [True, False])
def test_tiresome_resolver_gives_no_name(ens, address, endless):
    ens.resolve_reverse_by(address, "TiresomeResolver", endless)
    assert looked_up(address) == ""


def test_resolver_without_code_gives_no_name(ens, address):
    ens.point(names.namehash(f"{address.lower()[2:]}.addr.reverse"), "0x" + "22" * 20)
    assert looked_up(address) == ""


def test_chain_without_the_registry_has_no_names(anvil, address):
    code = anvil.node.code_at(names.REGISTRY)
    anvil.set_code(names.REGISTRY, "0x")
    try:
        assert looked_up(address) == ""
    finally:
        anvil.set_code(names.REGISTRY, "0x" + code.hex())


@pytest.fixture
def member(db, address) -> Member:
    return Member.objects.create_user(address)


def test_actor_notes_the_name_and_when_it_was_looked_up(ens, member):
    ens.name(member.address, f"actor{member.pk}.eth", leads_to=member.address)
    actors.look_up_name(member.pk)
    member.refresh_from_db()
    assert member.ens_name == f"actor{member.pk}.eth" == member.shown_name
    assert timezone.now() - member.ens_checked_at < timedelta(minutes=1)


def test_name_is_looked_up_once_a_day(ens, member):
    actors.look_up_name(member.pk)
    ens.name(member.address, f"later{member.pk}.eth", leads_to=member.address)
    actors.look_up_name(member.pk)
    member.refresh_from_db()
    assert member.ens_name == ""
    Member.objects.update(ens_checked_at=timezone.now() - timedelta(hours=25))
    actors.look_up_name(member.pk)
    member.refresh_from_db()
    assert member.ens_name == f"later{member.pk}.eth"


def test_name_given_up_is_forgotten(ens, member):
    Member.objects.update(ens_name="once.eth")
    actors.look_up_name(member.pk)
    member.refresh_from_db()
    assert member.ens_name == ""


def test_node_that_is_away_leaves_the_name_as_it_was(member, settings):
    Member.objects.update(ens_name="kept.eth")
    with listener() as node:
        settings.RPC_URL = node.url
    actors.look_up_name(member.pk)
    member.refresh_from_db()
    assert (member.ens_name, member.ens_checked_at) == ("kept.eth", None)


def test_node_of_another_chain_is_not_asked_for_names(ens, address, settings):
    settings.CHAIN_ID, settings.RPC_ALLOW_PRIVATE = 5, True
    with pytest.raises(NodeUnreachable, match="not 5"):
        looked_up(address)


def test_signing_in_asks_for_the_name_by_a_message_with_the_id_alone(monkeypatch):
    sent = []
    monkeypatch.setattr(actors.look_up_name, "send", lambda *args: sent.append(args))
    member_signed_in.send_robust(Member, member_id=41)
    assert sent == [(41,)]
