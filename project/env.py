"""Every setting that comes from the environment: its name, type, default and meaning.

Nothing else in the project reads `os.environ`. A wrong value is refused at start with a
message that names the variable, what it held and what would be right.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, quote, unquote, urlsplit

T = TypeVar("T")
BASE = Path(__file__).resolve().parent.parent


class EnvironmentInvalid(Exception):
    """One or more environment variables hold something unusable."""


@dataclass(frozen=True, slots=True)
class Env:
    """The environment, parsed. Field names are the variables' names in lower case."""

    salon_data: Path  # folder of all embedded state
    port: int  # the web process listens here
    bind: str  # address to listen on; loopback unless said
    debug: bool  # Django's debug pages; never on a public site
    site_url: str  # the public origin, scheme included
    proxy_count: int  # proxies before the web process that append to X-Forwarded-For
    secret_key: str
    database_url: str  # postgres://user:password@host:port/name or ?host=/socket/folder
    redis_url: str  # channel layer and cache
    broker_url: str  # Dramatiq: redis:// or amqp://
    storage_url: str  # file:///folder or s3://bucket?endpoint_url=…&region_name=…
    salon_model: str  # folder or hub id of a diffusers text-to-image pipeline
    salon_device: str  # auto, cpu, cuda, cuda:1, mps
    salon_dtype: str  # auto, float32, float16, bfloat16
    salon_offload: str  # none, model, sequential
    salon_slicing: bool  # decode one picture at a time
    salon_compile: bool  # torch.compile the denoiser
    generation_batch: int  # pictures drawn together, 1-64
    generation_threads: int  # torch threads on the CPU; 0 leaves torch's choice
    log_level: str
    log_format: str  # json or console

    @property
    def socket_dir(self) -> Path:
        """A short folder for unix sockets, one per data folder: paths are limited to 107 bytes."""
        return socket_dir(self.salon_data)


def socket_dir(data: Path) -> Path:
    """Where the embedded services of a data folder put their sockets."""
    key = hashlib.sha256(str(data).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"salon-{os.getuid()}-{key}"


def embedded_urls(data: Path) -> dict[str, str]:
    """URLs of the embedded services of a data folder."""
    sockets = socket_dir(data)
    valkey = f"unix://{sockets}/valkey.sock"
    return {
        "DATABASE_URL": f"postgres://postgres@/salon?host={quote(str(sockets / 'pg'), safe='')}",
        "REDIS_URL": f"{valkey}?db=0",
        "BROKER_URL": f"{valkey}?db=1",
        "STORAGE_URL": f"file://{quote(str(data / 'media'))}",
    }


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


def _data_folder(raw: str) -> Path:
    """Where SALON_DATA points; `~` is understood."""
    try:
        return Path(raw or BASE / ".salon").expanduser().resolve()
    except (OSError, RuntimeError) as error:  # no such user, or links in a circle
        raise EnvironmentInvalid(
            f"SALON_DATA is {raw!r}: expected a folder you can write to ({error})."
        ) from error


class _Reader:
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

    def device(self, name: str) -> str:
        def parse(raw: str) -> str:
            if not re.fullmatch(r"auto|cpu|mps|(cuda|xpu)(:\d{1,3})?", raw):
                raise ValueError(raw)
            return raw

        return self.read(name, "auto", parse, "auto, cpu, mps, cuda or cuda: and a number")

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


def read_env(source: Mapping[str, str] = os.environ) -> Env:
    """Parse the environment.

    Raises:
        EnvironmentInvalid: every unusable variable, one line each.
    """
    reader = _Reader(source)
    data = _data_folder(source.get("SALON_DATA", "").strip())
    embedded = embedded_urls(data)
    port = reader.integer("PORT", 8000, 1, 65535)
    env = Env(
        salon_data=data,
        port=port,
        bind=source.get("BIND", "").strip() or "127.0.0.1",
        debug=reader.flag("DEBUG", default=False),
        site_url=reader.url("SITE_URL", f"http://127.0.0.1:{port}", "http", "https").rstrip("/"),
        proxy_count=reader.integer("PROXY_COUNT", 0, 0, 8),
        secret_key=reader.secret_key(data),
        database_url=reader.url("DATABASE_URL", embedded["DATABASE_URL"], "postgres", "postgresql"),
        redis_url=reader.url("REDIS_URL", embedded["REDIS_URL"], "redis", "rediss", "unix"),
        broker_url=reader.url(
            "BROKER_URL", embedded["BROKER_URL"], "redis", "rediss", "unix", "amqp", "amqps"
        ),
        storage_url=reader.url("STORAGE_URL", embedded["STORAGE_URL"], "file", "s3"),
        salon_model=source.get("SALON_MODEL", "").strip()
        or str(BASE / "generation/emblems/weights"),
        salon_device=reader.device("SALON_DEVICE"),
        salon_dtype=reader.choice("SALON_DTYPE", "auto", "auto", "float32", "float16", "bfloat16"),
        salon_offload=reader.choice("SALON_OFFLOAD", "none", "none", "model", "sequential"),
        salon_slicing=reader.flag("SALON_SLICING", default=False),
        salon_compile=reader.flag("SALON_COMPILE", default=False),
        generation_batch=reader.integer("GENERATION_BATCH", 1, 1, 64),
        generation_threads=reader.integer("GENERATION_THREADS", 0, 0, 512),
        log_level=reader.choice("LOG_LEVEL", "INFO", "DEBUG", "INFO", "WARNING", "ERROR"),
        log_format=reader.choice("LOG_FORMAT", "json", "json", "console"),
    )
    if reader.problems:
        raise EnvironmentInvalid("\n".join(reader.problems))
    return env


def storage_options(url: str) -> dict[str, object]:
    """A Django STORAGES entry for `STORAGE_URL`."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return {
            "BACKEND": "curation.storage.AtomicFileSystemStorage",
            "OPTIONS": {"location": unquote(parts.path)},
        }
    pairs = (pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    options: dict[str, object] = {key: unquote(value) for key, value in pairs}
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {"bucket_name": parts.netloc, "file_overwrite": True, **options},
    }
