import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from project.env import BASE
from project.stack.keeper import ask
from project.stack.preflight import free_port
from project.stack.services import embedded_names, running_services

from .helpers import alive, eventually, pid_of, replaced, status

HOLD = """
import sys, time, pathlib
from project.stack.services import running_services
with running_services(pathlib.Path(sys.argv[1]), durable=False):
    print("ready", flush=True)
    time.sleep(1000)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("services") / "data"


@pytest.fixture(scope="module")
def urls(data: Path) -> Iterator[dict[str, str]]:
    with running_services(data) as urls:
        yield urls


def test_services_are_embedded_unless_urls_are_given() -> None:
    assert embedded_names({}) == {"postgres", "valkey", "anvil"}
    given = {"DATABASE_URL": "postgres://db/salon", "REDIS_URL": "", "RPC_URL": " "}
    assert embedded_names(given) == {"valkey", "anvil"}
    given = {"REDIS_URL": "redis://cache", "BROKER_URL": "amqp://queue"}
    assert embedded_names(given) == {"postgres", "anvil"}
    assert embedded_names({"RPC_URL": "https://node.example"}) == {"postgres", "valkey"}


def test_killed_postgres_comes_back_with_what_was_committed(urls, data) -> None:
    with psycopg.connect(urls["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('yes')")
    old = pid_of(data, "postgres")
    os.kill(old, signal.SIGKILL)
    eventually(replaced(data, "postgres", old))
    with psycopg.connect(urls["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT word FROM kept").fetchall() == [("yes",)]


def test_killed_postgres_comes_back_although_a_backend_was_busy(urls, data) -> None:
    busy = psycopg.connect(urls["DATABASE_URL"], autocommit=True)
    backend = busy.info.backend_pid

    def compute() -> None:
        with pytest.raises(psycopg.OperationalError):
            busy.execute("SELECT count(*) FROM generate_series(1, 100000000000) AS n")

    thread = threading.Thread(target=compute)
    thread.start()
    time.sleep(0.5)
    old = pid_of(data, "postgres")
    os.kill(old, signal.SIGKILL)
    eventually(replaced(data, "postgres", old))
    thread.join(timeout=10)
    assert not alive(backend)


def test_killed_valkey_comes_back_with_what_was_written(urls, data) -> None:
    with redis.Redis.from_url(urls["REDIS_URL"]) as client:
        client.set("kept", "yes")
    old = pid_of(data, "valkey")
    os.kill(old, signal.SIGKILL)
    eventually(replaced(data, "valkey", old))
    with redis.Redis.from_url(urls["REDIS_URL"]) as client:
        assert client.get("kept") == b"yes"


def test_killed_anvil_comes_back_with_what_was_mined(urls, data) -> None:
    port = int(urls["CHAIN_PORT"])
    sender, receiver = ask(port, "eth_accounts")[:2]
    before = ask(port, "eth_getBalance", receiver, "latest")
    ask(port, "eth_sendTransaction", {"from": sender, "to": receiver, "value": "0x1"})
    time.sleep(1)
    old = pid_of(data, "anvil")
    os.killpg(old, signal.SIGKILL)
    eventually(replaced(data, "anvil", old))
    assert ask(port, "eth_getBalance", receiver, "latest") == hex(int(before, 16) + 1)


def test_commits_are_durable_unless_told_otherwise(urls) -> None:
    with psycopg.connect(urls["DATABASE_URL"]) as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)


def test_second_supervisor_on_the_same_data_says_so(urls, data) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "project.stack", "--services-only"],
        cwd=BASE,
        env=os.environ | {"SALON_DATA": str(data), "CHAIN_PORT": str(free_port())},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 2
    assert f"already running on {data}" in result.stderr


def test_services_end_with_a_killed_owner_and_start_again(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=BASE, stdout=subprocess.PIPE
    )
    assert owner.stdout.readline() == b"ready\n"
    pids = [row["pid"] for row in status(tmp_path)["processes"]]
    pids.append(status(tmp_path)["supervisor"])
    os.kill(pids[-1], signal.SIGKILL)  # the supervisor first, so that only the guardian is left
    owner.kill()
    owner.communicate()
    eventually(lambda: not any(alive(pid) for pid in pids))
    with running_services(tmp_path, durable=False) as urls:
        psycopg.connect(urls["DATABASE_URL"]).close()
    assert not any(alive(row["pid"]) for row in status(tmp_path)["processes"] if row["pid"])
