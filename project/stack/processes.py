"""The processes Salon consists of: one entry each."""

from __future__ import annotations

import http.client
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from project.env import Env

WORKER_SHUTDOWN_MS = 3500  # a worker gives its unfinished messages back within this time


@dataclass(frozen=True, slots=True)
class Process:
    """A program, when it counts as ready, and how it is asked to end."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    ready: Callable[[], bool] | None = None  # without one: when it has lived for a second
    stop_signal: signal.Signals = signal.SIGTERM
    quit_signal: signal.Signals = signal.SIGKILL  # sent when the first was not heeded
    sweep: Path | None = None  # a PostgreSQL cluster that orphaned backends may be working on


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything one supervisor runs: services, then steps one by one, then processes."""

    data: Path
    services: tuple[Process, ...] = ()
    steps: tuple[Process, ...] = ()
    processes: tuple[Process, ...] = ()
    announcement: str = "Services are ready."  # said when everything with a probe answers


def environment(env: Env, embedded: set[str]) -> dict[str, str]:
    """What Salon's own processes find in their environment."""
    inherited = dict(os.environ)
    inherited.pop("EMBEDDED_CHAIN", None)  # whoever sets it would open the demo wallet
    if "postgres" in embedded:  # PGPORT and the like would lead clients elsewhere
        inherited = {key: value for key, value in inherited.items() if not key.startswith("PG")}
    return inherited | {
        "DATABASE_URL": env.database_url,
        "REDIS_URL": env.redis_url,
        "BROKER_URL": env.broker_url,
        "STORAGE_URL": env.storage_url,
        "RPC_URL": env.rpc_url,
        "CHAIN_ID": str(env.chain_id),
        "CHAIN_PORT": str(env.chain_port),
        **({"EMBEDDED_CHAIN": "1"} if "anvil" in embedded else {}),
        "SALON_DATA": str(env.salon_data),
        "PORT": str(env.port),
        "BIND": env.bind,
        "SITE_URL": env.site_url,
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "PYTHONUNBUFFERED": "1",
        # Two workers draw and learn at a time. Threads of torch that outnumber the cores wait for
        # one another, and while they spin they starve every neighbour.
        "GENERATION_THREADS": str(env.generation_threads or _half_of_the_cores()),
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "passive"),
    }


def _half_of_the_cores() -> int:
    return min(max(1, (os.cpu_count() or 1) // 2), 512)  # the most that the variable takes


def site_steps(environment: Mapping[str, str]) -> tuple[Process, ...]:
    """What runs to its end between the services and the long-running processes."""
    return (Process("prepare", _manage("prepare"), environment),)


def site_processes(env: Env, environment: Mapping[str, str]) -> tuple[Process, ...]:
    """The long-running processes of one machine."""

    def worker(queue: str, threads: int) -> Process:
        command = _manage("rundramatiq", "--processes", "1", "--threads", str(threads))
        shutdown = ("--worker-shutdown-timeout", str(WORKER_SHUTDOWN_MS))
        return Process(queue, (*command, *shutdown, "--queues", queue), environment)

    daphne = (sys.executable, "-m", "project.web", "--no-server-name", "-b", env.bind)
    return (
        Process(
            name="web",
            command=(*daphne, "-p", str(env.port), "project.asgi:application"),
            env=environment,
            ready=lambda: page_answers(env),
        ),
        worker("generation", threads=1),
        worker("training", threads=1),
        worker("default", threads=4),
        Process("scheduler", _manage("run_scheduler"), environment),
        Process("indexer", _manage("run_indexer"), environment),
    )


def local_url(env: Env) -> str:
    """Where the web process is reached from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(env.bind, env.bind)  # noqa: S104 - compared
    return f"http://[{host}]:{env.port}" if ":" in host else f"http://{host}:{env.port}"


def page_answers(env: Env) -> bool:
    """Whether the front page answers 200 to somebody who asks for the public address."""
    local, public = urlsplit(local_url(env)), urlsplit(env.site_url)
    connection = http.client.HTTPConnection(local.hostname or "", local.port, timeout=2)
    headers = {"Host": public.netloc, "X-Forwarded-Proto": public.scheme}
    try:
        connection.request("GET", "/", headers=headers)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _manage(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "manage.py", *arguments)
