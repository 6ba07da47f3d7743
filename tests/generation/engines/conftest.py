"""Engines on tiny pipelines, adapters for them, requests to them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from generation.engines.diffusers_engine import DiffusersEngine, EngineOptions
from generation.engines.protocol import ModelSource, Request
from tests.generation.tiny_pipelines import emblems, flux, one_thread, sd3, sd15  # noqa: F401

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session", params=["sd15", "flux", "sd3", "emblems"])
def folder(request) -> Path:
    """Each of the four pipelines in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def engine(folder) -> DiffusersEngine:
    """One engine per pipeline; tests load the source they mean."""
    return DiffusersEngine(EngineOptions(device="cpu", threads=1, batch=4))


@pytest.fixture(scope="session")
def make_adapter(tmp_path_factory):
    """Write a random LoRA for a pipeline's folder, by diffusers' own save_lora_weights."""

    def make(folder: Path, seed: int = 0) -> Path:
        torch.manual_seed(seed)
        engine = DiffusersEngine(EngineOptions(device="cpu"))
        engine.load(ModelSource(str(folder)))
        pipe = engine._pipe
        is_unet = hasattr(pipe, "unet")
        network = pipe.unet if is_unet else pipe.transformer
        network.add_adapter(
            LoraConfig(
                r=2, target_modules=["to_q", "to_k", "to_v"], init_lora_weights=False, lora_alpha=16
            )
        )
        key = "unet_lora_layers" if is_unet else "transformer_lora_layers"
        out = tmp_path_factory.mktemp("lora")
        weights = {k: 3 * v for k, v in get_peft_model_state_dict(network).items()}
        type(pipe).save_lora_weights(out, **{key: weights})
        return out / "pytorch_lora_weights.safetensors"

    return make


@pytest.fixture(scope="session")
def ask():
    """A request of the pipelines' own size with some fields changed."""

    def request(folder: Path, **changes) -> Request:
        index = json.loads((folder / "model_index.json").read_text())
        side = 256 if index["_class_name"] == "EmblemPipeline" else 64
        fields = {"prompt": "a red star", "seed": 7, "width": side, "height": side}
        return Request(**{**fields, "steps": 4, "guidance": 3.0, **changes})

    return request
