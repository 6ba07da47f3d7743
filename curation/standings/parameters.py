"""The numbers by which ballots are weighed and counted; published with every tally."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

WEI = 10**18  # in a token


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Everything a count depends on besides ballots, reputations and principal."""

    unit_wei: int = 100 * WEI  # principal above this weighs more, as its square root
    cap: float = 3.0  # at most so many times one's reputation
    candidate_cap: float = 3.0  # Σ weights of one voter's ballots with one candidate
    cluster_cap: float = 6.0  # the same of voters of whom one paid for the other's stake
    prior_deviation: float = 1.5  # of scores, in log-odds
    shares_bps: tuple[int, ...] = (6000, 2500, 1500)  # of the pool, by place
    least_weight_to_win: float = 1.0  # Σ weights of the ballots with a candidate
    grace_s: int = 60  # in which a later ballot on a pair takes an earlier one's place
    newcomers_count: bool = False  # whether a reputation earned during the round counts in it

    def as_json(self) -> dict[str, Any]:
        """Values for JSON; wei as text, since many readers hold numbers as doubles."""
        values = asdict(self)
        return {**values, "unit_wei": str(self.unit_wei), "shares_bps": list(self.shares_bps)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Parameters:
        """The parameters that `as_json` wrote.

        Raises:
            TypeError, KeyError: a name is unknown or missing.
        """
        parsed = {"unit_wei": int(values["unit_wei"]), "shares_bps": tuple(values["shares_bps"])}
        return cls(**{**values, **parsed})
