import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from eth_abi.abi import decode
from eth_account import Account

from chain.artifacts import FOLDER, bytecode
from chain.indexer.models import Block, Progress
from chain.operator import deploying
from chain.operator.deploying import FAUCET_WEI, PORTION_WEI, SUPPLY_WEI, WHOLE, deploy
from chain.operator.embedded import ensure_contracts
from chain.operator.errors import AlreadyDeployed, DeploymentRefused, KeyMissing
from chain.operator.funding import PORTION_WEI as PAYMENT_WEI
from chain.operator.keys import Role, signer
from chain.operator.models import Deployment, Transaction
from chain.operator.plans import default_plan
from chain.operator.roles import has_role
from chain.operator.selectors import CURATION, FAUCET, TOKEN, is_on_chain
from curation.accounts.wallets import NodeUnreachable
from curation.stakes.models import Balance
from project.variables import KeySource
from tests.chain.chains import own_chain

from .test_transactions import Killed

DEPLOYER = Account.from_key("0x" + "d1" * 32)


def addresses() -> dict[str, str]:
    return dict(Deployment.objects.values_list("name", "address"))


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("deploy_contracts", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def public(settings, db):
    """A chain that is not ours, with a deployer who has the means."""
    with own_chain(chain_id=4242) as made:
        settings.RPC_URL, settings.CHAIN_ID = made.url, 4242
        settings.EMBEDDED_CHAIN = False
        settings.SITE_KEYS = settings.SITE_KEYS | {
            "deployer": KeySource(key=DEPLOYER.key.hex().removeprefix("0x"))
        }
        made.node.call("anvil_setBalance", DEPLOYER.address, hex(10**20))
        yield made


@pytest.fixture
def people() -> list[str]:
    """Arguments that name an operator and a guardian whose keys are elsewhere."""
    operator, guardian = (Account.create().address for _ in range(2))
    return ["--operator", operator, "--guardian", guardian]


def test_embedded_contracts_are_deployed_and_recorded(chain, contracts):
    assert list(contracts) == [TOKEN, CURATION, FAUCET]
    token, faucet = contracts[TOKEN].address, contracts[FAUCET].address
    operator = signer(Role.OPERATOR).address
    assert chain.ask(token, TOKEN, "totalSupply") == SUPPLY_WEI
    assert chain.ask(token, TOKEN, "balanceOf", faucet) == FAUCET_WEI
    assert chain.ask(token, TOKEN, "balanceOf", operator) == SUPPLY_WEI - FAUCET_WEI
    assert chain.ask(contracts[CURATION].address, CURATION, "token") == token.lower()
    for name, contract in contracts.items():
        artifact = json.loads((FOLDER / f"{name}.json").read_text())
        receipt = chain.node.call("eth_getTransactionReceipt", f"0x{contract.tx_hash}")
        assert receipt["contractAddress"] == contract.address.lower()
        assert int(receipt["blockNumber"], 16) == contract.block_number
        assert contract.compiler == artifact["compiler"]
        assert (
            len(chain.node.code_at(contract.address)) == len(artifact["deployedBytecode"]) // 2 - 1
        )


def test_roles_go_to_three_keys_that_anvil_does_not_unlock(chain, contracts):
    for role in (Role.OPERATOR, Role.GUARDIAN):
        assert [has_role(role, signer(other).address) for other in Role] == [
            role == other for other in Role
        ]
    assert not {signer(role).address for role in Role} & set(chain.accounts)


def test_members_get_a_portion_of_the_faucet(chain, contracts):
    member = chain.accounts[3]
    chain.act(member, contracts[FAUCET].address, FAUCET, "give")
    assert chain.ask(contracts[TOKEN].address, TOKEN, "balanceOf", member) == PORTION_WEI


def test_keys_are_paid_for_gas_once(chain, contracts):
    for role in (Role.OPERATOR, Role.DEPLOYER):
        balance = chain.balance_wei(signer(role).address)
        assert PAYMENT_WEI * 0.9 < balance < PAYMENT_WEI
    assert chain.balance_wei(signer(Role.GUARDIAN).address) == 0  # until it does something


def test_deploying_twice_is_refused_unless_asked_for(chain, contracts):
    with pytest.raises(AlreadyDeployed):
        deploy(default_plan())
    with pytest.raises(CommandError, match="has its contracts on chain 31337"):
        said()
    before = addresses()
    Balance.objects.create(address=chain.accounts[0], amount_wei=5)
    out = said("--again")
    assert len(addresses()) == 3
    assert not set(addresses().values()) & set(before.values())
    assert all(address in out for address in addresses().values())
    assert not Balance.objects.exists()  # it was the old token's
    with pytest.raises(AlreadyDeployed):
        deploy(default_plan())


def test_embedded_chain_gets_its_contracts_by_itself_and_once(chain, db):
    assert len(list(ensure_contracts())) == 3
    before, transactions = addresses(), Transaction.objects.count()
    assert list(ensure_contracts()) == []
    assert addresses() == before
    assert Transaction.objects.count() == transactions


def test_threat_33_no_other_chain_gets_contracts_by_itself(public):
    assert list(ensure_contracts()) == []
    assert not Deployment.objects.exists()
    assert int(public.node.call("eth_blockNumber"), 16) == 0


def test_chain_that_was_thrown_away_gets_new_contracts(chain, contracts, settings):
    at = timezone.now()
    Block.objects.create(number=3, hash="aa" * 32, parent_hash="bb" * 32, at=at)
    Progress.objects.create(chain_id=31337, next_block=4)
    Balance.objects.create(address=chain.accounts[0], amount_wei=5)
    with own_chain() as another:
        settings.RPC_URL = another.url
        first, *rest = ensure_contracts()
        assert "is a new one" in first
        assert len(rest) == 3
        assert all(another.node.code_at(address) for address in addresses().values())
        assert not Block.objects.exists()
        assert not Progress.objects.exists()
        assert not Balance.objects.exists()
        assert list(ensure_contracts()) == []
    purposes = Transaction.objects.values_list("purpose", flat=True)
    assert sorted(purposes)[:3] == ["deploy Curation", "deploy Faucet", "deploy SalonToken"]


@pytest.mark.parametrize("target", ["_created", "_faucet", "wait"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_deployment_cut_short_goes_on_and_creates_nothing_twice(
    chain, db, monkeypatch, target, after
):
    real, calls = getattr(deploying, target), []

    def dying(*args, **kwargs):
        calls.append(1)
        if len(calls) > after:
            raise Killed
        return real(*args, **kwargs)

    with monkeypatch.context() as broken:
        broken.setattr(deploying, target, dying)
        try:
            deploy(default_plan())
        except Killed:
            assert not deploying.is_complete()
        else:
            assert target == "_faucet"  # which comes once
            return
    deploy(default_plan())
    assert len(addresses()) == 3
    assert chain.count(signer(Role.DEPLOYER).address) == 3
    assert chain.count(signer(Role.OPERATOR).address) == 1
    assert chain.ask(addresses()[TOKEN], TOKEN, "balanceOf", addresses()[FAUCET]) == FAUCET_WEI


def test_other_arguments_half_way_are_refused(chain, db, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(deploying, "_faucet", lambda token: 1 // 0)
        broken.setattr(deploying.Deployment.objects, "create", lambda **_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            deploy(default_plan())
    with pytest.raises(DeploymentRefused, match="other arguments"):
        deploy(default_plan(treasury=chain.accounts[1]))


def test_elsewhere_the_deployer_deploys_for_people_whose_keys_it_has_not(public, people):
    treasury = Account.create().address
    out = said(*people, "--treasury", treasury, "--smallest-stake", "2.5")
    assert set(addresses()) == {TOKEN, CURATION}  # and no faucet
    curation = addresses()[CURATION]
    assert public.ask(addresses()[TOKEN], TOKEN, "balanceOf", treasury) == SUPPLY_WEI
    assert public.ask(curation, CURATION, "smallestStake") == 5 * WHOLE // 2
    assert public.ask(curation, CURATION, "shortestChallenge") == 86_400
    assert has_role(Role.OPERATOR, people[1])
    assert has_role(Role.GUARDIAN, people[3])
    assert is_on_chain()
    found = Deployment.objects.get(name=CURATION)
    encoded = next(line for line in out.splitlines()[::-1] if "encoded  " in line).split()[1]
    types = ["address", "address", "address", "address", "uint256", "uint256"]
    values = decode(types, bytes.fromhex(encoded[2:]))
    assert values[1:4] == (DEPLOYER.address.lower(), people[1].lower(), people[3].lower())
    sent = public.node.call("eth_getTransactionByHash", f"0x{found.tx_hash}")
    assert sent["input"] == f"0x{bytecode(CURATION).hex()}{encoded[2:]}"
    assert found.compiler in out
    assert f"block {found.block_number}" in out
    assert "compile.mjs --check" in out


def test_token_that_is_there_already_is_used(public, people):
    said(*people, "--treasury", people[1])
    token, first = addresses()[TOKEN], Deployment.objects.get(name=TOKEN).block_number
    public.mine(5)
    Deployment.objects.all().delete()
    Transaction.objects.all().delete()
    assert "was there before" in said(*people, "--token", token)
    assert addresses()[TOKEN] == token
    assert Deployment.objects.get(name=TOKEN).block_number == first
    assert public.ask(addresses()[CURATION], CURATION, "token") == token.lower()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--treasury"),
        (["--token", "0x" + "11" * 20], "no contract at"),
        (["--token", "0x1234"], "no Ethereum address"),
        (["--treasury", "0x" + "11" * 20, "--smallest-stake", "0"], "more than nothing"),
        (["--treasury", "0x" + "11" * 20, "--smallest-stake", "much"], "expected a number"),
        (["--treasury", "0x" + "11" * 20, "--shortest-challenge", "1300000"], "times are not"),
        (["--treasury", "0x" + "11" * 20, "--admin", "OPERATOR"], "three addresses"),
        (
            [
                "--treasury",
                "0x" + "11" * 20,
                "--guardian",
                "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
            ],
            "development chains",
        ),
    ],
)
def test_unsafe_or_impossible_plan_is_refused(public, people, arguments, words):
    arguments = [people[1] if a == "OPERATOR" else a for a in arguments]
    with pytest.raises(CommandError, match=words):
        said(*people, *arguments)
    assert not Deployment.objects.filter(name=CURATION).exists()


def test_deployment_on_a_wrong_chain_is_refused(public, people, settings):
    settings.CHAIN_ID = 1
    with pytest.raises(CommandError, match="of chain 0x1092, not 1"):
        said(*people, "--treasury", people[1])
    with pytest.raises(NodeUnreachable):
        deploy(default_plan(operator=people[1], guardian=people[3], treasury=people[1]))
    assert int(public.node.call("eth_blockNumber"), 16) == 0


def test_deployment_without_a_key_is_refused(public, people, settings):
    settings.SITE_KEYS = settings.SITE_KEYS | {"deployer": KeySource()}
    with pytest.raises(CommandError, match="DEPLOYER_KEY"):
        said(*people, "--treasury", people[1])
    with pytest.raises(KeyMissing):
        default_plan()
    with pytest.raises(CommandError, match="OPERATOR_KEY"):
        said("--treasury", people[1], "--admin", people[3])


def test_deployer_without_means_is_told(public, people):
    public.node.call("anvil_setBalance", DEPLOYER.address, "0x1")
    plan = default_plan(operator=people[1], guardian=people[3], treasury=people[1])
    with pytest.raises(Exception, match=r"(?i)insufficient funds"):
        deploying.wait(
            deploying.submit(
                purpose="deploy SalonToken",
                to="",
                role=Role.DEPLOYER,
                data=deploying.creation(TOKEN, plan.treasury, SUPPLY_WEI),
            ),
            timeout_s=0.5,
        )
