"""The embedded chain as one of the stack's services: anvil, from an npm package."""

from __future__ import annotations

import platform
import signal
import sys
from functools import partial
from pathlib import Path

from project.env import BASE, EMBEDDED_CHAIN_ID, embedded_rpc_url
from project.stack.errors import BinaryMissing
from project.stack.keeper import NodeSilent, ask
from project.stack.processes import Process

MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def anvil(data: Path, *, port: int, origin: str) -> Process:
    """Anvil on loopback under a keeper; `origin` is the one whose pages may ask it.

    Raises:
        BinaryMissing: npm has not brought it for this system.
    """
    command = (sys.executable, "-m", "project.stack.keeper")
    return Process(
        name="anvil",
        command=(*command, str(data / "chain"), str(port), origin, str(anvil_binary())),
        ready=partial(chain_answers, port),
        stop_signal=signal.SIGTERM,
    )


def anvil_binary() -> Path:
    """Raises BinaryMissing."""
    machine = platform.machine().lower()
    package = f"anvil-{platform.system().lower()}-{MACHINES.get(machine, machine)}"
    binary = BASE / "node_modules" / "@foundry-rs" / package / "bin" / "anvil"
    if not binary.exists():
        raise BinaryMissing(
            f"The embedded chain needs {binary}. Run `make install`; or set RPC_URL and CHAIN_ID "
            "to a node of your own."
        )
    return binary


def chain_answers(port: int) -> bool:
    """Whether the embedded chain answers, down to its finalized state."""
    try:
        if ask(port, "eth_chainId", timeout_s=2) != hex(EMBEDDED_CHAIN_ID):
            return False
        return ask(port, "eth_getBalance", f"0x{0:040x}", "finalized", timeout_s=2) is not None
    except NodeSilent:
        return False


def chain_environment(port: int) -> dict[str, str]:
    """What processes beside an embedded chain that is ours find in their environment."""
    return {
        "CHAIN_PORT": str(port),
        "RPC_URL": embedded_rpc_url(port),
        "CHAIN_ID": str(EMBEDDED_CHAIN_ID),
        "EMBEDDED_CHAIN": "1",
    }
