"""What is deployed unless somebody says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings

from chain.operator.deploying import WHOLE, Plan
from chain.operator.keys import Role, signer

CHALLENGE_S = 86_400
EMBEDDED_CHALLENGE_S = 60


def default_plan(**changes: Any) -> Plan:
    """A plan with what was given; the rest by default, for which keys are read.

    Raises:
        KeyMissing, KeyUnusable, KeyRefused: an address was not given, and its key is not here.
    """
    here = settings.EMBEDDED_CHAIN
    defaults: dict[str, Callable[[], Any]] = {
        "admin": lambda: signer(Role.DEPLOYER).address,
        "operator": lambda: signer(Role.OPERATOR).address,
        "guardian": lambda: signer(Role.GUARDIAN).address,
        "token": str,
        "token_since": lambda: None,
        "treasury": lambda: signer(Role.OPERATOR).address if here else "",
        "shortest_challenge_s": lambda: EMBEDDED_CHALLENGE_S if here else CHALLENGE_S,
        "smallest_stake_wei": lambda: WHOLE,
    }
    return Plan(
        **{
            name: default() if changes.get(name) is None else changes[name]
            for name, default in defaults.items()
        }
    )
