"""Who may do what on the contract, and how a stolen key loses that."""

from __future__ import annotations

from django.db.models import QuerySet
from eth_utils.crypto import keccak

from chain.client import site_node
from chain.operator.calls import GAS_TO_READ, answer, call
from chain.operator.errors import OperatorError
from chain.operator.keys import Role
from chain.operator.models import Transaction
from chain.operator.selectors import CURATION, address_of
from chain.operator.transactions import submit


class RoleUnchanged(OperatorError):
    """The address has, or has not, that role already."""


def has_role(role: Role, address: str) -> bool:
    """Whether the contract lets an address act in a role.

    Raises:
        NotDeployed, NodeRefused, NodeUnreachable: the contract could not be asked.
    """
    data = call(CURATION, "hasRole", _hash(role), address)
    word = site_node().eth_call(to=address_of(CURATION), data=data, gas=GAS_TO_READ)
    return bool(answer(CURATION, "hasRole", word)[0])


def revoke(role: Role, address: str) -> Transaction:
    """Take a role from an address, with the admin's key. The first thing to do about a theft.

    Raises:
        RoleUnchanged: it does not have it.
        NotDeployed, NodeUnreachable, Key…: as `submit`.
    """
    return _change("revoke", role, address)


def grant(role: Role, address: str) -> Transaction:
    """Give a role to an address, with the admin's key.

    Raises:
        RoleUnchanged: it has it.
        NotDeployed, NodeUnreachable, Key…: as `submit`.
    """
    return _change("grant", role, address)


def was_revoked(role: Role, address: str) -> bool:
    """Whether a transaction of ours, of now or before, takes a role from an address."""
    return _sent("revoke", role, address).exclude(status=Transaction.Status.FAILED).exists()


def _change(verb: str, role: Role, address: str) -> Transaction:
    if has_role(role, address) == (verb == "grant"):
        has = "is" if verb == "grant" else "is not"
        raise RoleUnchanged(f"{address} {has} {role} of the contract.")
    included = [Transaction.Status.INCLUDED, Transaction.Status.FINAL]
    done = _sent(verb, role, address).filter(status__in=included).count()
    purpose = f"{verb} {role} {address} {done + 1}"  # it may be taken back and given again
    data = call(CURATION, f"{verb}Role", _hash(role), address)
    to = address_of(CURATION)
    return submit(purpose=purpose, to=to, data=data, role=Role.DEPLOYER, again=True)


def _sent(verb: str, role: Role, address: str) -> QuerySet[Transaction]:
    purpose = f"{verb} {role} {address}"
    return Transaction.objects.filter(to=address_of(CURATION), purpose__startswith=purpose)


def _hash(role: Role) -> bytes:
    return keccak(text=f"{role.upper()}_ROLE")
