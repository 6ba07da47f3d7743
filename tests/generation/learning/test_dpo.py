"""The loss by closed form, by a slow second writing, by its gradient; its safeguard; refusals."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from generation.learning.dpo import (
    diffusion_dpo_loss,
    effective_sample_size,
    implicit_accuracy,
    leeway,
    margins,
    pull,
    safeguard,
)
from generation.learning.errors import PreferencesInvalid


def ones(n):
    return torch.ones(n, dtype=torch.float64)


def test_equal_errors_cost_ln_2_whatever_beta_and_label():
    error = torch.rand(8, dtype=torch.float64)
    for beta in (1e-3, 1.0, 5000.0):
        for label in (0.0, 0.3, 0.5, 1.0):
            loss = diffusion_dpo_loss(
                error, error, beta=beta, label=label * ones(4), weight=ones(4)
            )
            assert loss.item() == pytest.approx(math.log(2), abs=1e-12)


def test_a_margin_of_one_over_beta_costs_as_the_sigmoid_of_one():
    beta = 250.0
    error = torch.tensor([0.3, 0.3 + 2 / beta], dtype=torch.float64)
    reference = torch.full((2,), 0.3, dtype=torch.float64)
    assert margins(error, reference).item() == pytest.approx(1 / beta)
    loss = diffusion_dpo_loss(error, reference, beta=beta, label=ones(1), weight=ones(1))
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-1)))


def slow_loss(error, reference, beta, label, weight):
    """Written from eq. 14 anew: plain Python, one pair at a time, probabilities and logs."""
    pairs = len(label)
    total = 0.0
    for i in range(pairs):
        better = error[i] - reference[i]
        worse = error[pairs + i] - reference[pairs + i]
        preferred = 1 / (1 + math.exp(beta / 2 * (better - worse)))
        total += weight[i] * (
            label[i] * -math.log(preferred) + (1 - label[i]) * -math.log(1 - preferred)
        )
    return total / pairs


errors = st.floats(0, 2, width=32)
pair = st.tuples(errors, errors, errors, errors, st.floats(0, 1, width=32), st.floats(0.1, 3))


@settings(max_examples=200, deadline=None)
@given(st.lists(pair, min_size=1, max_size=6), st.floats(0.01, 8))
def test_the_loss_is_what_a_slow_second_writing_of_it_says(pairs, beta):
    columns = [torch.tensor(column, dtype=torch.float64) for column in zip(*pairs, strict=True)]
    chosen, rejected, chosen_ref, rejected_ref, label, weight = columns
    error, reference = torch.cat([chosen, rejected]), torch.cat([chosen_ref, rejected_ref])
    fast = diffusion_dpo_loss(error, reference, beta=beta, label=label, weight=weight)
    slow = slow_loss(error.tolist(), reference.tolist(), beta, label.tolist(), weight.tolist())
    assert fast.item() == pytest.approx(slow, rel=1e-9, abs=1e-12)


def test_pull_is_the_losss_gradient_in_units_of_half_beta():
    torch.manual_seed(0)
    error = torch.rand(10, dtype=torch.float64, requires_grad=True)
    reference = torch.rand(10, dtype=torch.float64)
    label, weight, beta = torch.rand(5).double(), torch.rand(5).double(), 30.0
    loss = diffusion_dpo_loss(error, reference, beta=beta, label=label, weight=weight)
    (gradient,) = torch.autograd.grad(loss, error)
    z = beta * margins(error.detach(), reference)
    expected = beta / 2 * pull(z, label=label, weight=weight, batch=5)
    assert torch.allclose(gradient[:5], expected)
    assert torch.allclose(gradient[5:], -expected)


def test_a_row_alone_in_its_batch_counts_by_its_weight():
    error, reference = torch.tensor([0.1, 0.2]), torch.tensor([0.1, 0.1])
    light, heavy = (
        diffusion_dpo_loss(error, reference, beta=9, label=ones(1), weight=w * ones(1))
        for w in (0.5, 2.0)
    )
    assert heavy.item() == pytest.approx(4 * light.item())


def test_extreme_margins_stay_finite():
    error = torch.tensor([5.0, 0.0], requires_grad=True)
    loss = diffusion_dpo_loss(error, torch.zeros(2), beta=1e6, label=ones(1), weight=ones(1))
    loss.backward()
    assert loss.isfinite()
    assert error.grad.isfinite().all()


@pytest.mark.parametrize(
    ("says", "changes"),
    [
        ("shape", {"error": torch.rand(5)}),
        ("shape", {"reference_error": torch.rand(2)}),
        ("shape", {"error": torch.rand(0), "reference_error": torch.rand(0), "label": ones(0)}),
        ("weights", {"weight": ones(3)}),
        ("β", {"beta": 0.0}),
        ("β", {"beta": math.inf}),
        ("label", {"label": torch.tensor([0.5, 1.1])}),
        ("label", {"label": torch.tensor([math.nan, 1.0])}),
        ("weight", {"weight": torch.tensor([-1.0, 1.0])}),
        ("weight", {"weight": torch.tensor([math.inf, 1.0])}),
        ("zero", {"weight": torch.zeros(2)}),
    ],
)
def test_what_is_no_preference_is_refused(says, changes):
    good = {
        "error": torch.rand(4),
        "reference_error": torch.rand(4),
        "beta": 1.0,
        "label": ones(2),
        "weight": ones(2),
    }
    diffusion_dpo_loss(**good)
    with pytest.raises(PreferencesInvalid, match=says):
        diffusion_dpo_loss(**{**good, **changes})


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.floats(-1, 1), st.booleans())
def test_the_safeguarded_step_never_raises_the_chosen_error_to_first_order(seed, shared, scaled):
    stream = torch.Generator().manual_seed(seed)
    chosen = torch.randn(32, generator=stream, dtype=torch.float64)
    rejected = 3 * (shared * chosen + torch.randn(32, generator=stream, dtype=torch.float64))
    metric = torch.rand(32, generator=stream, dtype=torch.float64) + 0.01 if scaled else None
    factor = safeguard(chosen, rejected, metric=metric)
    assert 0 <= factor <= 1
    step = (chosen - factor * rejected) * (metric if scaled else 1)
    assert chosen.dot(step) >= -1e-9


def test_the_safeguard_leaves_alone_what_does_no_harm():
    chosen = torch.tensor([1.0, 0.0])
    assert safeguard(chosen, torch.tensor([-2.0, 5.0])) == 1  # it even helps
    assert safeguard(chosen, torch.tensor([0.9, 5.0])) == 1
    assert safeguard(chosen, torch.tensor([4.0, 5.0])) == 0.25
    assert safeguard(torch.zeros(2), torch.tensor([1.0, 1.0])) == 1


def test_the_rejected_branch_is_left_out_once_chosen_errors_have_risen():
    assert leeway(-0.2, band=0.01) == leeway(-0.005, band=0.01) == 1
    assert leeway(0.0, band=0.01) == pytest.approx(0.5)
    assert leeway(0.005, band=0.01) == leeway(0.5, band=0.02) == 0


def test_accuracy_counts_votes_by_weight_and_leaves_ties_out():
    margin = torch.tensor([1.0, -1.0, 2.0])
    label, weight = torch.tensor([0.9, 0.8, 0.5]), torch.tensor([1.0, 3.0, 100.0])
    found = implicit_accuracy(margin, label=label, weight=weight)
    assert found == pytest.approx((0.9 + 3 * 0.2) / 4)
    assert math.isnan(implicit_accuracy(margin[2:], label=label[2:], weight=weight[2:]))


def test_kish_counts_equal_rows_as_they_are_and_unequal_ones_as_fewer():
    assert effective_sample_size([2.0] * 7) == pytest.approx(7)
    assert effective_sample_size([1.0, 0.0, 0.0]) == pytest.approx(1)
    assert effective_sample_size([3.0, 1.0]) == pytest.approx(1.6)
    assert effective_sample_size([]) == 0
