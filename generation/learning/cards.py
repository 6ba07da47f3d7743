"""The model card that goes with an adapter, generated from what is known about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from generation.learning.names import WEIGHTS


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card says; figures are told as they are given, missing ones are left out."""

    title: str
    base: str  # folder name or hub id
    base_hash: str
    adapter_hash: str
    pipeline_class: str  # such as StableDiffusion3Pipeline
    part: str  # "unet" or "transformer"; empty where nobody noted it
    rank: int
    rows: int
    dataset_root: str  # Merkle root over the rows
    file: str = WEIGHTS  # the adapter beside the card
    rounds: Sequence[str] = ()
    recipe: Mapping[str, object] = field(default_factory=dict)
    figures: Mapping[str, str] = field(default_factory=dict)
    licence: str = ""


def model_card(facts: CardFacts) -> str:
    """Markdown with the hub's header, so that the adapter can be published as it is."""
    sections = [
        _header(facts),
        f"# {_line(facts.title)}",
        _summary(facts),
        _what(facts),
        _usage(facts),
        _table("Figures", "measure", facts.figures),
        _table("Training", "choice", {name: str(value) for name, value in facts.recipe.items()}),
        _limits(),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _summary(facts: CardFacts) -> str:
    return (
        "A LoRA adapter that a community taught by comparing pictures two by two. It was trained "
        f"from {facts.rows} pairs by weighted Diffusion-DPO (Wallace et al. 2023) with soft labels "
        "and a safeguard of the chosen picture's likelihood (Fu et al. 2025)."
    )


def _header(facts: CardFacts) -> str:
    lines = ["library_name: diffusers", f"base_model: {_quoted(facts.base)}"]
    if facts.licence:
        lines.append(f"license: {_quoted(facts.licence)}")
    tags = "".join(f"\n- {tag}" for tag in ("text-to-image", "lora", "diffusion-dpo"))
    return "---\n" + "\n".join(lines) + f"\ntags:{tags}\n---"


def _what(facts: CardFacts) -> str:
    rows = {
        "base": _line(facts.base),
        "base hash": facts.base_hash,
        "adapter hash": facts.adapter_hash,
        "votes' Merkle root": facts.dataset_root,
        "rounds": ", ".join(map(_line, facts.rounds)) or "not told",
        "goes on": f"attention projections of the {facts.part or 'network'}, rank {facts.rank}",
    }
    return _table("What it is", "part", rows)


def _usage(facts: CardFacts) -> str:
    if facts.pipeline_class == "EmblemPipeline":
        importing = (
            "import generation.emblems.pipeline  # makes diffusers know it\n"
            "from diffusers import DiffusionPipeline"
        )
    else:
        importing = "from diffusers import DiffusionPipeline"
    code = f"""{importing}

pipe = DiffusionPipeline.from_pretrained({facts.base!r})
pipe.load_lora_weights(".", weight_name={facts.file!r})"""
    use = f"## Use\n\n```python\n{code}\n```"
    return f"{use}\n\n{_usage_of_peft(facts)}" if facts.part else use


def _usage_of_peft(facts: CardFacts) -> str:
    code = f"""from peft import LoraConfig, inject_adapter_in_model, set_peft_model_state_dict
from safetensors.torch import load_file

prefix = {facts.part + "."!r}
weights = {{name.removeprefix(prefix): part for name, part in load_file({facts.file!r}).items()}}
layers = sorted({{name.rpartition(".lora_")[0] for name in weights}})
config = LoraConfig(r={facts.rank}, lora_alpha={facts.rank}, target_modules=layers)
network = inject_adapter_in_model(config, pipe.{facts.part})
set_peft_model_state_dict(network, weights)"""
    return f"With peft alone, on a pipe without it:\n\n```python\n{code}\n```"


def _table(title: str, first: str, rows: Mapping[str, str]) -> str:
    if not rows:
        return ""
    lines = [f"| {first} | value |", "| --- | --- |"]
    lines += [f"| {_cell(name)} | {_cell(value)} |" for name, value in rows.items()]
    return f"## {title}\n\n" + "\n".join(lines)


def _limits() -> str:
    return (
        "## Limits\n\nIt holds the taste of those who voted, not of everyone, and what the base "
        "cannot draw it cannot draw either. Votes were weighted and capped by the published rules; "
        "figures come with intervals, and a win rate at equal seeds flatters small changes."
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")


def _quoted(text: str) -> str:
    return '"' + _line(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
