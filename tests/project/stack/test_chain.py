"""The embedded chain: kept, whole, and never behind its own head."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from project.env import BASE
from project.stack.chain import anvil, anvil_binary, chain_answers
from project.stack.keeper import NodeSilent, ask
from project.stack.preflight import free_port

from .helpers import alive, eventually, members
from .keeping import Chain, made


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    with made(tmp_path) as chain:
        yield chain


def test_chain_has_our_number_moving_finality_and_one_origin(chain):
    chain.start()
    assert chain.ask("eth_chainId") == "0x7a69"
    for _ in range(4):
        chain.pay()
    finalized = int(chain.ask("eth_getBlockByNumber", "finalized", False)["number"], 16)
    assert 0 < chain.head()[0] - finalized <= 3
    assert "--allow-origin" in Path(f"/proc/{chain.anvil_pid()}/cmdline").read_text().split("\0")
    assert not Path(chain.folder / ".foundry").exists()


def test_chain_goes_on_where_it_was_after_a_graceful_end(chain):
    chain.start()
    chain.pay(5)
    number, _ = chain.head()
    assert chain.end() == 0
    assert sorted(path.name for path in chain.folder.iterdir()) == ["state.json"]
    chain.start()
    assert chain.balance() == chain.balance("finalized") == 5
    assert chain.head()[0] >= number
    assert chain.ask("eth_getBlockByNumber", hex(number), False)["transactions"]
    chain.pay(2)
    assert chain.end(signal.SIGINT) == 0
    assert chain.kept_balance() == 7


def test_payment_survives_kill_9_of_everything_a_second_later(chain):
    chain.start()
    chain.pay(3)
    eventually(lambda: chain.state.exists() and chain.kept_balance() == 3, 2)
    chain.end(signal.SIGKILL)
    chain.start()
    assert chain.balance() == 3
    chain.pay(1)
    assert chain.balance() == 4


@pytest.mark.faults
@pytest.mark.parametrize("rounds", [30 if os.environ.get("SALON_SOAK") else 3])
def test_kill_9_in_the_midst_of_payments_never_leaves_half_a_file(chain, rounds):
    """Nor an older state than the last; a second of payments may be lost."""
    chain.start()
    least = 0
    for turn in range(rounds):
        until = time.monotonic() + 0.3 + 0.17 * (turn % 7)
        while time.monotonic() < until:
            chain.pay()
        least = max(least, chain.kept_balance() if chain.state.exists() else 0)
        chain.end(signal.SIGKILL)
        chain.start()
        assert chain.balance() >= least
    assert "Moved to" not in chain.log.read_text()
    assert not list(chain.folder.glob("*.broken*"))


def test_anvil_killed_alone_ends_the_keeper_for_the_supervisor_to_see(chain):
    chain.start()
    os.kill(chain.anvil_pid(), signal.SIGKILL)
    assert chain.keeper.wait(timeout=5) == 1
    chain.keeper = None


def test_keeper_killed_alone_leaves_no_anvil(chain):
    chain.start()
    pid, group = chain.anvil_pid(), chain.keeper.pid
    chain.keeper.kill()
    chain.keeper.wait()
    eventually(lambda: not alive(pid), 5)
    assert not members(group)
    chain.start()


@pytest.mark.parametrize("damage", ["half", "nothing", "zeros", "json", "other"])
def test_broken_state_is_set_aside_and_told_and_a_new_chain_begins(chain, damage):
    chain.start()
    chain.pay(9)
    chain.end()
    whole = chain.state.read_bytes()
    broken = {
        "half": whole[: len(whole) // 2],
        "nothing": b"",
        "zeros": bytes(len(whole)),
        "json": b'{"accounts": {}}',
        "other": b"{}",
    }[damage]
    chain.state.write_bytes(broken)
    chain.start()
    assert chain.balance() == 0
    [aside] = chain.folder.glob("state.json.broken-*")
    assert aside.read_bytes() == broken
    assert f"Moved to {aside}; a new chain begins." in chain.log.read_text()
    chain.pay()


def test_last_words_cut_off_are_not_taken_for_the_state(chain):
    chain.start()
    chain.pay(4)
    chain.end()
    (chain.folder / "last.json").write_bytes(chain.state.read_bytes()[:-100])
    chain.start()
    assert chain.balance() == 4
    assert not (chain.folder / "last.json").exists()


def test_whole_last_words_of_a_killed_keeper_are_taken(chain):
    chain.start()
    chain.pay(4)
    chain.end()
    chain.state.rename(chain.folder / "last.json")
    chain.start()
    assert chain.balance() == 4


def test_taken_port_harms_no_state_and_says_which_variable(chain):
    chain.start()
    chain.pay(4)
    chain.end()
    with socket.create_server(("127.0.0.1", chain.port)):
        process = anvil(chain.folder.parent, port=chain.port, origin="http://127.0.0.1:8000")
        result = subprocess.run(
            process.command, cwd=BASE, capture_output=True, text=True, check=False
        )
    assert result.returncode == 1
    assert f"CHAIN_PORT {chain.port} is already taken" in result.stdout
    assert chain.kept_balance() == 4


def test_time_moves_on_after_a_warp_and_a_restart(chain):
    chain.start()
    chain.ask("evm_increaseTime", 3 * 24 * 3600)
    chain.pay()
    _, warped = chain.head()
    assert warped > time.time() + 2 * 24 * 3600
    chain.end()
    chain.start()
    chain.pay()
    assert chain.head()[1] >= warped
    time.sleep(1.2)
    chain.pay()
    assert warped < chain.head()[1] < warped + 60


def test_idle_chain_is_not_written_all_the_time(chain):
    chain.start()
    chain.pay()
    eventually(lambda: chain.state.exists() and chain.kept_balance() == 1)
    time.sleep(0.5)
    before = chain.state.stat()
    time.sleep(2)
    assert chain.state.stat().st_ino == before.st_ino
    chain.pay()
    eventually(lambda: chain.state.stat().st_ino != before.st_ino)


def test_full_disk_is_told_and_the_chain_goes_on(chain):
    """A folder in the place of the file stands in for the disk that takes no more."""
    (chain.folder / "state.new").mkdir()
    chain.start()
    chain.pay()
    eventually(lambda: "cannot keep the chain's state" in chain.log.read_text())
    chain.pay()
    (chain.folder / "state.new").rmdir()
    chain.pay()
    eventually(lambda: chain.state.exists() and chain.kept_balance() == 3, 5)


def test_readiness_needs_a_chain_of_ours():
    port = free_port()
    assert not chain_answers(port)
    with pytest.raises(NodeSilent):
        ask(port, "eth_chainId")
    command = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port))
    other = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        assert not chain_answers(port)
    finally:
        other.kill()
        other.wait()
    other_chain = (str(anvil_binary()), "--port", str(port), "--chain-id", "1", "--quiet")
    other = subprocess.Popen(other_chain)
    try:
        eventually(lambda: _answers(port))
        assert not chain_answers(port)
    finally:
        other.kill()
        other.wait()


def _answers(port: int) -> bool:
    try:
        return ask(port, "eth_chainId") == "0x1"
    except NodeSilent:
        return False
