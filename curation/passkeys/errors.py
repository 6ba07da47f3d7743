"""What can be refused about passkeys, and the HTTP status that says so."""

from __future__ import annotations

from typing import ClassVar

from curation.errors import CurationError


class PasskeyRefused(CurationError):
    """The browser's answer does not prove that a passkey of this member is here."""

    status: ClassVar[int] = 403


class ChallengeOver(CurationError):
    """The challenge was used, is too old, or was another session's."""

    status: ClassVar[int] = 403


class PasskeyCopied(CurationError):
    """The authenticator counted less than it had before: there may be two of it."""

    status: ClassVar[int] = 403


class PasskeyKnown(CurationError):
    """The passkey is registered already."""

    status: ClassVar[int] = 409


class LastPasskey(CurationError):
    """Somebody's last passkey is removed at a shell only."""

    status: ClassVar[int] = 409


class PasskeyUnknown(CurationError):
    """The member has no such passkey."""

    status: ClassVar[int] = 404
