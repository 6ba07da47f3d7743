"""What a ballot may say, and when: pure functions."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from curation.accounts.rules import AddressInvalid, checksum_address
from curation.ballots.errors import BallotFromFuture, BallotMalformed, BallotStale
from curation.ballots.models import GRACE_S, Ballot
from curation.ballots.typed import BallotFields

CLOCK_TOLERANCE_S = 60
GRACE = timedelta(seconds=GRACE_S)
LARGEST_WORD = 2**256 - 1
_NUMBER = re.compile(r"0|[1-9][0-9]{0,77}")
_DIGEST = re.compile(r"(?:0x)?([0-9a-fA-F]{64})")


def number(value: object, *, name: str) -> int:
    """A whole number that fits 256 bits, written in decimal or as a JSON integer.

    Raises:
        BallotMalformed: it is anything else: negative, a float, a boolean, hex, too large.
    """
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_WORD:
        raise BallotMalformed(
            f"{name} must be a whole number from 0 to 2^256 − 1, as an integer or a decimal string."
        )
    return value


def digest(value: object, *, name: str) -> str:
    """A picture's digest in lower-case hex without 0x.

    Raises:
        BallotMalformed: it is none.
    """
    found = _DIGEST.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise BallotMalformed(f"{name} must be a picture's digest: 64 hex digits.")
    return found[1].lower()


def address(value: object) -> str:
    """A voter's address in its EIP-55 spelling.

    Raises:
        BallotMalformed: it is none.
    """
    try:
        return checksum_address(value if isinstance(value, str) else "")
    except AddressInvalid as error:
        raise BallotMalformed(f"voter: {error}") from error


def check_fields(fields: BallotFields) -> None:
    """Make sure that a ballot says one thing about two pictures, in the one way it can be said.

    Raises:
        BallotMalformed: it does not.
    """
    if fields.outcome not in Ballot.Outcome.values:
        raise BallotMalformed("outcome is 0 (a preference), 1 (a tie) or 2 (withdrawn).")
    if fields.chosen == fields.rejected:
        raise BallotMalformed("A picture cannot be compared with itself.")
    if fields.outcome == Ballot.Outcome.TIE and fields.chosen > fields.rejected:
        raise BallotMalformed("Of a tie the lower digest is listed first, as `chosen`.")


def check_times(*, issued_at: int, opened_at: datetime, now: datetime) -> None:
    """Make sure that a ballot was made while its round was open, give or take a minute.

    Raises:
        BallotFromFuture, BallotStale: it was not.
    """
    if issued_at > now.timestamp() + CLOCK_TOLERANCE_S:
        raise BallotFromFuture("This vote is dated in the future. Check your device's clock.")
    if issued_at < opened_at.timestamp() - CLOCK_TOLERANCE_S:
        raise BallotStale("This vote is dated before its round opened. Check your device's clock.")


def grace_is_over(*, first_at: datetime, now: datetime) -> bool:
    """Whether a pair stays as it is: its first ballot was accepted more than 60 s ago."""
    return now > first_at + GRACE
