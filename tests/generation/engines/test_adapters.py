"""Adapters go on and off a loaded base, and only adapters that fit."""

from __future__ import annotations

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from generation.engines.diffusers_engine import DiffusersEngine, EngineOptions
from generation.engines.errors import AdapterInvalid, NotLoaded
from generation.engines.protocol import Adapter, ModelSource


def drawn(engine, request) -> bytes:
    return engine.generate([request])[0].image.tobytes()


def with_adapter(folder, *paths, weight=1.0) -> ModelSource:
    return ModelSource(str(folder), tuple(Adapter(p.parent.name, p, weight) for p in paths))


def test_an_adapter_goes_on_and_off_without_reloading_the_base(engine, folder, ask, make_adapter):
    path, request = make_adapter(folder), ask(folder)
    engine.load(ModelSource(str(folder)))
    pipe, base = engine._pipe, drawn(engine, request)
    engine.load(with_adapter(folder, path))
    adapted = drawn(engine, request)
    engine.load(ModelSource(str(folder)))
    assert drawn(engine, request) == base
    engine.load(with_adapter(folder, path))
    assert drawn(engine, request) == adapted != base
    engine.load(with_adapter(folder, path, weight=0.3))
    assert drawn(engine, request) not in (adapted, base)
    assert engine._pipe is pipe


def test_several_adapters_can_be_on_at_once(engine, folder, ask, make_adapter):
    one, two = make_adapter(folder, 1), make_adapter(folder, 2)
    pictures = set()
    for paths in ((one,), (two,), (one, two)):
        engine.load(with_adapter(folder, *paths))
        pictures.add(drawn(engine, ask(folder)))
    assert len(pictures) == 3


def test_only_the_adapters_used_last_are_kept(emblems, ask, make_adapter):
    paths = [make_adapter(emblems, seed) for seed in range(3)]
    engine = DiffusersEngine(EngineOptions(device="cpu", threads=1, adapters_kept=2))
    engine.load(ModelSource(str(emblems)))
    base = drawn(engine, ask(emblems))
    pictures = []
    for path in (*paths, paths[0]):
        engine.load(with_adapter(emblems, path))
        pictures.append(drawn(engine, ask(emblems)))
        assert len(engine._shelf.loaded) <= 2
    assert pictures[0] == pictures[3]
    assert len(set(pictures)) == 3
    engine.load(ModelSource(str(emblems)))
    assert drawn(engine, ask(emblems)) == base


def damaged(path, out):
    out.write_bytes(path.read_bytes()[:200])


def renamed_to_pickle(path, out):
    shutil.copy(path, out.with_suffix(".bin"))
    return out.with_suffix(".bin")


def with_wrong_width(path, out):
    save_file(
        {k: torch.ones(2, 5) if "lora_A" in k else v for k, v in load_file(path).items()}, out
    )


def with_unknown_layers(path, out):
    tensors = load_file(path)
    save_file({k.replace(".to_q.", ".to_z."): v for k, v in tensors.items()}, out)


def with_one_stray_layer(path, out):
    tensors = load_file(path)
    key = next(k for k in tensors if "lora_A" in k)
    stray = {"transformer.nowhere.lora_A.weight": tensors[key].clone()}
    stray["transformer.nowhere.lora_B.weight"] = tensors[key].T.contiguous()
    save_file(tensors | stray, out)


def without_lora(path, out):
    save_file({"transformer.proj.weight": torch.ones(2, 2)}, out)


def empty(path, out):
    save_file({}, out)


def missing(path, out):
    return out.with_name("nothing.safetensors")


@pytest.mark.parametrize(
    "case",
    [
        (damaged, "cannot be read as safetensors"),
        (renamed_to_pickle, "not a safetensors file"),
        (with_wrong_width, "does not fit"),
        (with_unknown_layers, "fit|another model"),
        (with_one_stray_layer, "fit|another model"),
        (without_lora, "no LoRA"),
        (empty, "no LoRA"),
        (missing, "no adapter file"),
    ],
    ids=lambda case: case[0].__name__,
)
def test_a_bad_adapter_is_refused_and_leaves_the_base_as_it_was(
    emblems, ask, make_adapter, tmp_path, case
):
    spoil, says = case
    good = make_adapter(emblems)
    bad = spoil(good, tmp_path / "bad.safetensors") or tmp_path / "bad.safetensors"
    engine = DiffusersEngine(EngineOptions(device="cpu", threads=1))
    engine.load(ModelSource(str(emblems)))
    base = drawn(engine, ask(emblems))
    with pytest.raises(AdapterInvalid, match=says):
        engine.load(with_adapter(emblems, bad))
    with pytest.raises(NotLoaded):
        engine.generate([ask(emblems)])
    engine.load(ModelSource(str(emblems)))
    assert drawn(engine, ask(emblems)) == base
    engine.load(with_adapter(emblems, good))
    assert drawn(engine, ask(emblems)) != base


def test_an_adapter_of_another_family_is_refused(emblems, sd15, flux, make_adapter):
    engine = DiffusersEngine(EngineOptions(device="cpu"))
    for other in (sd15, flux):
        with pytest.raises(AdapterInvalid):
            engine.load(with_adapter(emblems, make_adapter(other)))


def test_the_same_adapter_twice_is_refused(emblems, make_adapter):
    path = make_adapter(emblems)
    with pytest.raises(AdapterInvalid, match="twice"):
        DiffusersEngine(EngineOptions(device="cpu")).load(with_adapter(emblems, path, path))
