"""Members, their sessions, and the browser keys they delegated to."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from curation.accounts.rules import checksum_address, short_address


class MemberManager(BaseUserManager["Member"]):
    """Members by address; there is nothing else to make one from."""

    def create_user(self, address: str, **fields: object) -> Member:
        """Make a member.

        Raises:
            AddressInvalid: the address is none.
        """
        return self.create(address=checksum_address(address), **fields)

    def get_by_natural_key(self, username: str | None) -> Member:
        return self.get(address=checksum_address(username or ""))


class Member(AbstractBaseUser, PermissionsMixin):
    """Whoever holds the keys of an address. There is no password anywhere."""

    class Role(models.TextChoices):
        """Names of the groups staff belong to; each may do what those before it may."""

        MODERATOR = "moderator"
        SENIOR = "senior"
        OPERATOR = "operator"

    password = None  # type: ignore[assignment]
    address = models.CharField(max_length=42, unique=True)
    name = models.CharField(max_length=32, blank=True)
    ens_name = models.CharField(max_length=255, blank=True)  # shown, never trusted for identity
    ens_checked_at = models.DateTimeField(null=True, blank=True)
    joined_at = models.DateTimeField(default=timezone.now)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    needs_passkey = models.BooleanField(default=False)  # of staff, where it is only offered
    session_epoch = models.PositiveIntegerField(default=0)  # raised to end every session

    objects: ClassVar[MemberManager] = MemberManager()

    USERNAME_FIELD = "address"

    class Meta:
        constraints = (
            models.UniqueConstraint(Lower("address"), name="member_address_once"),
            models.CheckConstraint(
                name="member_address_hex", condition=Q(address__regex=r"^0x[0-9a-fA-F]{40}$")
            ),
        )

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        """What others see: the name they chose, else their ENS name, else the short address."""
        return self.name or self.ens_name or short_address(self.address)

    @property
    def short_address(self) -> str:
        return short_address(self.address)

    def get_absolute_url(self) -> str:
        return reverse("member", args=[self.address])

    @property
    def avatar_url(self) -> str:
        return reverse("avatar", args=[self.address])

    def get_session_auth_hash(self) -> str:
        """Changes when every session of the member is to end; Django compares it."""
        salt = "curation.accounts.Member.get_session_auth_hash"
        text = f"{self.address}:{self.session_epoch}"
        return salted_hmac(salt, text, algorithm="sha256").hexdigest()

    def get_session_auth_fallback_hash(self) -> list[str]:
        return []


class MemberSession(AbstractBaseSession):
    """A browser's session; `member` is empty until somebody signs in."""

    member = models.ForeignKey(Member, models.CASCADE, null=True, related_name="sessions")
    user_agent = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    # Ending the session takes back what it delegated.
    delegation = models.ForeignKey("Delegation", models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = "session"

    @classmethod
    def get_session_store_class(cls) -> type:
        from curation.accounts.sessions import SessionStore  # noqa: PLC0415 - they need each other

        return SessionStore


class SignInNonce(models.Model):
    """A nonce handed to one session; consuming it deletes the row."""

    value = models.CharField(max_length=64, primary_key=True)
    session_key = models.CharField(max_length=40, db_index=True)
    expires_at = models.DateTimeField(db_index=True)


class SessionKey(models.Model):
    """A P-256 key a browser holds; it serves one address for ever."""

    did_key = models.CharField(max_length=80, unique=True)
    member = models.ForeignKey(Member, models.PROTECT, related_name="session_keys")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="session_key_did", condition=Q(did_key__startswith="did:key:zDn")
            ),
        )

    def __str__(self) -> str:
        return self.did_key


class Delegation(models.Model):
    """A signed sign-in message that lets a browser key cast ballots until it expires.

    Message and signature prove it to anyone, later; see the sign-in section of docs.
    """

    class Kind(models.TextChoices):
        """How the wallet's signature was verified."""

        EOA = "eoa"
        ERC1271 = "erc1271"
        ERC6492 = "erc6492"

    key = models.ForeignKey(SessionKey, models.PROTECT, related_name="delegations")
    message = models.TextField(max_length=2048)
    signature = models.TextField(max_length=20_000)  # 0x-hex
    proof = models.CharField(max_length=128)  # hex r‖s by the key over the nonce
    kind = models.CharField(max_length=8, choices=Kind)
    user_agent = models.CharField(max_length=200, blank=True)
    issued_at = models.DateTimeField()
    accepted_at = models.DateTimeField()  # judged by the site's clock, as ballots are
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="delegation_kind_known", condition=Q(kind__in=["eoa", "erc1271", "erc6492"])
            ),
            models.CheckConstraint(
                name="delegation_ends", condition=Q(expires_at__gt=models.F("issued_at"))
            ),
        )

    def __str__(self) -> str:
        return f"{self.key} until {self.expires_at:%Y-%m-%d %H:%M}"

    def allows(self, at: datetime) -> bool:
        """Whether a ballot accepted at this moment may be signed by the key."""
        begun = self.accepted_at <= at < self.expires_at
        return begun and (self.revoked_at is None or at < self.revoked_at)
