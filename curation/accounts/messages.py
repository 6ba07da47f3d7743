"""EIP-4361 messages: composed here, and read back behind guards of our own.

The library's strict ABNF parser takes seconds on long texts and is happy with a future issue
date, a missing expiry or any statement; so each of those is checked here. Size, statement, site,
chain and resources are looked at line by line before the parser sees anything; what it reads is
written again and must come out the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from eth_utils.address import is_checksum_address, is_hex_address
from siwe import ISO8601Datetime, SiweMessage

from curation.accounts import errors, keys

LONGEST_BYTES = 2048
LIFETIME = timedelta(days=7)
CLOCK_TOLERANCE = timedelta(minutes=5)
STATEMENT = (
    "Sign in to Salon. This costs nothing and moves no tokens. If a browser key is listed "
    "under Resources, it may cast votes in your name on this site until this message expires; "
    "you can take that back at any time on your account page."
)
MOST_LINES, LONGEST_LINE = 16, 320  # the parser's time grows with the square of a line's length
_HEADER = " wants you to sign in with your Ethereum account:"
_STATEMENT_LINE = 3  # header, address, empty line, statement


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """What a message says, once every guard but nonce and signature has passed it."""

    text: str
    address: str
    nonce: str
    did_key: str  # empty when nothing is delegated
    issued_at: datetime
    expires_at: datetime


def compose(
    *, address: str, nonce: str, did_key: str, now: datetime, origin: str = ""
) -> SiweMessage:
    """The message for an address to sign; valid for seven days. `origin`: SITE_URL unless said."""
    place = origin or settings.SITE_URL
    site = urlsplit(place)
    return SiweMessage(
        scheme=site.scheme,
        domain=site.netloc,
        address=address,
        statement=STATEMENT,
        uri=place,
        version="1",
        chain_id=settings.CHAIN_ID,
        nonce=nonce,
        issued_at=ISO8601Datetime.from_datetime(now),
        expiration_time=ISO8601Datetime.from_datetime(now + LIFETIME),
        resources=[did_key] if did_key else None,
    )


def explain(*, message: SiweMessage) -> list[str]:
    """What signing the message means, in plain sentences."""
    until = instant(message.expiration_time or "")
    when = f"{until:%A}, {until.day} {until:%B}, {until:%H:%M} UTC"
    sentences = [
        f"You sign in to {message.domain} as {message.address}.",
        "It costs nothing and moves no tokens.",
        f"You stay signed in until {when}, or until you sign out.",
    ]
    if message.resources:
        sentences.append(
            "Until then this browser may cast your votes without asking the wallet each time. "
            "It can never stake or move anything, and you can take this back on your account page."
        )
    return sentences


def read(text: str, *, now: datetime, origin: str = "") -> ReadMessage:
    """Parse a message and check all that can be checked without nonce and signature.

    `origin` is whose message it has to be: SITE_URL unless said.

    Raises:
        SignInRefused: the error of the first guard that failed.
    """
    message = _parse(text, origin or settings.SITE_URL)
    issued_at, expires_at = _check_times(message, now)
    if message.request_id is not None:
        raise errors.RequestIdUnexpected("This site gives out no request ids.")
    resources = message.resources or []
    if resources:
        keys.public_key(resources[0])
    return ReadMessage(
        text=text,
        address=message.address,
        nonce=message.nonce,
        did_key=resources[0] if resources else "",
        issued_at=issued_at,
        expires_at=expires_at,
    )


def _parse(text: str, origin: str) -> SiweMessage:
    if len(text) > LONGEST_BYTES:
        raise errors.MessageTooLarge(f"A sign-in message has at most {LONGEST_BYTES:,} bytes.")
    if not text.isascii():
        raise errors.MessageMalformed("A sign-in message is plain ASCII.")
    lines = text.split("\n")
    if len(lines) > MOST_LINES or any(len(line) > LONGEST_LINE for line in lines):
        raise errors.MessageMalformed("This is not the message that this site asks to sign.")
    if len(lines) <= _STATEMENT_LINE or lines[_STATEMENT_LINE] != STATEMENT:
        raise errors.StatementMismatch("The statement is not the one this site asks to sign.")
    _check_spelling(lines)
    _check_place(lines, origin)
    try:
        message = SiweMessage.from_message(text, abnf=True)
        written = message.prepare_message()
    except (ValueError, RecursionError, OverflowError) as error:
        raise errors.MessageMalformed("This is no EIP-4361 message.") from error
    if written != text:
        raise errors.MessageMalformed("The message is not in its canonical spelling.")
    return message


def _check_spelling(lines: list[str]) -> None:
    """What the parser would only call malformed, though there is more to say."""
    if is_hex_address(lines[1]) and not is_checksum_address(lines[1]):
        raise errors.AddressNotChecksummed("The address must be in its EIP-55 spelling.")
    versions = [line for line in lines if line.startswith("Version: ")]
    if versions and versions != ["Version: 1"]:
        raise errors.VersionUnsupported("Only version 1 of EIP-4361 is understood.")


def _check_place(lines: list[str], origin: str) -> None:
    """Which site and chain the message is for, by its lines; the parser never sees another's."""
    site = urlsplit(origin)
    scheme, _, rest = lines[0].rpartition("://")
    domain = rest.removesuffix(_HEADER)
    if domain == rest:
        raise errors.MessageMalformed("This is no EIP-4361 message.")
    if scheme != site.scheme:
        raise errors.SchemeMismatch(f"The message must say it is for {origin}.")
    if domain != site.netloc:
        raise errors.DomainMismatch(
            f"The message is for {domain[:100]}; this is {site.netloc}. "
            "If you did not type the address of this page yourself, leave it."
        )
    if _said(lines, "URI: ") != origin:
        raise errors.UriMismatch(f"The message is not about {origin}.")
    if (chain := _said(lines, "Chain ID: ")) != str(settings.CHAIN_ID):
        raise errors.ChainMismatch(
            f"The message is for chain {chain[:30]}; this site is on {settings.CHAIN_ID}."
        )
    resources = [line[2:] for line in lines if line.startswith("- ")]
    if len(resources) > 1 or not all(r.startswith("did:key:") for r in resources):
        raise errors.ResourcesRefused("A message may list one browser key and nothing else.")


def _said(lines: list[str], field: str) -> str:
    """The value of a field that stands there once."""
    values = [line.removeprefix(field) for line in lines if line.startswith(field)]
    return values[0] if len(values) == 1 else ""


def _check_times(message: SiweMessage, now: datetime) -> tuple[datetime, datetime]:
    issued_at = instant(message.issued_at)
    if abs(now - issued_at) > CLOCK_TOLERANCE:
        raise errors.IssuedAtOutOfRange(
            "The message is more than five minutes old or from the future. Check your clock "
            "and sign in again."
        )
    if message.expiration_time is None:
        raise errors.ExpirationMissing("The message never expires; it must, within seven days.")
    expires_at = instant(message.expiration_time)
    if expires_at > now + LIFETIME:
        raise errors.ExpirationTooFar("The message lasts longer than seven days.")
    if expires_at <= max(now, issued_at):
        raise errors.MessageExpired("The message has expired. Sign in again.")
    if message.not_before is not None and instant(message.not_before) > now:
        raise errors.NotYetValid("The message is not valid yet.")
    return issued_at, expires_at


def instant(written: str) -> datetime:
    """An RFC 3339 time, aware.

    Raises:
        MessageMalformed: it is none, or lies outside the calendar.
    """
    try:
        return datetime.fromisoformat(written.upper())
    except ValueError as error:
        raise errors.MessageMalformed(f"{written[:40]!r} is no time.") from error
