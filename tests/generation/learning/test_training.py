"""Training on tiny pipelines of every kind: it learns, stops when it should, and says why."""

from __future__ import annotations

import math

import pytest
import torch

from generation.learning.training import End, run_slice


def test_every_kind_of_model_learns_to_tell_its_own_rows_apart(pipe, make_run):
    run = make_run(pipe, steps=40, beta=None, validate_every=40)
    seen = []
    outcome = run_slice(run, on_progress=seen.append)
    print(type(pipe).__name__, [round(p.loss, 3) for p in seen][::6], run.state.beta, seen[-1])
    assert outcome.end is End.FINISHED, outcome.reason
    assert seen[0].loss == pytest.approx(math.log(2), abs=1e-3)
    assert seen[-1].loss < 0.5
    assert sum(p.accuracy for p in seen[-5:]) / 5 > 0.9
    assert [p.step for p in seen] == list(range(1, 41))
