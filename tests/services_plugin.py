"""Every test runs on a real PostgreSQL, Valkey and anvil, started here and ended with us.

A plugin rather than a conftest: pytest-django reads the settings before any conftest is
imported, and the settings read the URLs.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from project.stack.services import running_services

_stack = ExitStack()
DATA = Path(tempfile.mkdtemp(prefix="salon-test-")).resolve()
_THEIRS = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "STORAGE_URL", "SALON_MODEL", "DEBUG", "BIND")
_THEIR_CHAIN = ("CHAIN_NAME", "PUBLIC_RPC_URL", "RPC_ALLOW_PRIVATE")


def _start() -> None:
    atexit.register(shutil.rmtree, DATA, ignore_errors=True)
    for name in (*_THEIRS, *_THEIR_CHAIN):
        os.environ.pop(name, None)
    os.environ.update(
        SALON_DATA=str(DATA),
        SITE_URL="http://testserver",
        LOG_LEVEL="WARNING",
        LOG_FORMAT="console",
        GENERATION_THREADS="1",
        OMP_WAIT_POLICY="passive",
    )
    os.environ.update(_stack.enter_context(running_services(DATA, durable=False)))
    atexit.register(_stack.close)


_start()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder the services of this test run work in."""
    return DATA


@pytest.fixture(scope="session")
def anvil(tmp_path_factory: pytest.TempPathFactory):
    """The chain of this test run, with the contracts that tests deploy on it."""
    from chain.client import Node  # the settings have to be there first
    from tests.anvil import Anvil, compile_contracts

    node = Node(os.environ["RPC_URL"], chain_id=31337, private=True)
    return Anvil(node, compile_contracts(tmp_path_factory.mktemp("abi")))
