import itertools
import os
import resource
import signal
import stat
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.env import EnvironmentInvalid, embedded_urls, read_env, storage_options
from project.stack.processes import environment

KEY = {"SECRET_KEY": "given"}
WRONG = {
    "PORT": ["0", "65536", "-1", "eighty", "80.5", "1e3"],
    "DEBUG": ["maybe", "2", "on!"],
    "TRAINING_RECIPE": ["{", "[]", "7", "null", '{"steps": 0}', '{"nothing": 1}'],
    "SITE_URL": [
        "salon.example",
        "ftp://salon.example",
        "http://",
        "https:salon",
        "http://host:many",
        "http://[::1",
        "https://salon.example/path",
        "https://salon.example?x=1",
    ],
    "DATABASE_URL": ["mysql://host/db", "postgres://", "host/db", "postgres://host:x/db"],
    "REDIS_URL": ["http://host", "redis://", "memory"],
    "BROKER_URL": ["kafka://host", "amqp://"],
    "STORAGE_URL": ["http://host/x", "s3://", "s3:///key", "file://media/x", "file:x", "/media"],
    "SALON_DEVICE": ["gpu", "cuda:", "cuda:one", "CPU", "cuda:0;x"],
    "SALON_DTYPE": ["float8", "Float32"],
    "SALON_OFFLOAD": ["yes", "cpu"],
    "SALON_SLICING": ["ja"],
    "SALON_COMPILE": ["fast"],
    "GENERATION_BATCH": ["0", "65", "many"],
    "GENERATION_THREADS": ["-1", "513"],
    "PROXY_COUNT": ["-1", "9", "some"],
    "CHAIN_PORT": ["0", "65536", "anvil"],
    "RPC_URL": ["node.example", "ws://node.example", "http://", "http://h:x", "http://h/#a"],
    "CHAIN_ID": ["0", "-1", "mainnet", "0x1", str(2**53)],
    "PUBLIC_RPC_URL": ["node.example", "wss://node.example"],
    "RPC_ALLOW_PRIVATE": ["always"],
    "EMBEDDED_CHAIN": ["anvil"],
    "RPC_CHECK_URL": ["node.example"],
    "RPC_CHECK_RECEIPTS": ["maybe"],
    "FINALITY_DEPTH": ["0", "deep"],
    "MAX_FEE_GWEI": ["0", "cheap", "0.5"],
    "CHALLENGE_S": ["0", "1209601", "a day"],
    "RESULT_HOURS": ["0", "721"],
    "BALLOT_ANCHOR_S": ["9", "86401", "often"],
    "REPUTATION_AGE_HOURS": ["-1", "721", "a day"],
    "REPUTATION_GOLD": ["0", "51"],
    "PAIRS_PER_ROUND": ["0", "1001"],
    "STAFF_PASSKEYS": ["no", "REQUIRED"],
    "MODERATION_HOST": ["https://desk.example", "desk.example/x", "a:b", "me@desk.example", "a b"],
    "VALIDATORS": [
        "{",
        "[]",
        '{"beauty": {}}',
        '{"safety": "off"}',
        '{"safety": {"policy": "burn"}}',
        '{"safety": {"threshold": "high"}}',
        '{"safety": {"threshold": true}}',
        '{"safety": {"threshold": NaN}}',
        '{"safety": {"limit": 1}}',
    ],
    "CHARTER_FILE": ["/nowhere/charter.toml", "/", "README.md"],
    "SAFETY_CLASSIFIER": ["opennsfw", "a..b", "a.b()", "off it"],
    "SAFETY_TIMEOUT_S": ["0", "601", "long"],
    "LOG_LEVEL": ["info", "LOUD"],
    "LOG_FORMAT": ["xml"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_wrong_value_gives_one_line_with_name_value_and_what_is_right(name, value):
    beside = {"RPC_URL": "https://node.example"} if name == "CHAIN_ID" else {}
    beside |= {"CHAIN_ID": "1"} if name == "RPC_URL" else {}
    with pytest.raises(EnvironmentInvalid) as caught:
        read_env(KEY | beside | {name: value})
    [line] = str(caught.value).splitlines()
    assert line.startswith(f"{name} is {value!r}: expected ")


def test_everything_wrong_is_told_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    wrong = {name: values[0] for name, values in WRONG.items()}
    with pytest.raises(EnvironmentInvalid) as caught:
        read_env(wrong | {"SALON_DATA": str(tmp_path / "file")})
    lines = str(caught.value).splitlines()
    assert {line.split()[0] for line in lines} == {*WRONG, "SALON_DATA"}
    assert len(lines) == len(WRONG) + 1


def test_every_field_is_a_variable_that_can_be_wrong_or_free_text():
    fields = {name.upper() for name in read_env(KEY).__slots__}
    assert fields - set(WRONG) == {
        *("SALON_DATA", "BIND", "SECRET_KEY", "SALON_MODEL", "CHAIN_NAME"),
        # These are told without their value.
        *("OPERATOR_KEY", "GUARDIAN_KEY", "DEPLOYER_KEY", "RECEIPT_KEY"),
        "RPC_GIVEN",  # whether RPC_URL is
    }


@given(st.sampled_from(sorted(WRONG)), st.text(max_size=30))
def test_any_text_is_either_taken_or_refused_in_plain_words(name, value):
    with suppress(EnvironmentInvalid):  # and nothing else
        read_env(KEY | {name: value})


def test_empty_values_mean_the_defaults():
    empty = read_env(KEY | dict.fromkeys(WRONG, "  "))
    assert empty == read_env(KEY)
    assert (empty.port, empty.bind, empty.debug) == (8000, "127.0.0.1", False)
    assert empty.site_url == "http://127.0.0.1:8000"


def test_right_values_are_taken():
    given_ = {
        "PORT": "9000",
        "DEBUG": "Yes",
        "SITE_URL": "https://salon.example/",
        "DATABASE_URL": "postgresql://u:p%40ss@db:5433/salon?sslmode=require",
        "REDIS_URL": "rediss://cache:6380/1",
        "BROKER_URL": "amqp://rabbit/",
        "STORAGE_URL": "s3://bucket?endpoint_url=https%3A%2F%2Fminio.example&region_name=x",
        "SALON_DEVICE": "cuda:1",
        "GENERATION_BATCH": "64",
    }
    env = read_env(KEY | given_)
    assert (env.port, env.debug, env.site_url) == (9000, True, "https://salon.example")
    assert (env.salon_device, env.generation_batch) == ("cuda:1", 64)
    for name in ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "STORAGE_URL"):
        assert getattr(env, name.lower()) == given_[name]
    assert storage_options(env.storage_url)["OPTIONS"] == {
        "bucket_name": "bucket",
        "file_overwrite": True,
        "endpoint_url": "https://minio.example",
        "region_name": "x",
    }


def test_chain_is_the_embedded_one_unless_a_node_is_given():
    env = read_env(KEY | {"CHAIN_PORT": "9545"})
    assert (env.rpc_url, env.chain_id) == ("http://127.0.0.1:9545", 31337)
    assert (env.chain_name, env.public_rpc_url) == ("Salon embedded chain", env.rpc_url)
    assert env.rpc_is_embedded
    public = read_env(KEY | {"SITE_URL": "https://salon.example"})
    assert public.public_rpc_url == ""  # a visitor's wallet would ask the visitor's own machine


def test_given_node_needs_its_chain_id():
    node = {"RPC_URL": "https://node.example/v3/key?x=1"}
    with pytest.raises(EnvironmentInvalid, match=r"CHAIN_ID is '': expected .* RPC_URL"):
        read_env(KEY | node)
    env = read_env(KEY | node | {"CHAIN_ID": "1"})
    assert (env.rpc_url, env.chain_id, env.chain_name) == (node["RPC_URL"], 1, "Ethereum")
    assert env.public_rpc_url == ""
    assert not env.rpc_is_embedded
    other = read_env(KEY | node | {"CHAIN_ID": "17000"})
    assert other.chain_name == "Chain 17000"
    named = {"CHAIN_NAME": "Our chain", "PUBLIC_RPC_URL": "https://rpc.example/"}
    env = read_env(KEY | node | {"CHAIN_ID": "17000"} | named)
    assert (env.chain_name, env.public_rpc_url) == ("Our chain", "https://rpc.example/")


def test_chain_id_of_another_chain_needs_a_node():
    with pytest.raises(EnvironmentInvalid, match=r"CHAIN_ID is '1': expected 31337.*RPC_URL"):
        read_env(KEY | {"CHAIN_ID": "1"})


DEMO = {
    "EMBEDDED_CHAIN": "1",
    "CHAIN_PORT": "9545",
    "RPC_URL": "http://127.0.0.1:9545",
    "CHAIN_ID": "31337",
    "BIND": "127.0.0.1",
    "SITE_URL": "http://127.0.0.1:8000",
    "PROXY_COUNT": "0",
}
ELSEWHERE = {
    "EMBEDDED_CHAIN": ["", "0"],
    "CHAIN_PORT": ["9546"],
    "RPC_URL": [
        *("http://127.0.0.1:9546", "http://127.0.0.1", "http://10.0.0.1:9545"),
        *("https://node.example:9545", "http://127.0.0.1.node.example:9545", "http://0.0.0.0:9545"),
    ],
    "CHAIN_ID": ["1", "1337"],
    "BIND": ["0.0.0.0", "::", "192.168.1.5", "salon.example"],
    "SITE_URL": [
        *("https://salon.example", "http://salon.example:8000", "http://192.168.1.5:8000"),
        *("http://127.0.0.1.salon.example", "http://0.0.0.0:8000", "http://localhost.example"),
    ],
    "PROXY_COUNT": ["1"],
}


def test_threat_33_demo_wallet_exists_on_loopback_with_our_own_chain():
    assert read_env(KEY | DEMO).demo_wallet
    for host in ("localhost", "[::1]"):
        bind = host.strip("[]")
        assert read_env(KEY | DEMO | {"BIND": bind, "SITE_URL": f"http://{host}:8000"}).demo_wallet


def test_threat_33_demo_wallet_exists_in_no_other_combination():
    """Every choice of right and wrong values for the seven variables but the one all right."""
    choices = [[DEMO[name], *ELSEWHERE[name]] for name in DEMO]
    tried = 0
    for values in itertools.product(*choices):
        given_ = dict(zip(DEMO, values, strict=True))
        if given_ == DEMO or (given_["CHAIN_PORT"] == "9546" and "9546" in given_["RPC_URL"]):
            continue  # the second is the same chain at another port
        assert not read_env(KEY | given_).demo_wallet, given_
        tried += 1
    assert tried > 2000


def test_threat_33_supervisor_alone_says_that_the_chain_is_its_own(monkeypatch):
    monkeypatch.setenv("EMBEDDED_CHAIN", "1")
    env = read_env(KEY)
    assert "EMBEDDED_CHAIN" not in environment(env, {"postgres", "valkey"})
    handed_down = environment(env, {"postgres", "valkey", "anvil"})
    assert handed_down["EMBEDDED_CHAIN"] == "1"
    assert read_env(KEY | handed_down).demo_wallet
    without = environment(env, set())
    assert not read_env(KEY | without).demo_wallet


@pytest.mark.parametrize(
    ("cores", "given", "threads"),
    [(2, 0, 1), (16, 0, 8), (1, 0, 1), (4096, 0, 512), (None, 0, 1), (16, 3, 3)],
)
def test_the_two_workers_that_compute_share_the_cores(monkeypatch, cores, given, threads):
    monkeypatch.setattr("project.stack.processes.os.cpu_count", lambda: cores)
    env = read_env(KEY | {"GENERATION_THREADS": str(given)})
    handed_down = environment(env, set())
    assert read_env(KEY | handed_down).generation_threads == threads


def test_data_folder_with_spaces_and_signs_has_usable_urls(tmp_path):
    data = tmp_path / "my data #1 ? ü"
    env = read_env(KEY | {"SALON_DATA": str(data)})
    assert storage_options(env.storage_url)["OPTIONS"] == {"location": str(data / "media")}
    assert env.database_url == embedded_urls(data)["DATABASE_URL"]


def test_secret_key_is_made_once_private_and_kept(tmp_path):
    data = tmp_path / "new" / "data"
    first = read_env({"SALON_DATA": str(data)}).secret_key
    assert len(first) >= 50
    assert read_env({"SALON_DATA": str(data)}).secret_key == first
    assert stat.S_IMODE((data / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in data.iterdir()] == ["secret_key"]


def test_racing_processes_agree_on_one_secret_key(tmp_path):
    keys = []
    together = threading.Barrier(20)

    def read() -> None:
        together.wait(timeout=10)
        keys.append(read_env({"SALON_DATA": str(tmp_path / "data")}).secret_key)

    threads = [threading.Thread(target=read) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 20
    assert len(set(keys)) == 1


def failing(data: Path) -> str:
    with pytest.raises(EnvironmentInvalid) as caught:
        read_env({"SALON_DATA": str(data)})
    [line] = str(caught.value).splitlines()
    return line


def test_data_folder_that_is_a_file_is_told_with_the_remedy(tmp_path):
    (tmp_path / "file").write_text("")
    for data in (tmp_path / "file", tmp_path / "file" / "below"):
        assert str(data) in failing(data)
        assert "Point SALON_DATA at a folder" in failing(data)


def test_full_disk_is_told_and_leaves_no_empty_key(tmp_path):
    """A limit on the size of files stands in for the full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        message = failing(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert "File too large" in message
    assert list(tmp_path.iterdir()) == []
    assert read_env({"SALON_DATA": str(tmp_path)}).secret_key


@pytest.mark.parametrize("content", [b"", b"  \n", b"\xff\xfe"])
def test_key_file_without_a_key_is_told_and_not_used(tmp_path, content):
    (tmp_path / "secret_key").write_bytes(content)
    assert "holds no key" in failing(tmp_path)


def test_data_folder_nobody_can_find_is_told(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    for data in (Path("~no-such-user/salon"), tmp_path / "a" / "salon"):
        assert "SALON_DATA is " in failing(data)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_rights_is_told(tmp_path):
    tmp_path.chmod(0o500)
    assert "Permission denied" in failing(tmp_path / "data")


def test_threat_27_staff_need_passkeys_on_every_chain_but_the_embedded_one():
    rpc = {"RPC_URL": "https://node.example", "CHAIN_ID": "1"}
    assert read_env(KEY).staff_passkeys == "offered"
    assert read_env(KEY | rpc).staff_passkeys == "required"
    assert read_env(KEY | rpc | {"EMBEDDED_CHAIN": "1"}).staff_passkeys == "offered"
    assert read_env(KEY | {"STAFF_PASSKEYS": "required"}).staff_passkeys == "required"
    assert (
        read_env(KEY | {"MODERATION_HOST": "Desk.example:80"}).moderation_host == "desk.example:80"
    )
