"""Commands tell what is wrong and what to do, without a traceback."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from project.env import BASE

_ASK_READINESS = """
import django; django.setup()
from django.test import Client
answer = Client(SERVER_NAME="testserver").get("/readyz")
print(answer.status_code, answer.content.decode())
"""


@pytest.fixture
def manage(salon_environment):
    def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE,
            env=salon_environment | changes,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    return run


def refused(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.fixture
def pickled(tmp_path) -> Path:
    """A model whose weights would run code when read."""
    folder = tmp_path / "pickled"
    (folder / "unet").mkdir(parents=True)
    unet = ["diffusers", "UNet2DConditionModel"]
    index = {"_class_name": "StableDiffusionPipeline", "unet": unet}
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "unet" / "config.json").write_text("{}")
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n.")
    return folder


def test_wrong_settings_are_listed_with_what_is_right(manage):
    message = refused(manage("check", PORT="many", SALON_DTYPE="float8"))
    assert message.splitlines() == [
        "Salon cannot start:",
        "PORT is 'many': expected a whole number from 1 to 65535.",
        "SALON_DTYPE is 'float8': expected one of auto, float32, float16, bfloat16.",
    ]


def test_data_folder_that_is_a_file_is_told(manage, tmp_path):
    (tmp_path / "file").write_text("")
    message = refused(manage("check", SALON_DATA=str(tmp_path / "file"), SECRET_KEY=""))
    assert "Point SALON_DATA at a folder you can write to" in message


def test_prepare_without_a_model_names_the_remedy(manage, tmp_path):
    message = refused(manage("prepare", SALON_MODEL=str(tmp_path / "none")))
    assert "There is no folder" in message
    assert "model_index.json" in message


def test_prepare_refuses_pickled_weights_and_says_how_to_convert_them(
    transactional_db, settings, pickled
):
    settings.ENV = dataclasses.replace(settings.ENV, salon_model=str(pickled))
    with pytest.raises(CommandError, match=r"(?s)pickle.*safe_serialization=True"):
        call_command("prepare")


def test_without_services_prepare_and_readyz_say_which(salon_environment):
    url = "postgres://salon:hidden@/salon?host=%2Fnowhere&connect_timeout=1"
    away = {"DATABASE_URL": url, "REDIS_URL": "unix:///nowhere/valkey.sock"}
    commands = (["manage.py", "prepare"], ["-c", _ASK_READINESS])
    prepare, ask = (
        subprocess.Popen(
            [sys.executable, *command],
            cwd=BASE,
            env=salon_environment | away,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    )
    _, message = prepare.communicate(timeout=60)
    assert prepare.returncode != 0
    assert "DATABASE_URL" in message
    assert "Traceback" not in message
    assert "hidden" not in message
    status, body = ask.communicate(timeout=60)[0].splitlines()[-1].split(" ", 1)
    answer = json.loads(body)
    assert (status, answer["ready"]) == ("503", False)
    assert "ok" not in answer["checks"].values()
