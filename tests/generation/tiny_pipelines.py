"""Tiny pipelines with random weights, made by diffusers' own classes and saved as safetensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    PNDMScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5Config,
    T5EncoderModel,
    T5TokenizerFast,
)

from generation.emblems.autoencoder import EmblemAutoencoder
from generation.emblems.pipeline import EmblemPipeline

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Torch on the CPU is bit-exact from run to run at one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tiny_vae(latent_channels: int) -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(4, 4, 8, 8),
        norm_num_groups=2,
        latent_channels=latent_channels,
        scaling_factor=0.5,
        shift_factor=0.1,
    )


def clip_tokenizer() -> CLIPTokenizer:
    """Single characters as tokens."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,-"
    words = [*letters, *(f"{c}</w>" for c in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer({word: i for i, word in enumerate(words)}, [], model_max_length=24)


def clip_encoder(tokenizer: CLIPTokenizer, kind=CLIPTextModel) -> CLIPTextModel:
    size = len(tokenizer)
    return kind(
        CLIPTextConfig(
            vocab_size=size,
            hidden_size=16,
            projection_dim=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=24,
            bos_token_id=size - 2,
            eos_token_id=size - 1,
            pad_token_id=size - 1,
        )
    ).eval()


@pytest.fixture(scope="session")
def sd15(tmp_path_factory) -> Path:
    """Stable Diffusion 1.5 in miniature, 64 px, with its PNDM scheduler."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("sd15")
    tokenizer = clip_tokenizer()
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=2,
        attention_head_dim=4,
        cross_attention_dim=16,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    )
    StableDiffusionPipeline(
        vae=tiny_vae(4),
        text_encoder=clip_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=PNDMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            skip_prk_steps=True,
            set_alpha_to_one=False,
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def sd_v(sd15, tmp_path_factory) -> Path:
    """The same network, asked for v."""
    folder = tmp_path_factory.mktemp("sd_v")
    pipe = StableDiffusionPipeline.from_pretrained(sd15)
    pipe.scheduler = DDIMScheduler.from_config(
        pipe.scheduler.config, prediction_type="v_prediction", rescale_betas_zero_snr=True
    )
    pipe.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def sdxl(tmp_path_factory) -> Path:
    """SDXL in miniature, 64 px: two text encoders, pooled vector and size beside the states."""
    torch.manual_seed(4)
    folder = tmp_path_factory.mktemp("sdxl")
    tokenizer = clip_tokenizer()
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=2,
        attention_head_dim=(2, 4),
        cross_attention_dim=32,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=64,
    )
    StableDiffusionXLPipeline(
        vae=tiny_vae(4),
        text_encoder=clip_encoder(tokenizer),
        tokenizer=tokenizer,
        text_encoder_2=clip_encoder(tokenizer, CLIPTextModelWithProjection),
        tokenizer_2=tokenizer,
        unet=unet,
        scheduler=EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"
        ),
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def flux(tmp_path_factory) -> Path:
    """FLUX in miniature, 64 px: packed latents, T5 beside CLIP, distilled guidance."""
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("flux")
    clip = clip_tokenizer()
    words = ["<pad>", "</s>", "<unk>", "▁", *"abcdefghijklmnopqrstuvwxyz"]
    t5_tokenizer = T5TokenizerFast([(word, -1.0) for word in words], extra_ids=0)
    t5 = T5EncoderModel(
        T5Config(vocab_size=len(words), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    )
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=16,
        pooled_projection_dim=16,
        guidance_embeds=True,
        axes_dims_rope=(4, 4, 8),
    )
    FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=tiny_vae(4),
        text_encoder=clip_encoder(clip),
        tokenizer=clip,
        text_encoder_2=t5.eval(),
        tokenizer_2=t5_tokenizer,
        transformer=transformer,
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def sd3(tmp_path_factory) -> Path:
    """Stable Diffusion 3 in miniature, 64 px, saved without its T5."""
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("sd3")
    tokenizer = clip_tokenizer()
    transformer = SD3Transformer2DModel(
        sample_size=8,
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        caption_projection_dim=32,
        joint_attention_dim=64,
        pooled_projection_dim=32,
        pos_embed_max_size=16,
    )
    StableDiffusion3Pipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=tiny_vae(4),
        text_encoder=clip_encoder(tokenizer, CLIPTextModelWithProjection),
        tokenizer=tokenizer,
        text_encoder_2=clip_encoder(tokenizer, CLIPTextModelWithProjection),
        tokenizer_2=tokenizer,
        text_encoder_3=None,
        tokenizer_3=None,
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def emblems(tmp_path_factory) -> Path:
    """The embedded pipeline with one layer and random weights, 256 px."""
    torch.manual_seed(2)
    folder = tmp_path_factory.mktemp("emblems")
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
