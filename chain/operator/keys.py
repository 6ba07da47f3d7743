"""The site's own keys: where they come from, and the one thing they do.

A key is read when something has to be signed and not before: a process that signs nothing starts
without one. It is kept in a `Signer`, which tells its address and nothing else.
"""

from __future__ import annotations

import functools
import json
import os
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.exceptions import ValidationError

from chain.operator.errors import KeyMissing, KeyRefused, KeyUnusable
from curation.accounts.known_keys import WELL_KNOWN


class Role(StrEnum):
    """What a key is for."""

    OPERATOR = "operator"  # opens rounds, anchors, proposes results
    GUARDIAN = "guardian"  # vetoes, cancels, pauses
    DEPLOYER = "deployer"  # deploys, and is admin of the roles unless another is named


@dataclass(frozen=True, slots=True)
class Signed:
    """A transaction as it goes to a node."""

    raw: bytes
    hash: str  # lower-case hex without 0x


class Signer:
    """A key that signs transactions and is not to be seen: not printed, not pickled."""

    __slots__ = ("__account", "address", "role")

    def __init__(self, role: Role, account: LocalAccount) -> None:
        self.role = role
        self.address = str(account.address)
        self.__account = account

    def sign(self, fields: dict[str, Any]) -> Signed:
        """Sign an EIP-1559 transaction; the same fields give the same bytes (RFC 6979)."""
        signed = self.__account.sign_transaction({"type": 2, **fields})
        return Signed(raw=bytes(signed.raw_transaction), hash=bytes(signed.hash).hex())

    def __repr__(self) -> str:
        return f"<{self.role} {self.address}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key stays in its process")


def signer(role: Role) -> Signer:
    """The key of a role.

    Raises:
        KeyMissing: this process was given none.
        KeyUnusable: it cannot be read.
        KeyRefused: everybody has it.
    """
    folder = settings.SITE_KEYS_FOLDER if settings.EMBEDDED_CHAIN else None
    return _signer(role, settings.SITE_KEYS[role], folder)


def signer_of(address: str) -> Signer | None:
    """The key of an address, if this process was given it."""
    for role in Role:
        with suppress(KeyMissing, KeyUnusable, KeyRefused):
            if (found := signer(role)).address == address:
                return found
    return None


@functools.lru_cache(maxsize=16)
def _signer(role: Role, source: Any, folder: Path | None) -> Signer:
    name = f"{role.upper()}_KEY"
    if source.key:
        account = _account(source.key, name)
    elif source.keystore:
        account = _unlocked(Path(source.keystore), Path(source.password_file), role)
    elif folder is not None:
        account = _account(_kept(folder, role), str(folder / role))
    else:
        raise KeyMissing(
            f"There is no {role} key. Set {name}, or {role.upper()}_KEYSTORE with "
            f"{role.upper()}_KEYSTORE_PASSWORD_FILE."
        )
    if account.address in WELL_KNOWN:
        raise KeyRefused(f"{name} is a key of development chains, which everybody has.")
    return Signer(role, account)


def _account(key: str, name: str) -> LocalAccount:
    # The errors of the libraries below repeat what they were given: none is passed on.
    try:
        account: LocalAccount = Account.from_key(bytes.fromhex(key))
    except (ValueError, ValidationError):
        raise KeyUnusable(f"{name} holds no private key: 64 hex digits are expected.") from None
    return account


def _unlocked(keystore: Path, password_file: Path, role: Role) -> LocalAccount:
    """The account in a keystore, version 3; takes about a second by design."""
    name = f"{role.upper()}_KEYSTORE"
    try:
        content = json.loads(keystore.read_text())
        password = password_file.read_text().rstrip("\r\n")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no JSON"
        raise KeyUnusable(
            f"{name} cannot be read: {keystore} and {password_file}: {why}."
        ) from None
    try:
        key = bytes(Account.decrypt(content, password)).hex()
    except (ValueError, TypeError, KeyError, NotImplementedError):
        raise KeyUnusable(f"{name}: the password does not open {keystore}.") from None
    return _account(key, name)


def _kept(folder: Path, role: Role) -> str:
    """The embedded chain's random key of a role, made at first use and kept 0600."""
    path = folder / role
    try:
        if not path.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_once(path, secrets.token_hex(32))
        if path.stat().st_mode & 0o077:
            raise KeyUnusable(f"{path} can be read by others: chmod 600 it.")
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnusable(f"Cannot keep a key in {path}: {type(error).__name__}.") from None


def _write_once(path: Path, text: str) -> None:
    """Make a private file, whole and on the disk or not at all; of racing processes one wins."""
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # what it signs for outlives the machine's power
        with suppress(FileExistsError):
            os.link(partial, path)
    finally:
        Path(partial).unlink()
