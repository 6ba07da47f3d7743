"""How results are written on pages, and what other pages include of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.template.defaultfilters import floatformat

from curation.galleries.models import Candidate, Round
from curation.stakes.amounts import rounded
from curation.standings import charts
from curation.standings.models import Standing
from curation.standings.places import axis_of, place_of
from curation.standings.selectors import tally_of

register = template.Library()
# What became of a ballot, after its number: "12 tests: ...".
FATES = {
    "counted": "counted",
    "test": "tested the voter: the answer was known, or asked before",
    "superseded": "replaced by a later one within the grace time",
    "withdrawn": "withdrawn by the voter",
    "staked": "on a picture the voter has a stake on",
    "no_reputation": "by voters without a reputation yet",
    "moderated": "on a picture that was hidden or disqualified",
    "unserved": "on a pair the site had not shown to the voter",
}
PARAMETERS = {
    "unit_wei": "Stake above this weighs more",
    "cap": "A stake multiplies a ballot at most by",
    "candidate_cap": "One voter’s weight on one picture, at most",
    "cluster_cap": "The same of voters who sent each other tokens",
    "prior_deviation": "Deviation of scores before any ballot (log-odds)",
    "shares_bps": "Shares of the pool, by place",
    "least_weight_to_win": "Weight a winner needs at least",
    "grace_s": "Grace time of a ballot",
    "newcomers_count": "Reputation earned during the round counts",
}


@register.filter
def number(value: float) -> str:
    """A whole number with commas: `1,234`."""
    return str(floatformat(value, "0g"))


@register.filter
def percentage(share: float) -> str:
    """A share in [0, 1] in whole percent; only what is certain is 0% or 100%."""
    whole = round(100 * share)
    if 0 < share < 1:
        whole = min(99, max(1, whole))
    return f"{whole}%"


@register.filter
def chance(score: float) -> str:
    """How often a candidate with this score is chosen over an average one."""
    return percentage(charts.chance(score))


@register.filter
def span(interval: charts.Interval) -> str:
    """The chances between which 95 of 100 cases lie: `61–87%`."""
    low, high = chance(interval.low), chance(interval.high)
    return high if low == high else f"{low[:-1]}–{high}"


@register.filter
def fate(why: str) -> str:
    """What became of a ballot, in words that follow a number."""
    return FATES.get(why, why)


@register.filter
def add_number(value: float, other: float) -> float:
    """A sum; Django's `add` knows whole numbers only."""
    return value + float(other)


@register.filter
def parameters(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A tally's parameters in words, in a fixed order; those without words as they are."""
    known = [name for name in PARAMETERS if name in values]
    others = sorted(values.keys() - PARAMETERS.keys())
    return [(PARAMETERS.get(name, name), _said(name, values[name])) for name in (*known, *others)]


def _said(name: str, value: Any) -> str:
    if name.endswith("_wei"):
        return f"{rounded(int(value))} SALON"
    if name.endswith("_bps"):
        return ", ".join(f"{share / 100:g}%" for share in value)
    if name.endswith("_s"):
        return f"{value} s"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


@register.inclusion_tag("standings/of_round.html")
def round_result(round_: Round) -> dict[str, Any]:
    """A line that leads to a round's result once it has closed."""
    return {"round": round_, "is_counted": not round_.is_open and tally_of(round_) is not None}


@register.inclusion_tag("standings/of_candidate.html")
def candidate_place(candidate: Candidate) -> dict[str, Any]:
    """A candidate's place in its round's tally, once that is published."""
    rows = Standing.objects.filter(candidate=candidate, tally__round__status=Round.Status.CLOSED)
    found = rows.select_related("tally", "candidate").first()
    if found is None:
        return {"place": None}
    axis = axis_of(found.tally)
    count = found.tally.standings.count()
    return {
        "place": place_of(found, axis),
        "axis": axis,
        "round": candidate.round,
        "count": count,
    }
