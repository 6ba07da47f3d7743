"""Kills in earnest of the processes between a round's close and its proposed result."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import pytest

from chain.operator.models import Transaction
from chain.tallies.selectors import newest_anchor, roots_on_chain
from curation.galleries.models import Round
from curation.stakes.models import ChainRound
from curation.standings.models import Standing, Tally
from project.env import BASE
from tests.chain.operator.test_kills import environment

from .counter import work
from .jury import Jury, root_of

__all__ = ["environment"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]
KILLS = 30 if os.environ.get("SALON_SOAK") else 3


def closed_round(gallery) -> Round:
    """Another round, judged and over, with one ballot under no root yet."""
    gallery.renew()
    gallery.open()
    gallery.anchor()
    jury = Jury(gallery, gallery.voters)
    gallery.voters = jury.members
    jury.judge((0, 1), (0, 2))
    gallery.close()
    return gallery.round


def test_kill_9_between_close_and_result_neither_loses_nor_doubles(chain, gallery, environment):
    rng, rounds, gallery.voters = random.Random(11), [], []
    for _ in range(KILLS):
        rounds.append(closed_round(gallery))
        counter = subprocess.Popen(
            [sys.executable, "-m", "tests.chain.tallies.counter"],
            cwd=BASE,
            env=environment,
            stdout=subprocess.PIPE,
        )
        assert counter.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0.02, 1.5))
        counter.kill()
        counter.wait()
        counter.stdout.close()
    for _ in range(40):
        work()
        if not ChainRound.objects.exclude(state="proposed").exists():
            break
    for round_ in rounds:
        tally = Tally.objects.get(pk=round_.pk)
        assert tally.ballots_count == 6
        assert Standing.objects.filter(tally=tally).count() == 9
        assert tally.ballots_root == root_of(round_) == newest_anchor(round_.pk).root
        assert roots_on_chain(round_.pk, until=10**9) == [tally.ballots_root]
        on_chain = ChainRound.objects.get(pk=round_.pk)
        assert (on_chain.state, on_chain.bundle_hash) == ("proposed", tally.bundle_digest)
    assert not Transaction.objects.filter(status="failed").exists()
    for what in ("anchor ballots", "propose"):
        sent = Transaction.objects.filter(purpose__startswith=what)
        assert sent.count() == len(rounds)
