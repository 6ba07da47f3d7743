"""Where the site's contracts are."""

from __future__ import annotations

from chain.operator.errors import NotDeployed
from chain.operator.heads import chain_id
from chain.operator.models import Deployment

CURATION, TOKEN, FAUCET = "Curation", "SalonToken", "Faucet"


def deployment(name: str) -> Deployment | None:
    """A contract of the site on its chain; None as long as there is none."""
    return Deployment.objects.filter(chain_id=chain_id(), name=name).first()


def address_of(name: str) -> str:
    """Where a contract of the site is.

    Raises:
        NotDeployed: nowhere.
    """
    if (found := deployment(name)) is None:
        raise NotDeployed(f"There is no {name} on chain {chain_id()}: run deploy_contracts.")
    return found.address


def ballot_domain() -> tuple[int, str] | None:
    """What every ballot has to name: chain id and address of Curation; None without contracts."""
    contract = deployment(CURATION)
    return None if contract is None else (contract.chain_id, contract.address)


def is_on_chain() -> bool:
    """Whether the site has its contracts, so that rounds are held on the chain too."""
    return deployment(CURATION) is not None
