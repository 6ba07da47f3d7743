"""The site's transaction in a contract that a guardian paused past the site."""

from __future__ import annotations

from chain.operator.calls import call
from chain.operator.fees import GWEI
from chain.operator.following import follow
from chain.operator.funding import fund
from chain.operator.keys import Role, signer
from chain.operator.models import Deployment, Transaction
from chain.operator.selectors import CURATION
from chain.operator.transactions import submit
from tests.chain.chains import OwnChain

Status = Transaction.Status


def pause_by_hand(chain: OwnChain, to: str) -> None:
    """The guardian pauses, past this site."""
    guardian = signer(Role.GUARDIAN)
    fund(chain.node, guardian.address)
    fields = {"chainId": 31337, "nonce": chain.count(guardian.address), "gas": 100_000, "to": to}
    fields |= {"maxFeePerGas": 90 * GWEI, "maxPriorityFeePerGas": GWEI, "value": 0}
    send_by_hand(chain, guardian.sign(fields | {"data": call(CURATION, "pause")}).raw)


def send_by_hand(chain: OwnChain, raw: bytes) -> None:
    """What a node is handed, in a block of its own."""
    chain.automine(False)
    chain.node.call("eth_sendRawTransaction", f"0x{raw.hex()}")
    chain.mine()
    chain.automine(True)


def open_by_hand(chain: OwnChain, contracts: dict[str, Deployment]) -> Transaction:
    """A transaction that is in no block yet, and that no node remembers."""
    to = contracts[CURATION].address
    times = (chain.now() + 600, chain.now() + 600, chain.now() + 900, 300)
    chain.automine(False)
    row = submit(purpose="open round 7", to=to, data=call(CURATION, "openRound", 7, times))
    assert row.status == Status.SENT
    chain.node.call("anvil_dropAllTransactions")
    chain.automine(True)
    return row


def open_in_paused_contract(chain: OwnChain, contracts: dict[str, Deployment]) -> Transaction:
    """A transaction that was fine when it was estimated; then the guardian paused."""
    row = open_by_hand(chain, contracts)
    pause_by_hand(chain, row.to)
    send_by_hand(chain, bytes(row.raw))
    follow()
    row.refresh_from_db()
    return row
