"""Standings of 10,000 candidates from 1,000,000 weighted ballots, against evalica; and updates.

Ours begins with arrays of who chose which with what weight, sums them up by pair and fits; evalica
begins with the lists it asks for, made before its clock starts. It fits without a prior on dense
matrices (1.6 GB here), with its own defaults: the stop at a change of 10⁻⁶, at most 100 rounds.
"""

from __future__ import annotations

import importlib.metadata
import statistics
import time
from collections.abc import Callable, Sequence

import evalica
import numpy as np
import pandas as pd

from benchmarks import harness
from benchmarks.harness import Row, say
from curation.standings.bradley_terry import Fit, fit
from curation.standings.comparisons import aggregated
from curation.standings.incremental import RunningFit

Ballots = tuple[np.ndarray, np.ndarray, np.ndarray]  # chosen, rejected, weight
WEAK = 100.0  # a prior so wide that scores can be compared with those of a fit that has none
SIZES = (1, 10, 100)  # ballots of an update


def measure(quick: bool) -> Sequence[Row]:
    """Full fits in turn with the peer's, then updates and refits in turn."""
    n, count, times = (1000, 100_000, 2) if quick else (10_000, 1_000_000, 3)
    ballots = voted(n, pairs_at_random(n, count, seed=1), seed=2)
    return [
        full(n, ballots, times),
        updates("standings-update", n, pairs_at_random, ballots, quick=quick),
        updates(
            "standings-update-served",
            n,
            pairs_as_served,
            voted(n, pairs_as_served(n, count, seed=1), seed=2),
            quick=quick,
        ),
    ]


def pairs_at_random(n: int, count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Any two."""
    rng = np.random.default_rng(seed)
    one = rng.integers(0, n, count)
    return one, (one + rng.integers(1, n, count)) % n


def pairs_as_served(n: int, count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Half of them within prompts of four candidates."""
    rng = np.random.default_rng(seed)
    one = rng.integers(0, n, count)
    sibling = one // 4 * 4 + (one % 4 + rng.integers(1, 4, count)) % 4
    anyone = (one + rng.integers(1, n, count)) % n
    return one, np.where(rng.random(count) < 0.5, sibling, anyone)


def voted(n: int, pairs: tuple[np.ndarray, np.ndarray], *, seed: int) -> Ballots:
    """Ballots on these pairs by the same true scores whatever the seed."""
    truth = np.random.default_rng(0).normal(0, 1, n)
    rng = np.random.default_rng(seed)
    one, other = pairs
    first = rng.random(len(one)) < 1 / (1 + np.exp(truth[other] - truth[one]))
    weights = rng.uniform(0.1, 3, len(one))
    return np.where(first, one, other), np.where(first, other, one), weights


def ours(n: int, ballots: Ballots, prior_deviation: float = 1.5) -> Fit:
    return fit(n, aggregated(*ballots), prior_deviation=prior_deviation)


def full(n: int, ballots: Ballots, times: int) -> Row:
    """The whole from ballots to scores, by both, one after the other."""
    chosen, rejected, weights = (column.tolist() for column in ballots)
    winners, index = [evalica.Winner.X] * len(chosen), pd.Index(range(n))

    def theirs() -> evalica.BradleyTerryResult:
        return evalica.bradley_terry(chosen, rejected, winners, index=index, weights=weights)

    mine, others = [], []
    for turn in range(times):
        found, seconds = timed(lambda: ours(n, ballots))
        mine.append(seconds)
        peer, seconds = timed(theirs)
        others.append(seconds)
        say(f"full fit {turn + 1} of {times}: {mine[-1]:.2f} s, evalica {others[-1]:.1f} s")
    apart = np.abs(ours(n, ballots, WEAK).scores - centred(peer, n)).max()
    return Row(
        "standings",
        f"{statistics.median(mine) / statistics.median(others):.3f}",
        "≤ 1",
        f"{statistics.median(mine):.2f} ÷ {statistics.median(others):.1f} s, {len(chosen):,} "
        f"ballots over {n:,} candidates, medians of {times}; {found.iterations} Newton steps, "
        f"gradient {found.gradient_norm:.0e}; with a prior as wide as {WEAK:g} at most {apart:.0e} "
        f"from evalica's scores; evalica {importlib.metadata.version('evalica')}, "
        f"{peer.iterations} rounds",
    )


def centred(peer: evalica.BradleyTerryResult, n: int) -> np.ndarray:
    """Its scores as log-odds that add up to 0."""
    scores = np.log(peer.scores.loc[range(n)].to_numpy())
    return scores - scores.mean()


def updates(
    name: str, n: int, pairs: Callable[..., tuple], ballots: Ballots, *, quick: bool
) -> Row:
    """Updates of a running fit against fits of everything so far, from the ballots on.

    In processor seconds, of which other work on the machine takes none; both use one thread.
    """
    running, times = RunningFit(n, aggregated(*ballots)), 5 if quick else 30
    parts = []
    worst, ratios = 0.0, {}
    for size in SIZES:
        costs, refits = [], []
        for turn in range(times):
            fresh = voted(n, pairs(n, size, seed=1000 * size + turn), seed=turn)
            changes = aggregated(*fresh)
            parts.append(fresh)
            scores, seconds = timed(
                lambda changes=changes: running.update(changes), clock=time.process_time
            )
            costs.append(seconds)
            if turn % (times // 5) == 0:
                everything = tuple(map(np.concatenate, zip(ballots, *parts, strict=True)))
                found, seconds = timed(
                    lambda all_=everything: ours(n, all_), clock=time.process_time
                )
                refits.append(seconds)
                worst = max(worst, float(np.abs(scores - found.scores).max()))
        ratios[size] = statistics.mean(costs) / statistics.mean(refits)
        say(f"updates by {size}: {statistics.mean(costs) * 1000:.1f} ms")
    if worst > 1e-6:
        raise RuntimeError(f"An update is {worst} from the fit.")
    by_size = ", ".join(f"{size}: {ratio:.3f}" for size, ratio in ratios.items())
    return Row(
        name,
        f"{ratios[SIZES[0]]:.3f}",
        "≤ 0.02",
        f"update ÷ refit by ballots in the update: {by_size}; means of {times} in turn with "
        f"{len(refits)} refits of {statistics.mean(refits) * 1000:.0f} ms, {n:,} candidates; at "
        f"most {worst:.1e} from the refit in any score",
    )


def timed(work: Callable, *, clock: Callable[[], float] = time.perf_counter) -> tuple:
    """What it gives, and the seconds it took."""
    began = clock()
    found = work()
    return found, clock() - began


if __name__ == "__main__":
    harness.main(measure, __doc__)
