"""Why a sign-in was refused: each guard has its own error, its HTTP status and its code."""

from __future__ import annotations

from typing import ClassVar

from curation.errors import CurationError


class SignInRefused(CurationError):
    """A sign-in did not pass one of the guards; the text is meant for the member."""

    status: ClassVar[int] = 403


class MessageTooLarge(SignInRefused):
    """The message is longer than any parser should see."""

    status = 413


class MessageMalformed(SignInRefused):
    """The text is no EIP-4361 message, or not in the one spelling that was signed."""

    status = 400


class StatementMismatch(SignInRefused):
    """The statement is not this site's fixed text, byte for byte."""


class SchemeMismatch(SignInRefused):
    """The message was made for another scheme, or names none."""


class DomainMismatch(SignInRefused):
    """The message was made for another site."""


class UriMismatch(SignInRefused):
    """The message is about another resource than this site."""


class ChainMismatch(SignInRefused):
    """The message was made for another chain."""


class VersionUnsupported(SignInRefused):
    """The message follows another version of EIP-4361 than 1."""


class AddressNotChecksummed(SignInRefused):
    """The address is not in its EIP-55 spelling."""


class AddressRefused(SignInRefused):
    """The address's private key is known to everyone."""


class NonceUnknown(SignInRefused):
    """The nonce was not given to this session, was used before, or is too old."""


class IssuedAtOutOfRange(SignInRefused):
    """The message was issued more than five minutes ago, or ahead."""


class ExpirationMissing(SignInRefused):
    """The message would be good for ever."""


class ExpirationTooFar(SignInRefused):
    """The message would be good for more than seven days."""


class MessageExpired(SignInRefused):
    """The message's time is over."""


class NotYetValid(SignInRefused):
    """The message's time has not begun."""


class RequestIdUnexpected(SignInRefused):
    """The message names a request that this site never made."""


class ResourcesRefused(SignInRefused):
    """The message lists something other than one browser key."""


class SignatureMalformed(SignInRefused):
    """The signature is no hex string of a sensible length."""

    status = 400


class SignatureMalleable(SignInRefused):
    """The signature is the mirrored one of two, which no wallet makes."""


class SignatureInvalid(SignInRefused):
    """Neither the address's key nor its contract signed this message."""


class DelegationProofMissing(SignInRefused):
    """A browser key is listed, but it did not prove itself."""


class DelegationProofInvalid(SignInRefused):
    """The proof was not made by the listed browser key over this nonce."""


class KeyInvalid(SignInRefused):
    """A did:key is not one of a P-256 public key."""


class KeyTaken(SignInRefused):
    """The browser key serves another address already."""


class MemberBarred(SignInRefused):
    """The member was banned."""


class KeyNotDelegated(CurationError):
    """No delegation of this address lets the key sign now: none, expired, or revoked."""

    status: ClassVar[int] = 403


class KeySignatureInvalid(CurationError):
    """The browser key did not sign this digest."""

    status: ClassVar[int] = 403
