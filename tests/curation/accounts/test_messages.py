"""The guards around EIP-4361 messages, one by one and in pairs."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import siwe
from django.conf import settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from curation.accounts import errors, messages
from curation.accounts.errors import SignInRefused
from tests.wallets import BrowserKey, Wallet

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WALLET, KEY, NONCE = Wallet(), BrowserKey(), "k7Q" * 7
Change = Callable[[str], str]


def good() -> str:
    return messages.compose(
        address=WALLET.address, nonce=NONCE, did_key=KEY.did_key, now=NOW
    ).prepare_message()


def swap(old: str, new: str) -> Change:
    def change(text: str) -> str:
        return text.replace(old, new, 1)

    return change


def expires(after: timedelta) -> Change:
    written = (NOW + messages.LIFETIME).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return swap(written, (NOW + after).isoformat().replace("+00:00", "Z"))


def issued(after: timedelta) -> Change:
    written = f"Issued At: {NOW.isoformat(timespec='milliseconds').replace('+00:00', 'Z')}"
    return swap(written, f"Issued At: {(NOW + after).isoformat().replace('+00:00', 'Z')}")


def without(start: str) -> Change:
    return lambda text: "\n".join(x for x in text.split("\n") if not x.startswith(start))


AXES: dict[str, dict[Change, type[SignInRefused]]] = {
    "scheme": {
        swap("http://testserver wants", "https://testserver wants"): errors.SchemeMismatch,
        swap("http://testserver wants", "testserver wants"): errors.SchemeMismatch,
    },
    "domain": {
        swap("//testserver wants", "//evil.example wants"): errors.DomainMismatch,
        swap("//testserver wants", "//testserver.evil.example wants"): errors.DomainMismatch,
        swap("//testserver wants", "//me@testserver wants"): errors.DomainMismatch,
        swap("//testserver wants", "//TESTSERVER wants"): errors.DomainMismatch,
    },
    "port": {
        swap("//testserver wants", "//testserver:81 wants"): errors.DomainMismatch,
        swap("//testserver wants", "//testserver:80 wants"): errors.DomainMismatch,
    },
    "uri": {
        swap("URI: http://testserver", "URI: http://evil.example"): errors.UriMismatch,
        swap("URI: http://testserver", "URI: https://testserver"): errors.UriMismatch,
        swap("URI: http://testserver", "URI: http://testserver:81"): errors.UriMismatch,
        swap("URI: http://testserver", "URI: http://testserver/"): errors.UriMismatch,
    },
    "chain": {
        swap("Chain ID: 31337", "Chain ID: 1"): errors.ChainMismatch,
        swap("Chain ID: 31337", "Chain ID: 031337"): errors.ChainMismatch,
    },
    "version": {swap("Version: 1", "Version: 2"): errors.VersionUnsupported},
    "statement": {
        swap("Sign in to Salon.", "Sign in to Salon!"): errors.StatementMismatch,
        swap("moves no tokens", "moves  no tokens"): errors.StatementMismatch,
        swap(f"{messages.STATEMENT}\n", ""): errors.StatementMismatch,
    },
    "address": {swap(WALLET.address, WALLET.address.lower()): errors.AddressNotChecksummed},
    "issued": {
        issued(timedelta(minutes=5, seconds=1)): errors.IssuedAtOutOfRange,
        issued(timedelta(minutes=-5, seconds=-1)): errors.IssuedAtOutOfRange,
    },
    "expiration": {
        without("Expiration Time:"): errors.ExpirationMissing,
        expires(timedelta(days=7, seconds=1)): errors.ExpirationTooFar,
        expires(timedelta(seconds=0)): errors.MessageExpired,
        expires(timedelta(days=-1)): errors.MessageExpired,
    },
    "not before": {
        swap("\nResources:", "\nNot Before: 2026-03-01T12:00:01Z\nResources:"): errors.NotYetValid
    },
    "request": {
        swap("\nResources:", "\nRequest ID: 7\nResources:"): errors.RequestIdUnexpected,
    },
    "resources": {
        swap("- did:key:", "- https://evil.example/#"): errors.ResourcesRefused,
        lambda text: f"{text}\n- {KEY.did_key}": errors.ResourcesRefused,
        swap(KEY.did_key, "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"): (
            errors.KeyInvalid
        ),
    },
}
CELLS = [(axis, change, error) for axis, row in AXES.items() for change, error in row.items()]


def test_the_sites_own_message_passes_and_is_read_back() -> None:
    read = messages.read(good(), now=NOW)
    assert (read.address, read.nonce, read.did_key) == (WALLET.address, NONCE, KEY.did_key)
    assert (read.issued_at, read.expires_at) == (NOW, NOW + timedelta(days=7))


@pytest.mark.parametrize(("axis", "change", "error"), CELLS)
def test_threats_02_and_03_each_deviation_has_its_own_error(
    axis: str, change: Change, error: type[SignInRefused]
) -> None:
    changed = change(good())
    assert changed != good(), axis
    with pytest.raises(error):
        messages.read(changed, now=NOW)


def test_threat_02_of_all_pairs_of_deviations_none_passes() -> None:
    passed = []
    for (axis, change, _), (other, second, _) in itertools.combinations(CELLS, 2):
        if axis == other:
            continue
        try:
            messages.read(second(change(good())), now=NOW)
        except SignInRefused:
            continue
        passed.append((axis, other))
    assert passed == []


@pytest.mark.parametrize(
    ("change", "when"),
    [
        (issued(timedelta(minutes=4, seconds=59)), NOW),
        (expires(timedelta(seconds=1)), NOW),
        (lambda text: text, NOW + timedelta(minutes=5)),
        (swap("\nResources:", "\nNot Before: 2026-03-01T12:00:00Z\nResources:"), NOW),
        (without("Resources:"), NOW),
    ],
)
def test_the_edges_of_each_guard_are_inside(change: Change, when: datetime) -> None:
    text = change(good())
    text = without("- did:key:")(text) if "Resources:" not in text else text
    messages.read(text, now=when)


def test_threat_04_a_large_message_never_reaches_the_parser(monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(siwe.SiweMessage, "from_message", lambda *a, **k: seen.append(a))
    for text in (
        "x" * 1_000_000,
        good() + "x" * 2048,
        good().replace(messages.STATEMENT, "a" * 1200),
        good().replace("URI: http://testserver", "URI: http://testserver/" + "a" * 1000),
        good() + "\n- x:" * 200,
        good() + f"\n- x:{'a' * 300}" * 4,
        good().replace("testserver wants", "evil.example wants"),
    ):
        with pytest.raises(SignInRefused):
            messages.read(text, now=NOW)
    assert seen == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n" * 3 + messages.STATEMENT,
        good().replace("\n", "\r\n"),
        good() + "\n",
        good() + " ",
        good().replace("Nonce: ", "Nonce: ü"),
        good().replace("Nonce: ", "Nonce: \x00"),
        good().replace("Issued At: 2026-03-01T12:00:00", "Issued At: 2026-13-01T12:00:00"),
        good().replace("Issued At: 2026-03-01T12:00:00", "Issued At: 2026-03-01T12:00:60"),
        good().replace("Nonce: ", "nonce: "),
    ],
)
def test_what_is_no_message_is_refused_in_words(text: str) -> None:
    with pytest.raises(SignInRefused):
        messages.read(text, now=NOW)


def test_the_explanation_says_what_is_delegated_and_until_when() -> None:
    message = messages.compose(address=WALLET.address, nonce=NONCE, did_key=KEY.did_key, now=NOW)
    said = " ".join(messages.explain(message=message))
    assert "Sunday, 8 March, 12:00 UTC" in said
    assert "cast your votes" in said
    message.resources = None
    assert "votes" not in " ".join(messages.explain(message=message))


def test_the_statement_is_what_wallets_can_show() -> None:
    assert messages.STATEMENT.isascii()
    assert len(messages.STATEMENT) < messages.LONGEST_LINE
    assert settings.SITE_URL in good()


@hypothesis_settings(max_examples=300, deadline=None)
@given(
    start=st.integers(0, 700),
    length=st.integers(0, 40),
    filling=st.text(max_size=60),
)
def test_mutated_messages_are_refused_and_never_crash(
    start: int, length: int, filling: str
) -> None:
    text = good()
    mutated = text[:start] + filling + text[start + length :]
    try:
        read = messages.read(mutated, now=NOW)
    except SignInRefused:
        return
    # What still reads well says the same, but for nonce, times and key, which others guard.
    assert read.address == WALLET.address or mutated != text
    assert read.text == mutated
