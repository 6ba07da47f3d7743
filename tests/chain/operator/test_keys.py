import dataclasses
import json
import logging
import os
import pickle
import stat
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.views.debug import SafeExceptionReporterFilter
from eth_account import Account

from chain.operator import keys
from chain.operator.errors import KeyMissing, KeyRefused, KeyUnusable
from chain.operator.keys import Role, signer, signer_of
from project.env import BASE, EnvironmentInvalid, read_env
from project.variables import KeySource

SECRET = "4c0883a69102937d6231471b5dbb6204fe512961708279feb1be6ae5538da033"
ADDRESS = Account.from_key(SECRET).address
ANVILS_FIRST = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
FIELDS = {
    "chainId": 1,
    "nonce": 0,
    "gas": 21_000,
    "maxFeePerGas": 2,
    "maxPriorityFeePerGas": 1,
    "to": ADDRESS,
    "value": 0,
    "data": b"",
}


@pytest.fixture
def given(settings, tmp_path):
    """Sets where a role's key comes from."""
    settings.SITE_KEYS_FOLDER = tmp_path / "keys"

    def give(role: Role, **source: str) -> None:
        settings.SITE_KEYS = settings.SITE_KEYS | {role.value: KeySource(**source)}

    return give


@pytest.fixture
def elsewhere(settings) -> None:
    settings.EMBEDDED_CHAIN = False


@pytest.fixture
def keystore(tmp_path):
    """A keystore and its password's file."""
    made, password = tmp_path / "store.json", tmp_path / "password"
    content = Account.encrypt(SECRET, "a secret word", kdf="pbkdf2", iterations=1000)
    made.write_text(json.dumps(content))
    password.write_text("a secret word\n")
    return {"keystore": str(made), "password_file": str(password)}


def test_key_from_the_environment_signs_as_its_address(given):
    given(Role.OPERATOR, key=SECRET)
    signed = signer(Role.OPERATOR).sign(FIELDS)
    assert Account.recover_transaction(signed.raw) == ADDRESS
    assert signer(Role.OPERATOR).sign(FIELDS) == signed  # the same fields, the same hash


def test_keystore_opens_with_the_password_of_its_file(given, keystore):
    given(Role.GUARDIAN, **keystore)
    assert signer(Role.GUARDIAN).address == ADDRESS


@pytest.mark.parametrize("broken", ["password", "keystore", "json"])
def test_keystore_that_does_not_open_says_so_without_the_password(given, keystore, broken):
    from pathlib import Path

    if broken == "password":
        Path(keystore["password_file"]).write_text("another secret word")
    elif broken == "keystore":
        Path(keystore["keystore"]).unlink()
    else:
        Path(keystore["keystore"]).write_text("{")
    given(Role.GUARDIAN, **keystore)
    with pytest.raises(KeyUnusable, match="GUARDIAN_KEYSTORE") as caught:
        signer(Role.GUARDIAN)
    assert "secret word" not in "".join(traceback.format_exception(caught.value))


def test_without_a_key_the_message_names_the_variables(given, elsewhere):
    with pytest.raises(KeyMissing, match=r"OPERATOR_KEY, or OPERATOR_KEYSTORE"):
        signer(Role.OPERATOR)


