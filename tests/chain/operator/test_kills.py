"""Kills in earnest: of the process that sends, and of the chain."""

import gzip
import os
import random
import subprocess
import sys
import time

import pytest

from chain.operator.deploying import deploy
from chain.operator.following import follow, wait
from chain.operator.models import Transaction
from chain.operator.plans import default_plan
from project.env import BASE
from tests.chain.chains import own_chain

from .test_transactions import give, held

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]
KILLS = 30 if os.environ.get("SALON_SOAK") else 3
Status = Transaction.Status


@pytest.fixture
def environment(chain, settings, keys_folder):
    """What a process beside us needs to send with the same keys and the same database."""
    name = settings.DATABASES["default"]["NAME"]
    return os.environ | {
        "DATABASE_URL": os.environ["DATABASE_URL"].replace("/salon?", f"/{name}?"),
        "SALON_DATA": str(keys_folder.parent),
        "RPC_URL": chain.url,
        "CHAIN_PORT": str(chain.port),
        "DJANGO_SETTINGS_MODULE": "project.settings",
    }


def test_kill_9_of_the_sender_neither_loses_nor_doubles(chain, contracts, environment):
    rng = random.Random(7)
    for kill in range(KILLS):
        sender = subprocess.Popen(
            [sys.executable, "-m", "tests.chain.operator.sender", str(1000 * kill)],
            cwd=BASE,
            env=environment,
            stdout=subprocess.PIPE,
        )
        assert sender.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0.02, 1.0))
        sender.kill()
        sender.wait()
        sender.stdout.close()
    follow()
    rows = list(Transaction.objects.filter(purpose__startswith="give"))
    for row in rows:
        wait(row)
    assert len(rows) >= KILLS
    assert held(chain, contracts) == len(rows)
    nonces = sorted(row.nonce for row in Transaction.objects.filter(sender=rows[0].sender))
    assert nonces == list(range(len(nonces)))
    assert chain.count(rows[0].sender) == len(nonces)


def test_kill_9_of_the_chain_loses_blocks_and_the_site_brings_them_again(
    settings, keys_folder, tmp_path
):
    with own_chain(state=tmp_path / "state.json") as chain:
        settings.RPC_URL, settings.SITE_KEYS_FOLDER = chain.url, keys_folder
        contracts = {found.name: found for found in deploy(default_plan())}
        kept = give(contracts, 1)
        wait(kept)
        dump = chain.node.call("anvil_dumpState", False)
        chain.state.write_bytes(gzip.decompress(bytes.fromhex(dump[2:])))
        lost = [wait(give(contracts, 10**n)) for n in (1, 2, 3)]
        chain.mine(5)
        follow()
        assert {row.status for row in Transaction.objects.filter(pk__in=[r.pk for r in lost])} == {
            Status.FINAL
        }
        chain.stop()
        chain.start()
        assert held(chain, contracts) == 1
        for _ in range(3):
            follow()
        assert held(chain, contracts) == 1111
        assert wait(give(contracts, 10_000)).nonce == lost[-1].nonce + 1
        assert held(chain, contracts) == 11_111
