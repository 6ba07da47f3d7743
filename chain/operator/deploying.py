"""Deploys the site's contracts, step by step: a deployment that was cut short goes on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from chain.client import site_node
from chain.errors import NodeRefused
from chain.indexer.models import Block, Log, Progress
from chain.operator.calls import artifact, call, creation
from chain.operator.errors import AlreadyDeployed, DeploymentRefused
from chain.operator.following import wait
from chain.operator.heads import View, chain_id, look
from chain.operator.keys import Role
from chain.operator.models import Deployment, Transaction
from chain.operator.selectors import CURATION, FAUCET, TOKEN, deployment
from chain.operator.transactions import submit
from chain.tallies.models import Snapshot
from curation.accounts.known_keys import WELL_KNOWN
from curation.accounts.rules import checksum_address
from curation.stakes import projections

WHOLE = 10**18  # one token in its smallest unit
SUPPLY_WEI = 100_000_000 * WHOLE
FAUCET_WEI = 50_000_000 * WHOLE
PORTION_WEI = 1_000 * WHOLE
FAUCET_PAUSE_S = 3600


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to deploy; addresses are EIP-55."""

    admin: str
    operator: str
    guardian: str
    token: str = ""  # an ERC-20 that is there already
    token_since: int | None = None  # its first block; None has it looked for
    treasury: str = ""  # who gets the whole supply of a new token
    shortest_challenge_s: int
    smallest_stake_wei: int


def deploy(plan: Plan, *, again: bool = False) -> list[Deployment]:
    """Deploy what is missing and record it, in the order of deployment.

    Raises:
        AlreadyDeployed: nothing is missing; `again` deploys anew and forgets the old contracts.
        DeploymentRefused: the plan is unsafe, or another than one that is half carried out.
        KeyMissing, KeyUnusable, KeyRefused: there is no usable deployer key here.
        TransactionFailed, TransactionSlow: a step was refused, or takes long: run it again.
        NodeUnreachable: the node does not answer, or is of another chain.
    """
    _check(plan)
    view = look()
    if again:
        retire()
    elif is_complete():
        raise AlreadyDeployed(f"The site has its contracts on chain {chain_id()}.")
    token = _existing(plan, view) if plan.token else _new_token(plan)
    arguments = {
        "token_": token.address,
        "admin": plan.admin,
        "operator": plan.operator,
        "guardian": plan.guardian,
        "shortestChallenge_": plan.shortest_challenge_s,
        "smallestStake_": plan.smallest_stake_wei,
    }
    made = [token, _create(CURATION, arguments)]
    return made if not settings.EMBEDDED_CHAIN else [*made, _faucet(token)]


def is_complete() -> bool:
    """Whether every contract that belongs on this chain is recorded."""
    wanted = {CURATION, TOKEN} | ({FAUCET} if settings.EMBEDDED_CHAIN else set())
    found = Deployment.objects.filter(chain_id=chain_id()).values_list("name", flat=True)
    return wanted <= set(found)


def is_gone() -> bool:
    """Whether contracts are recorded that the chain does not have: it is another one by now."""
    recorded = Deployment.objects.filter(chain_id=chain_id())
    node = site_node()
    return any(not node.code_at(contract.address) for contract in recorded)


@transaction.atomic
def retire() -> None:
    """Forget the contracts and what was indexed of them; transactions stay as a record."""
    Deployment.objects.filter(chain_id=chain_id()).delete()
    until = f"{timezone.now():%Y%m%dT%H%M%S}"
    for row in Transaction.objects.filter(chain_id=chain_id(), to=""):
        if " until " not in row.purpose:
            row.purpose = f"{row.purpose} until {until}"
            row.save(update_fields=["purpose"])
    clear_projections()


@transaction.atomic
def forget_chain() -> None:
    """Forget all that happened on a chain that is no more. For the embedded one."""
    Deployment.objects.filter(chain_id=chain_id()).delete()
    Transaction.objects.filter(chain_id=chain_id()).delete()
    Snapshot.objects.filter(chain_id=chain_id()).delete()
    clear_projections()


