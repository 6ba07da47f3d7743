"""Every setting that comes from the environment: its name, type, default and meaning.

Nothing else in the project reads `os.environ`. A wrong value is refused at start with a
message that names the variable, what it held and what would be right.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from project.variables import EnvironmentInvalid, KeySource, Reader

__all__ = [
    "BASE",
    "EMBEDDED_CHAIN_ID",
    "LOOPBACK",
    "Env",
    "EnvironmentInvalid",
    "embedded_rpc_url",
    "embedded_urls",
    "read_env",
    "socket_dir",
    "storage_options",
]

BASE = Path(__file__).resolve().parent.parent
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
EMBEDDED_CHAIN_ID = 31337
ETHEREUMS = frozenset({1, 11_155_111, 560_048})  # Ethereum, Sepolia, Hoodi


@dataclass(frozen=True, slots=True)
class Env:
    """The environment, parsed. Field names are the variables' names in lower case."""

    salon_data: Path  # folder of all embedded state
    port: int  # the web process listens here
    bind: str  # address to listen on; loopback unless said
    debug: bool  # Django's debug pages; never on a public site
    site_url: str  # the public origin, scheme included
    proxy_count: int  # proxies before the web process that append to X-Forwarded-For
    secret_key: str = field(repr=False)
    database_url: str = field(
        repr=False
    )  # postgres://user:password@host:port/name or ?host=/socket/folder
    redis_url: str = field(repr=False)  # channel layer and cache
    broker_url: str = field(repr=False)  # Dramatiq: redis:// or amqp://
    storage_url: str = field(
        repr=False
    )  # file:///folder or s3://bucket?endpoint_url=…&region_name=…
    salon_model: str  # folder or hub id of a diffusers text-to-image pipeline
    salon_device: str  # auto, cpu, cuda, cuda:1, mps
    salon_dtype: str  # auto, float32, float16, bfloat16
    salon_offload: str  # none, model, sequential
    salon_slicing: bool  # decode one picture at a time
    salon_compile: bool  # torch.compile the denoiser
    generation_batch: int  # pictures drawn together, 1-64
    generation_threads: int  # torch's on a CPU; 0: half of the cores in `make run`
    training_recipe: dict[str, Any]  # what differs from the defaults of learning's Recipe
    chain_port: int  # the embedded chain listens here, on loopback only
    rpc_url: str = field(repr=False)  # the chain's JSON-RPC node; providers put keys into it
    rpc_given: bool  # RPC_URL names it; else it is where our own would be
    chain_id: int  # EIP-155; members sign for this chain alone
    chain_name: str  # what wallets and pages call it
    public_rpc_url: str  # a node wallets may be told of; empty for none
    rpc_allow_private: bool  # the node may have a loopback or private address
    rpc_check_url: str = field(repr=False)  # a second node that must agree; empty for none
    rpc_check_receipts: bool  # the indexer computes the roots of receipts again
    finality_depth: int  # blocks below the head that are final, where a node cannot say
    embedded_chain: bool  # set by our supervisor, for the processes of a chain it runs itself
    operator_key: KeySource  # or OPERATOR_KEYSTORE with OPERATOR_KEYSTORE_PASSWORD_FILE
    guardian_key: KeySource  # the same with GUARDIAN_; vetoes, cancels, pauses
    deployer_key: KeySource  # the same with DEPLOYER_; deploys, and is admin unless said otherwise
    max_fee_gwei: int  # the most a unit of gas may cost the site
    receipt_key: str = field(repr=False)  # Ed25519 seed, 64 hex digits; empty: from SECRET_KEY
    reputation_age_hours: int  # how old an account has to be before its votes count
    reputation_gold: int  # test pairs it has to have answered before
    pairs_per_round: int  # the most pairs one member is asked to judge in a round
    challenge_s: int  # how long a proposed result can be vetoed
    result_hours: int  # after a round's close, until its result has to be proposed
    ballot_anchor_s: int  # the longest an accepted ballot waits for a root on the chain
    validators: dict[str, Any]  # policy and threshold of validators, where they differ
    charter_file: str  # TOML with what the house does not show; empty: our own
    safety_classifier: str  # import path of what judges pictures in workers; none: nobody does
    safety_timeout_s: int  # after which a picture is held, unjudged
    staff_passkeys: str  # required or offered, to whoever has a role
    moderation_host: str  # where alone /moderation/ answers, as host or host:port; empty: anywhere
    log_level: str
    log_format: str  # json or console

    @property
    def rpc_is_embedded(self) -> bool:
        """Whether the node is where the embedded chain of this machine would be."""
        place = urlsplit(self.rpc_url)
        here = place.hostname in LOOPBACK and place.port == self.chain_port
        return here and self.chain_id == EMBEDDED_CHAIN_ID

    @property
    def on_embedded_chain(self) -> bool:
        """Whether the chain is one that our supervisor runs; a shell beside it counts too."""
        return self.rpc_is_embedded and (self.embedded_chain or not self.rpc_given)

    @property
    def demo_wallet(self) -> bool:
        """Whether visitors may sign with anvil's unlocked accounts.

        Only when our own supervisor runs the chain and nobody but this machine can ask for it.
        """
        site = urlsplit(self.site_url).hostname
        ours = self.embedded_chain and self.rpc_is_embedded
        local = self.bind in LOOPBACK and site in LOOPBACK and self.proxy_count == 0
        return ours and local

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


