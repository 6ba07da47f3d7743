"""Names of files that others look for; imports nothing, so that pages may use them."""

from __future__ import annotations

WEIGHTS = "pytorch_lora_weights.safetensors"  # what diffusers loads without being told a name
