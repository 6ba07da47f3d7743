"""The embedded pipeline with one layer and random weights."""

from __future__ import annotations

from pathlib import Path

SIDE_PX = 256


def tiny_emblems(folder: Path) -> Path:
    """Save it as a diffusers folder."""
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel

    from generation.emblems.autoencoder import EmblemAutoencoder
    from generation.emblems.pipeline import EmblemPipeline

    torch.manual_seed(2)
    transformer = SD3Transformer2DModel(
        sample_size=16,
        patch_size=2,
        in_channels=12,
        out_channels=12,
        num_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        caption_projection_dim=32,
        joint_attention_dim=384,
        pooled_projection_dim=384,
        pos_embed_max_size=16,
        qk_norm="rms_norm",
    )
    EmblemPipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.5),
        vae=EmblemAutoencoder(
            latent_channels=12, wide=16, middle=16, low=16, scaling_factor=0.8, shift_factor=0.05
        ),
    ).save_pretrained(folder)
    return folder
