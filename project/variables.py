"""How environment variables are read: typed, one by one, with every problem gathered."""

from __future__ import annotations

import json
import math
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from curation.validators.charters import read_charter
from curation.validators.names import POLICIES, VALIDATORS
from generation.learning.recipe import Recipe

T = TypeVar("T")
_FIELDS = ", ".join(field.name for field in fields(Recipe))


class EnvironmentInvalid(Exception):
    """One or more environment variables hold something unusable."""


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where one of the site's own keys comes from: at most one of a key and a keystore."""

    key: str = field(default="", repr=False)  # 64 hex digits
    keystore: str = ""  # path of an Ethereum keystore, version 3
    password_file: str = ""


class Reader:
    """Reads variables one by one and gathers what is wrong with them."""

    def __init__(self, source: Mapping[str, str]) -> None:
        self.source = source
        self.problems: list[str] = []

    def read(self, name: str, default: str, parse: Callable[[str], T], wanted: str) -> T:
        raw = self.source.get(name, "").strip() or default
        try:
            return parse(raw)
        except ValueError:
            self.problems.append(f"{name} is {raw!r}: expected {wanted}.")
            return parse(default)

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        def parse(raw: str) -> int:
            if not low <= (value := int(raw)) <= high:
                raise ValueError(raw)
            return value

        return self.read(name, str(default), parse, f"a whole number from {low} to {high}")

    def flag(self, name: str, *, default: bool) -> bool:
        words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}

        def parse(raw: str) -> bool:
            if raw.lower() not in words:
                raise ValueError(raw)
            return words[raw.lower()]

        return self.read(name, "1" if default else "0", parse, "1, 0, true or false")

    def choice(self, name: str, default: str, *allowed: str) -> str:
        def parse(raw: str) -> str:
            if raw not in allowed:
                raise ValueError(raw)
            return raw

        return self.read(name, default, parse, "one of " + ", ".join(allowed))

    def url(self, name: str, default: str, *schemes: str) -> str:
        def parse(raw: str) -> str:
            parts: SplitResult = urlsplit(raw)
            _ = parts.port  # raises ValueError when it is no number
            if parts.scheme not in schemes or not _names_a_place(parts):
                raise ValueError(raw)
            return raw

        return self.read(
            name, default, parse, "a URL with " + " or ".join(f"{s}://" for s in schemes)
        )

    def optional_url(self, name: str, default: str, *schemes: str) -> str:
        """A URL with any path, as providers of nodes hand them out; empty for none."""

        def parse(raw: str) -> str:
            parts = urlsplit(raw)
            _ = parts.port
            if raw and (parts.scheme not in schemes or not parts.hostname or parts.fragment):
                raise ValueError(raw)
            return raw

        wanted = "a URL with " + " or ".join(f"{s}://" for s in schemes)
        return self.read(name, default, parse, wanted)

    def host(self, name: str) -> str:
        """A host with or without a port, in lower case; empty for none."""

        def parse(raw: str) -> str:
            if raw and not re.fullmatch(r"[A-Za-z0-9.-]+(:\d{1,5})?", raw):
                raise ValueError(raw)
            return raw.lower()

        return self.read(name, "", parse, "a host, or host:port, without scheme and path")

    def chain_id(self, embedded: int, *, given: bool) -> int:
        """Which chain members sign for; `given`: RPC_URL names a node, so its chain is ours."""
        raw = self.source.get("CHAIN_ID", "").strip()
        if given and not raw:
            self.problems.append(
                "CHAIN_ID is '': expected the number of the chain behind RPC_URL (Ethereum is 1)."
            )
        value = self.integer("CHAIN_ID", embedded, 1, 2**53 - 1)
        if not given and value != embedded:
            self.problems.append(
                f"CHAIN_ID is {raw!r}: expected {embedded}, the embedded chain, "
                "or RPC_URL with a node of that other chain."
            )
        return value

    def device(self, name: str) -> str:
        def parse(raw: str) -> str:
            if not re.fullmatch(r"auto|cpu|mps|(cuda|xpu)(:\d{1,3})?", raw):
                raise ValueError(raw)
            return raw

        return self.read(name, "auto", parse, "auto, cpu, mps, cuda or cuda: and a number")

    def recipe(self, name: str) -> dict[str, Any]:
        def parse(raw: str) -> dict[str, Any]:
            changes = json.loads(raw)
            try:
                Recipe(**changes)
            except TypeError as error:  # no object, or a field there is not
                raise ValueError(raw) from error
            return dict(changes)

        return self.read(name, "{}", parse, f"a JSON object with fields of a recipe ({_FIELDS})")

    def validators(self, name: str) -> dict[str, Any]:
        """Validators by name, each with a `policy`, a `threshold` or both."""

        def parse(raw: str) -> dict[str, Any]:
            wanted = json.loads(raw)
            if not isinstance(wanted, dict):
                raise ValueError(raw)  # noqa: TRY004 - what a wrong value is told by
            for validator, changes in wanted.items():
                if validator not in VALIDATORS or not isinstance(changes, dict):
                    raise ValueError(raw)
                _check_changes(changes)
            return wanted

        said = f"a JSON object with any of {', '.join(VALIDATORS)}"
        return self.read(
            name, "{}", parse, f'{said}, each as {{"policy": "hold", "threshold": 0.5}}'
        )

    def charter(self, name: str) -> str:
        """A file that can be read as a charter; empty for our own."""

        def parse(raw: str) -> str:
            try:
                if raw:
                    read_charter(Path(raw))
            except OSError as error:
                raise ValueError(raw) from error
            return raw

        return self.read(name, "", parse, "a TOML file of [[forbidden]] tables")

    def import_path(self, name: str, default: str) -> str:
        """A class by its dotted path, or `none`."""

        def parse(raw: str) -> str:
            if raw != "none" and not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", raw, re.ASCII):
                raise ValueError(raw)
            return raw

        return self.read(name, default, parse, "a class as package.module.Class, or none")

    def key_source(self, name: str) -> KeySource:
        """NAME_KEY, or NAME_KEYSTORE with NAME_KEYSTORE_PASSWORD_FILE; a wrong key is not told."""
        key = self.source.get(f"{name}_KEY", "").strip().lower().removeprefix("0x")
        store = self.source.get(f"{name}_KEYSTORE", "").strip()
        password = self.source.get(f"{name}_KEYSTORE_PASSWORD_FILE", "").strip()
        if key and not re.fullmatch(r"[0-9a-f]{64}", key):
            self.problems.append(f"{name}_KEY is no private key: expected 64 hex digits.")
        if key and store:
            self.problems.append(f"{name}_KEYSTORE is {store!r}: expected none beside {name}_KEY.")
        if bool(store) != bool(password):
            self.problems.append(
                f"{name}_KEYSTORE is {store!r}, {name}_KEYSTORE_PASSWORD_FILE is {password!r}: "
                "expected both or neither."
            )
        return KeySource(key=key, keystore=store, password_file=password)

    def secret_hex(self, name: str) -> str:
        """32 bytes in hex, or nothing; a wrong one is not told."""
        raw = self.source.get(name, "").strip().lower().removeprefix("0x")
        if raw and not re.fullmatch(r"[0-9a-f]{64}", raw):
            self.problems.append(f"{name} is no key: expected 64 hex digits.")
            return ""
        return raw

    def secret_key(self, data: Path) -> str:
        try:
            return self.source.get("SECRET_KEY", "").strip() or _secret_key(data)
        except EnvironmentInvalid as error:
            self.problems.append(str(error))
            return ""