def clear_projections() -> None:
    """Drop what the indexer wrote; it begins again at the contracts' first block."""
    projections.clear()
    Log.objects.all().delete()
    Block.objects.all().delete()
    Progress.objects.filter(chain_id=chain_id()).delete()


def _check(plan: Plan) -> None:
    roles = (plan.admin, plan.operator, plan.guardian)
    if len(set(roles)) < len(roles):
        raise DeploymentRefused(
            "Admin, operator and guardian must be three addresses: whoever stole one of the keys "
            "would have the others' powers."
        )
    if WELL_KNOWN & set(roles):
        raise DeploymentRefused("A role must not go to a key of development chains.")
    if not plan.token and not plan.treasury:
        raise DeploymentRefused(
            "Name an existing token with --token, or with --treasury who gets the supply of a "
            "new one."
        )


def _existing(plan: Plan, view: View) -> Deployment:
    if not view.node.code_at(plan.token):
        raise DeploymentRefused(f"There is no contract at {plan.token} on chain {chain_id()}.")
    first = _first_block(plan.token, view) if plan.token_since is None else plan.token_since
    return Deployment.objects.get_or_create(
        chain_id=chain_id(),
        name=TOKEN,
        defaults={"address": plan.token, "block_number": first},
    )[0]


def _first_block(address: str, view: View) -> int:
    """The block in which a contract was created: balances are sums from there on."""
    low, high = 0, view.number
    try:
        while low < high:
            middle = (low + high) // 2
            there = view.node.call("eth_getCode", address, hex(middle)) != "0x"
            low, high = (low, middle) if there else (middle + 1, high)
    except NodeRefused as error:
        raise DeploymentRefused(
            f"The node does not know in which block {address} was created ({error.message}). "
            "Say so with --token-since."
        ) from error
    return low


def _new_token(plan: Plan) -> Deployment:
    return _create(TOKEN, {"treasury": plan.treasury, "supply": SUPPLY_WEI})


def _faucet(token: Deployment) -> Deployment:
    """A faucet with half of the supply in it."""
    arguments = {"token_": token.address, "portion_": PORTION_WEI, "pause_": FAUCET_PAUSE_S}
    address = _created("deploy Faucet", creation(FAUCET, *arguments.values()))["address"]
    filling = call(TOKEN, "transfer", address, FAUCET_WEI)
    wait(submit(purpose=f"fill faucet {address}", to=token.address, data=filling))
    return _create(FAUCET, arguments)  # recorded last: as long as it is not, filling is repeated


def _create(name: str, arguments: dict[str, object]) -> Deployment:
    if (recorded := deployment(name)) is not None:
        return recorded
    code = creation(name, *arguments.values())
    return Deployment.objects.create(
        chain_id=chain_id(),
        name=name,
        code_hash=hashlib.sha256(code).hexdigest(),
        compiler=artifact(name)["compiler"],
        # As text: numbers of this size do not survive every reader of JSON.
        arguments={key: str(value) for key, value in arguments.items()},
        **_created(f"deploy {name}", code),
    )


def _created(purpose: str, code: bytes) -> dict[str, Any]:
    """Where a creation that was sent once has put the contract."""
    row = submit(purpose=purpose, to="", data=code, role=Role.DEPLOYER)
    if bytes(row.data) != code:
        raise DeploymentRefused(
            f"“{purpose}” was begun with other arguments. Run it with those, or with --again."
        )
    row = wait(row)
    view = look()
    for tx_hash in reversed(row.hashes):
        if (receipt := view.receipt(tx_hash)) is not None:
            address = checksum_address(receipt["contractAddress"])
            return {
                "address": address,
                "block_number": int(receipt["blockNumber"], 16),
                "tx_hash": tx_hash,
            }
    raise DeploymentRefused(f"“{purpose}” has left its block. Run it again.")
