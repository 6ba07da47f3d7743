"""Adapter files: as diffusers, peft and our engine load them; refusals; the card."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from generation.engines.adapters import AdapterShelf
from generation.engines.errors import AdapterInvalid
from generation.engines.protocol import Adapter
from generation.learning.adapters import read_adapter, save_adapter
from generation.learning.cards import CardFacts, model_card
from generation.learning.denoising import Noisy, choose_precision, denoising_error
from generation.learning.families import family_of
from generation.learning.lora import LoraSlot
from generation.learning.names import WEIGHTS
from tests.generation.learning.conftest import loaded


def pictures(family) -> Noisy:
    stream = torch.Generator().manual_seed(0)
    config = family.pipe.vae.config
    with family.encoding():
        side = 16 if type(family.pipe).__name__ == "EmblemPipeline" else 8
        latents = torch.randn(2, config.latent_channels, side, side, generator=stream)
        heard = family.embed(["fish", "a red star"])
    noise = torch.randn(latents.shape, generator=stream)
    return Noisy(latents, noise, torch.tensor([0.3, 0.7]), heard)


def errors(family, shown) -> torch.Tensor:
    with torch.no_grad():
        return denoising_error(family, shown, choose_precision(family.device))


@pytest.fixture
def taught(pipe):
    """A family with a random adapter in its slot, and what it answers with and without."""
    family = family_of(pipe)
    shown = pictures(family)
    bare = errors(family, shown)
    slot = LoraSlot(family, rank=3, seed=1)
    assert torch.equal(errors(family, shown), bare)  # a fresh adapter changes nothing
    stream = torch.Generator().manual_seed(2)
    slot.set(torch.randn(slot.vector.shape, generator=stream) * 0.3)
    return family, slot, shown, bare


def again(request_pipe):
    """The same pipeline, loaded anew from where it came from."""
    return loaded(request_pipe.config._name_or_path)


def card_for(pipe, family, rank: int) -> str:
    return model_card(
        CardFacts(
            title="taught",
            base=str(pipe.config._name_or_path),
            base_hash="b" * 64,
            adapter_hash="a" * 64,
            pipeline_class=type(pipe).__name__,
            part=family.part,
            rank=rank,
            rows=1,
            dataset_root="c" * 64,
        )
    )


def test_an_adapter_loads_alike_by_its_card_in_our_engine_and_in_the_slot(
    taught, pipe, tmp_path, monkeypatch
):
    family, slot, shown, bare = taught
    with slot.disabled():
        assert torch.equal(errors(family, shown), bare)
    expected = errors(family, shown)
    assert not torch.allclose(expected, bare)
    layers = slot.layers(slot.vector)
    path = tmp_path / WEIGHTS
    save_adapter(path, layers, family.part)

    monkeypatch.chdir(tmp_path)
    by_diffusers, by_peft = re.findall("```python\n(.*?)```", card_for(pipe, family, 3), re.DOTALL)
    loading, _, adding = by_diffusers.rpartition("\npipe.")
    if getattr(pipe, "text_encoder_3", True) is None:  # as whoever left T5 out would load it
        loading = loading.replace("')", "', text_encoder_3=None, tokenizer_3=None)")
    names: dict[str, Any] = {}
    exec(loading, names)
    assert torch.allclose(errors(family_of(names["pipe"]), shown), bare, rtol=1e-5)
    exec(f"pipe.{adding}", names)
    assert torch.allclose(errors(family_of(names["pipe"]), shown), expected, rtol=1e-5)
    exec(f"{loading}\n{by_peft}", names)
    assert torch.allclose(errors(family_of(names["pipe"]), shown), expected, rtol=1e-5)

    ours = again(pipe)
    AdapterShelf(ours, keep=1).use([Adapter("taught", path)])
    assert torch.allclose(errors(family_of(ours), shown), expected, rtol=1e-5)

    slot.set(slot.pack(read_adapter(path, family.network, family.part), seed=9))
    assert torch.equal(errors(family, shown), expected)


def test_taking_the_slot_away_gives_the_network_back_bit_for_bit(taught):
    family, slot, shown, bare = taught
    slot.remove()
    assert torch.equal(errors(family, shown), bare)


@pytest.fixture
def emblem(emblems):
    return family_of(loaded(emblems))


def test_equal_adapters_are_equal_bytes(emblem, tmp_path):
    slot = LoraSlot(emblem, rank=2, seed=0)
    for name in ("a", "b"):
        save_adapter(tmp_path / name, slot.layers(slot.vector), emblem.part)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_smaller_rank_fits_into_a_larger_slot_and_a_larger_does_not(emblem, tmp_path):
    shown = pictures(emblem)
    small = LoraSlot(emblem, rank=2, seed=0)
    small.set(torch.randn(small.vector.shape, generator=torch.Generator().manual_seed(3)))
    layers, expected = small.layers(small.vector), errors(emblem, shown)
    small.remove()
    large = LoraSlot(emblem, rank=4, seed=0)
    large.set(large.pack(layers, seed=5))
    assert torch.allclose(errors(emblem, shown), expected, rtol=1e-5)
    large.remove()
    tiny = LoraSlot(emblem, rank=1, seed=0)
    with pytest.raises(AdapterInvalid, match="Rank 2"):
        tiny.pack(layers, seed=5)


@pytest.mark.parametrize("told", ["by a tensor", "by metadata"])
def test_alpha_is_applied(emblem, tmp_path, told):
    slot = LoraSlot(emblem, rank=2, seed=0)
    slot.set(torch.ones(slot.vector.shape))
    path = tmp_path / WEIGHTS
    save_adapter(path, slot.layers(slot.vector), emblem.part)
    tensors, metadata = load_file(path), {"format": "pt"}
    if told == "by a tensor":
        modules = {key.partition(".lora_")[0] for key in tensors}
        tensors |= {f"{module}.alpha": torch.tensor(6.0) for module in modules}
    else:
        metadata["lora_adapter_metadata"] = '{"transformer.r": 2, "transformer.lora_alpha": 6}'
    save_file(tensors, path, metadata)
    read = read_adapter(path, emblem.network, emblem.part)
    assert all((up == 3).all() and (down == 1).all() for down, up in read.values())


def wrong_family(family, path, others):
    other = family_of(loaded(others("sd15")))
    slot = LoraSlot(other, rank=2, seed=0)
    save_adapter(path, slot.layers(slot.vector), other.part)


def wrong_depth(family, path, others):
    deep = {f"transformer_blocks.9.attn.{p}": pair(32, 32) for p in ("to_q", "to_k")}
    save_adapter(path, deep, family.part)


def wrong_width(family, path, others):
    save_adapter(path, {"transformer_blocks.0.attn.to_q": pair(48, 32)}, family.part)


def half_a_layer(family, path, others):
    save_file({"transformer.transformer_blocks.0.attn.to_q.lora_A.weight": torch.ones(2, 32)}, path)


def another_form(family, path, others):
    key = "transformer.transformer_blocks.0.attn.to_q.lora"
    save_file(
        {f"{key}.down.weight": torch.ones(2, 32), f"{key}.up.weight": torch.ones(32, 2)}, path
    )


def no_lora(family, path, others):
    save_file({"transformer.proj_out.weight": torch.ones(2, 2)}, path)


def pair(inside, outside):
    return torch.ones(2, inside), torch.ones(outside, 2)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (wrong_family, "another model.*unet"),
        (wrong_depth, "another architecture.*SD3Transformer2DModel has no"),
        (wrong_width, "another size"),
        (half_a_layer, "no lora_B"),
        (another_form, "peft's form"),
        (no_lora, "no LoRA"),
    ],
)
def test_an_adapter_of_another_architecture_is_refused_with_its_reason(
    emblem, tmp_path, make, says, request
):
    path = tmp_path / "bad.safetensors"
    make(emblem, path, request.getfixturevalue)
    with pytest.raises(AdapterInvalid, match=says):
        read_adapter(path, emblem.network, emblem.part)


def test_an_adapter_on_layers_that_are_not_trained_is_refused(emblem):
    slot = LoraSlot(emblem, rank=2, seed=0)
    with pytest.raises(AdapterInvalid, match="only attention"):
        slot.pack({"transformer_blocks.0.ff.net.2": pair(128, 32)}, seed=0)


def test_a_card_tells_what_is_known_and_cannot_be_broken_by_a_title():
    facts = CardFacts(
        title="Round 3\n---\n# not a heading",
        base='odd "base"\nlicense: stolen',
        base_hash="b" * 64,
        adapter_hash="a" * 64,
        pipeline_class="StableDiffusion3Pipeline",
        part="transformer",
        rank=8,
        rows=120,
        dataset_root="0x" + "c" * 64,
        rounds=["one | two"],
        recipe={"rate": 0.001},
        figures={"win rate": "0.71 (0.62 to 0.79)"},
        licence="openrail",
    )
    card = model_card(facts)
    assert card.startswith("---\nlibrary_name: diffusers\n")
    head = card.split("---\n")[1]
    assert sum(line.startswith("license:") for line in head.splitlines()) == 1
    assert "# Round 3 --- # not a heading" in card
    for told in ("120 pairs", "0.71 (0.62 to 0.79)", "a" * 64, "one \\| two", WEIGHTS, "| rate |"):
        assert told in card