def _names_a_place(parts: SplitResult) -> bool:
    """Whether a URL says where; a file given as file://folder/x would mean a host `folder`."""
    if parts.scheme == "file":
        return not parts.netloc and parts.path.startswith("/")
    if parts.scheme in {"http", "https"}:  # an origin: nothing after the host
        return bool(parts.hostname) and not (parts.path.strip("/") or parts.query or parts.fragment)
    if parts.scheme == "s3":
        return bool(parts.hostname)
    return bool(parts.netloc or parts.path or parts.query)


def _secret_key(data: Path) -> str:
    """The data folder's own random key, made at first use and kept 0600.

    Raises:
        EnvironmentInvalid: it cannot be kept there, or what is there is no key.
    """
    path = data / "secret_key"
    try:
        if not path.exists():
            data.mkdir(parents=True, exist_ok=True)
            _write_once(path, secrets.token_urlsafe(50))
        key = path.read_text().strip()
    except OSError as error:
        raise EnvironmentInvalid(
            f"SALON_DATA is '{data}': cannot keep a secret key there: {error.strerror}. "
            "Point SALON_DATA at a folder you can write to, or set SECRET_KEY."
        ) from error
    except UnicodeDecodeError:
        key = ""
    if not key:
        raise EnvironmentInvalid(
            f"SALON_DATA is '{data}': its secret_key holds no key. "
            "Remove that file and a new one is made, or set SECRET_KEY."
        )
    return key


def _check_changes(changes: Mapping[str, Any]) -> None:
    """A validator's settings: a known policy, a number as threshold, nothing else.

    Raises:
        ValueError: something else is there.
    """
    threshold = changes.get("threshold", 0)
    known = changes.keys() <= {"policy", "threshold"} and changes.get("policy", "off") in POLICIES
    number = isinstance(threshold, int | float) and not isinstance(threshold, bool)
    if not known or not number or not math.isfinite(threshold):
        raise ValueError(changes)


def _write_once(path: Path, text: str) -> None:
    """Make a private file, whole or not at all; the first of racing processes wins."""
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        with suppress(FileExistsError):
            os.link(partial, path)
    finally:
        Path(partial).unlink()