def test_embedded_chain_makes_a_key_a_role_and_keeps_it_private(given, settings):
    made = {signer(role).address for role in Role}
    assert len(made) == len(Role)
    folder = settings.SITE_KEYS_FOLDER
    assert {path.name for path in folder.iterdir()} == {"operator", "guardian", "deployer"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    keys._signer.cache_clear()
    assert {signer(role).address for role in Role} == made


def test_racing_processes_agree_on_the_key_made_at_first_use(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        folders = [tmp_path / str(n) for n in range(20) for _ in range(8)]
        found = list(pool.map(lambda folder: (folder, keys._kept(folder, Role.OPERATOR)), folders))
    assert len(set(found)) == 20
    assert all(len(list(folder.iterdir())) == 1 for folder in set(folders))


def test_kept_key_that_others_can_read_is_refused(given, settings):
    signer(Role.OPERATOR)
    keys._signer.cache_clear()
    (settings.SITE_KEYS_FOLDER / "operator").chmod(0o644)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        signer(Role.OPERATOR)


@pytest.mark.parametrize("content", ["", "00" * 32, "ff" * 32, "zz" * 32, "12" * 31, "\xff"])
def test_kept_file_that_is_no_key_is_told(given, settings, content):
    settings.SITE_KEYS_FOLDER.mkdir()
    path = settings.SITE_KEYS_FOLDER / "operator"
    path.write_bytes(content.encode("latin-1"))
    path.chmod(0o600)
    with pytest.raises(KeyUnusable):
        signer(Role.OPERATOR)


@pytest.mark.parametrize("embedded", [True, False])
@pytest.mark.parametrize("role", list(Role))
def test_threat_33_well_known_keys_are_no_keys_of_the_site(given, settings, role, embedded):
    settings.EMBEDDED_CHAIN = embedded
    given(role, key=ANVILS_FIRST)
    with pytest.raises(KeyRefused) as caught:
        signer(role)
    assert ANVILS_FIRST not in str(caught.value)


@pytest.mark.parametrize(
    ("beside", "embedded"),
    [
        ({}, True),  # a shell beside `make run`
        ({"RPC_URL": "http://127.0.0.1:8545", "CHAIN_ID": "31337", "EMBEDDED_CHAIN": "1"}, True),
        ({"RPC_URL": "http://127.0.0.1:8545", "CHAIN_ID": "31337"}, False),  # somebody's own anvil
        ({"RPC_URL": "http://127.0.0.1:8545", "CHAIN_ID": "1", "EMBEDDED_CHAIN": "1"}, False),
        ({"RPC_URL": "http://10.0.0.7:8545", "CHAIN_ID": "31337", "EMBEDDED_CHAIN": "1"}, False),
        ({"RPC_URL": "http://127.0.0.1:9", "CHAIN_ID": "31337", "EMBEDDED_CHAIN": "1"}, False),
        ({"RPC_URL": "https://node.example", "CHAIN_ID": "1"}, False),
    ],
)
def test_threat_33_keys_are_made_up_on_the_embedded_chain_alone(
    beside, embedded, settings, tmp_path
):
    env = read_env({"SECRET_KEY": "x", "SALON_DATA": str(tmp_path)} | beside)
    settings.EMBEDDED_CHAIN = env.on_embedded_chain
    settings.SITE_KEYS_FOLDER = tmp_path / "keys"
    assert env.on_embedded_chain is embedded
    if embedded:
        assert signer(Role.OPERATOR).address
    else:
        with pytest.raises(KeyMissing):
            signer(Role.OPERATOR)
        assert not (tmp_path / "keys").exists()


def test_threat_28_key_is_in_no_text_about_it(given, settings, caplog):
    env = read_env({"SECRET_KEY": "x" * 50, "OPERATOR_KEY": f"0x{SECRET}"})
    given(Role.OPERATOR, **dataclasses.asdict(env.operator_key))
    settings.ENV = env
    found = signer(Role.OPERATOR)
    logging.getLogger("test").warning("%s %r %s", found, env, settings.SITE_KEYS)
    safe = SafeExceptionReporterFilter().get_safe_settings()
    texts = [str(found), repr(found), f"{found}", repr(env), str(safe), caplog.text]
    texts += [repr(vars(type(found))), str(dir(found)), repr(env.operator_key)]
    for text in texts:
        assert SECRET not in text.lower()
        assert str(int(SECRET, 16)) not in text
    assert "x" * 50 not in repr(env)
    with pytest.raises(TypeError):
        pickle.dumps(found)


@pytest.mark.parametrize("value", ["hunter2hunter2", SECRET[:-1], SECRET + "0", "g" + SECRET[1:]])
def test_threat_28_wrong_key_is_told_without_repeating_it(value):
    with pytest.raises(EnvironmentInvalid, match="OPERATOR_KEY is no private key") as caught:
        read_env({"SECRET_KEY": "x", "OPERATOR_KEY": value})
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    "beside",
    [
        {"GUARDIAN_KEYSTORE": "/k"},
        {"GUARDIAN_KEYSTORE_PASSWORD_FILE": "/p"},
        {
            "GUARDIAN_KEY": SECRET,
            "GUARDIAN_KEYSTORE": "/k",
            "GUARDIAN_KEYSTORE_PASSWORD_FILE": "/p",
        },
    ],
)
def test_half_a_keystore_or_one_too_many_is_refused(beside):
    with pytest.raises(EnvironmentInvalid, match="GUARDIAN_KEYSTORE") as caught:
        read_env({"SECRET_KEY": "x"} | beside)
    assert SECRET not in str(caught.value)


def test_address_finds_its_key_or_none(given, elsewhere):
    given(Role.GUARDIAN, key=SECRET)
    found = signer_of(ADDRESS)
    assert found is not None
    assert found.role == Role.GUARDIAN
    assert signer_of("0x" + "11" * 20) is None


def test_processes_that_sign_nothing_start_without_a_key(tmp_path):
    environment = os.environ | {
        "RPC_URL": "https://node.example",
        "CHAIN_ID": "1",
        "SALON_DATA": str(tmp_path),
        "SECRET_KEY": "x",
    }
    environment.pop("EMBEDDED_CHAIN")
    start = (
        "import django; django.setup();"
        "import chain.actors, generation.actors, project.scheduler, project.asgi"
    )
    done = subprocess.run(
        [sys.executable, "-c", start],
        cwd=BASE,
        env=environment | {"DJANGO_SETTINGS_MODULE": "project.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "keys").exists()
