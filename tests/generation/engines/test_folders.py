"""What is refused before any weight is read, and which sizes and devices are."""

from __future__ import annotations

import json
import shutil

import huggingface_hub
import pytest
import torch
from diffusers import StableDiffusionPipeline
from peft import LoraConfig

from generation.engines.diffusers_engine import DiffusersEngine, EngineOptions
from generation.engines.errors import (
    CodeRefused,
    ModelInvalid,
    ModelMissing,
    OutOfMemory,
    PickleRefused,
    SizeUnsupported,
)
from generation.engines.folders import inspect
from generation.engines.options import choose_device, choose_dtype
from generation.engines.protocol import ModelSource


def load(folder) -> DiffusersEngine:
    engine = DiffusersEngine(EngineOptions(device="cpu"))
    engine.load(ModelSource(str(folder)))
    return engine


@pytest.fixture
def copy(sd15, tmp_path):
    return shutil.copytree(sd15, tmp_path / "copy")


def change_index(folder, **changes):
    path = folder / "model_index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_missing_folder_is_named_with_what_to_give_instead(tmp_path):
    with pytest.raises(ModelMissing, match=r"nowhere.*model_index\.json"):
        load(tmp_path / "nowhere")


def test_a_folder_that_is_no_pipeline_is_refused(tmp_path):
    with pytest.raises(ModelMissing, match="not a diffusers model"):
        load(tmp_path)


def test_an_unknown_hub_id_offline_is_missing(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelMissing, match=r"owner/name.*network"):
        load("owner/name")


@pytest.mark.parametrize("name", ["diffusion_pytorch_model.bin", "model.ckpt", "weights.pt"])
def test_weights_only_as_pickle_are_refused(copy, name):
    (copy / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    (copy / "unet" / name).write_bytes(b"\x80\x04.")
    with pytest.raises(PickleRefused, match="Convert the weights to safetensors"):
        load(copy)


def test_pickles_beside_safetensors_are_not_read(copy):
    (copy / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"no pickle at all")
    assert load(copy).describe()["pipeline"] == "StableDiffusionPipeline"


@pytest.mark.parametrize(
    "changes",
    [
        {"_class_name": ["own", "OwnPipeline"]},
        {"unet": ["os", "system"]},
        {"unet": ["own_module", "Net"]},
    ],
)
def test_a_model_that_brings_or_names_foreign_code_is_refused(copy, changes):
    (copy / "unet" / "own_module.py").write_text("raise SystemExit")
    change_index(copy, **changes)
    with pytest.raises(CodeRefused):
        load(copy)


def test_damaged_weights_are_refused(copy):
    path = copy / "unet" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelInvalid, match="not a readable safetensors file"):
        load(copy)


def test_missing_weights_and_unknown_classes_are_refused(copy):
    (copy / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(ModelInvalid, match="cannot be loaded"):
        load(copy)
    change_index(copy, _class_name="NoSuchPipeline")
    with pytest.raises(ModelInvalid, match="NoSuchPipeline"):
        load(copy)
    (copy / "model_index.json").write_text("{")
    with pytest.raises(ModelInvalid, match="JSON"):
        load(copy)


def test_a_base_saved_with_its_adapter_attached_is_refused(sd15, tmp_path):
    pipe = StableDiffusionPipeline.from_pretrained(sd15, safety_checker=None)
    pipe.unet.add_adapter(LoraConfig(r=2, target_modules=["to_q"]))
    pipe.save_pretrained(tmp_path)
    with pytest.raises(ModelInvalid, match="LoRA attached"):
        load(tmp_path)


def test_weights_only_in_half_precision_files_are_found(sd15, tmp_path):
    pipe = StableDiffusionPipeline.from_pretrained(sd15, safety_checker=None)
    pipe.save_pretrained(tmp_path, variant="fp16")
    assert inspect(tmp_path).variant == "fp16"
    assert load(tmp_path).describe()["dtype"] == "float32"


@pytest.mark.parametrize("size", [(60, 64), (64, 0), (-64, 64)])
def test_sizes_off_the_grid_are_refused_with_the_nearest(engine, folder, ask, size):
    engine.load(ModelSource(str(folder)))
    with pytest.raises(SizeUnsupported, match=r"multiples of (8|16|32)"):
        engine.generate([ask(folder), ask(folder, width=size[0], height=size[1])])


def test_sizes_too_large_are_refused(engine, folder, ask):
    engine.load(ModelSource(str(folder)))
    with pytest.raises(SizeUnsupported, match="at most"):
        engine.generate([ask(folder, width=8192, height=8192)])


def test_sizes_beyond_learned_positions_are_refused(emblems, ask):
    with pytest.raises(SizeUnsupported, match="at most 512 a side"):
        load(emblems).generate([ask(emblems, width=1024)])


def test_a_full_device_is_told_with_remedies_and_the_engine_goes_on(sd15, ask, monkeypatch):
    engine = DiffusersEngine(EngineOptions(device="cpu", batch=2))
    engine.load(ModelSource(str(sd15)))

    def full(*_args, **_kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory")

    requests = [ask(sd15, seed=seed) for seed in (1, 2)]
    with monkeypatch.context() as patch:
        patch.setattr(engine._pipe.unet, "forward", full)
        with pytest.raises(OutOfMemory, match=r"fewer than 2.*offload"):
            engine.generate(requests)
    assert len(engine.generate(requests)) == 2


def test_devices_and_precisions_are_chosen_by_what_is_there():
    cpu = torch.device("cpu")
    assert choose_dtype("auto", cpu) is torch.float32
    assert choose_dtype("auto", torch.device("mps")) is torch.float16
    assert choose_dtype("bfloat16", cpu) is torch.bfloat16
    assert choose_device("auto").type in ("cpu", "cuda", "mps")
    with pytest.raises(ValueError, match="choose auto or cpu"):
        choose_device("quantum")
    with pytest.raises(ValueError, match="choose auto, float32"):
        choose_dtype("float8", cpu)


def test_savers_that_need_a_second_device_are_left_out_on_the_cpu(emblems, ask):
    options = EngineOptions(
        device="cpu", dtype="bfloat16", offload="model", slicing=True, tiling=True
    )
    engine = DiffusersEngine(options)
    engine.load(ModelSource(str(emblems)))
    record = engine.describe()
    assert (record["offload"], record["dtype"]) == ("none", "bfloat16")
    assert engine.generate([ask(emblems)])[0].image.size == (256, 256)