def embedded_rpc_url(port: int) -> str:
    """Where the embedded chain is asked; numeric, so that no resolver has a say."""
    return f"http://127.0.0.1:{port}"


def _data_folder(raw: str) -> Path:
    """Where SALON_DATA points; `~` is understood."""
    try:
        return Path(raw or BASE / ".salon").expanduser().resolve()
    except (OSError, RuntimeError) as error:  # no such user, or links in a circle
        raise EnvironmentInvalid(
            f"SALON_DATA is {raw!r}: expected a folder you can write to ({error})."
        ) from error


def _read_chain(reader: Reader, site_url: str) -> dict[str, Any]:
    """The fields about the chain: the embedded one unless RPC_URL names another."""
    port = reader.integer("CHAIN_PORT", 8545, 1, 65535)
    given = bool(reader.source.get("RPC_URL", "").strip())
    embedded = reader.flag("EMBEDDED_CHAIN", default=False)
    chain_id = reader.chain_id(EMBEDDED_CHAIN_ID, given=given)
    names = {1: "Ethereum", EMBEDDED_CHAIN_ID: "Salon embedded chain"}
    ours = embedded or not given
    reachable = ours and urlsplit(site_url).hostname in LOOPBACK
    public = embedded_rpc_url(port) if reachable else ""
    return {
        "chain_port": port,
        "rpc_url": reader.optional_url("RPC_URL", embedded_rpc_url(port), "http", "https"),
        "rpc_given": given,
        "chain_id": chain_id,
        "chain_name": reader.source.get("CHAIN_NAME", "").strip()
        or names.get(chain_id, f"Chain {chain_id}"),
        "public_rpc_url": reader.optional_url("PUBLIC_RPC_URL", public, "http", "https"),
        "rpc_allow_private": reader.flag("RPC_ALLOW_PRIVATE", default=False),
        "rpc_check_url": reader.optional_url("RPC_CHECK_URL", "", "http", "https"),
        "rpc_check_receipts": reader.flag("RPC_CHECK_RECEIPTS", default=chain_id in ETHEREUMS),
        "finality_depth": reader.integer("FINALITY_DEPTH", 64, 1, 100_000),
        "embedded_chain": embedded,
        "operator_key": reader.key_source("OPERATOR"),
        "guardian_key": reader.key_source("GUARDIAN"),
        "deployer_key": reader.key_source("DEPLOYER"),
        "max_fee_gwei": reader.integer("MAX_FEE_GWEI", 100, 1, 1_000_000),
        "reputation_age_hours": reader.integer("REPUTATION_AGE_HOURS", 0 if ours else 24, 0, 720),
        "reputation_gold": reader.integer("REPUTATION_GOLD", 3 if ours else 10, 1, 50),
        "challenge_s": reader.integer("CHALLENGE_S", 300 if ours else 172_800, 1, 1_209_600),
        "result_hours": reader.integer("RESULT_HOURS", 24, 1, 720),
        "ballot_anchor_s": reader.integer("BALLOT_ANCHOR_S", 600, 10, 86_400),
    }


def read_env(source: Mapping[str, str] = os.environ) -> Env:
    """Parse the environment.

    Raises:
        EnvironmentInvalid: every unusable variable, one line each.
    """
    reader = Reader(source)
    data = _data_folder(source.get("SALON_DATA", "").strip())
    embedded = embedded_urls(data)
    port = reader.integer("PORT", 8000, 1, 65535)
    site_url = reader.url("SITE_URL", f"http://127.0.0.1:{port}", "http", "https").rstrip("/")
    chain = _read_chain(reader, site_url)
    embedded_chain = chain["embedded_chain"] or not chain["rpc_given"]
    passkeys = "offered" if embedded_chain else "required"
    env = Env(
        salon_data=data,
        port=port,
        bind=source.get("BIND", "").strip() or "127.0.0.1",
        debug=reader.flag("DEBUG", default=False),
        site_url=site_url,
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
        training_recipe=reader.recipe("TRAINING_RECIPE"),
        **chain,
        receipt_key=reader.secret_hex("RECEIPT_KEY"),
        pairs_per_round=reader.integer("PAIRS_PER_ROUND", 60, 1, 1000),
        validators=reader.validators("VALIDATORS"),
        charter_file=reader.charter("CHARTER_FILE"),
        safety_classifier=reader.import_path("SAFETY_CLASSIFIER", "generation.safety.OpenNsfw"),
        safety_timeout_s=reader.integer("SAFETY_TIMEOUT_S", 60, 1, 600),
        staff_passkeys=reader.choice("STAFF_PASSKEYS", passkeys, "required", "offered"),
        moderation_host=reader.host("MODERATION_HOST"),
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
