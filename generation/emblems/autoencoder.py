"""The emblems' autoencoder: 256 px pictures to 16×16 latents and back."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from diffusers.models.autoencoders.vae import DecoderOutput
from torch import nn


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions around a skip."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv2(F.silu(self.conv1(F.silu(x))))


class EmblemAutoencoder(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """A deterministic f16 autoencoder that folds pixels into channels instead of striding.

    `scaling_factor` and `shift_factor` bring latents to zero mean and unit variance, as
    diffusers' latent pipelines expect: scaled = (latent - shift) * scale.
    """

    @register_to_config
    def __init__(
        self,
        latent_channels: int = 16,
        wide: int = 192,
        middle: int = 96,
        low: int = 56,
        scaling_factor: float = 1.0,
        shift_factor: float = 0.0,
        block_out_channels: tuple[int, ...] = (1, 1, 1, 1, 1),
    ) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(48, low, 3, padding=1),
            nn.SiLU(),
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * low, middle, 3, padding=1),
            ResidualBlock(middle),
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * middle, wide, 1),
            ResidualBlock(wide),
            nn.SiLU(),
            nn.Conv2d(wide, latent_channels, 3, padding=1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(latent_channels, wide, 3, padding=1),
            ResidualBlock(wide),
            ResidualBlock(wide),
            ResidualBlock(wide),
            nn.Conv2d(wide, 4 * middle, 1),
            nn.PixelShuffle(2),
            ResidualBlock(middle),
            ResidualBlock(middle),
            nn.Conv2d(middle, 4 * low, 1),
            nn.PixelShuffle(2),
            ResidualBlock(low),
            ResidualBlock(low),
            nn.SiLU(),
            nn.Conv2d(low, 48, 3, padding=1),
            nn.PixelShuffle(4),
        )

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Latents of pictures: (B, 3, H, W) in [-1, 1] → (B, C, H/16, W/16), unscaled."""
        return self.encoder(x)

    def decode(
        self, z: torch.Tensor, return_dict: bool = True, generator: torch.Generator | None = None
    ) -> DecoderOutput | tuple[torch.Tensor]:
        """Pictures of unscaled latents: (B, C, h, w) → (B, 3, 16h, 16w)."""
        sample = self.decoder(z)
        return DecoderOutput(sample=sample) if return_dict else (sample,)

    def scale(self, z: torch.Tensor) -> torch.Tensor:
        """Raw latents → what the transformer is trained on."""
        return (z - self.config.shift_factor) * self.config.scaling_factor

    def unscale(self, z: torch.Tensor) -> torch.Tensor:
        """The inverse of `scale`."""
        return z / self.config.scaling_factor + self.config.shift_factor
