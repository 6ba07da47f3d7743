"""What callers and engines agree on: sources, requests, progress, pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from generation.engines.errors import RequestInvalid

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image


@dataclass(frozen=True, slots=True)
class Adapter:
    """One LoRA file to put on a base."""

    name: str  # for people; the file's content decides what it is
    path: Path  # a safetensors file as diffusers' save_lora_weights writes it
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A model version: a base and the adapters on it."""

    base: str  # folder, or hub id such as "owner/name"
    adapters: tuple[Adapter, ...] = ()
    revision: str | None = None  # branch, tag or commit of a hub id


@dataclass(frozen=True, slots=True)
class Request:
    """One candidate to draw.

    Raises:
        RequestInvalid: steps, seed or guidance out of range.
    """

    prompt: str
    seed: int  # 0 to 2**63 - 1; alone decides the noise
    width: int  # px
    height: int  # px
    steps: int
    guidance: float  # the model's own guidance, classifier-free or distilled; 1 or less is off
    negative_prompt: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= 1000:
            raise RequestInvalid(f"steps is {self.steps}: choose 1 to 1000.")
        if not 0 <= self.seed < 2**63:
            raise RequestInvalid(f"seed is {self.seed}: choose 0 to 2**63 - 1.")
        if not 0 <= self.guidance <= 100:
            raise RequestInvalid(f"guidance is {self.guidance}: choose 0 to 100.")


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of one candidate is done."""

    index: int  # place in the list of requests
    step: int  # steps done, 1 to `steps`
    steps: int  # some schedulers take one or two more than were asked for
    decode: Callable[[], bytes | None] | None = None  # set when there is something to see

    @property
    def preview(self) -> bytes | None:
        """A small WebP of how the picture will look; decoded when asked, in any thread."""
        return self.decode() if self.decode else None


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished candidate."""

    image: Image.Image
    seed: int
    drawn_s: float  # wall seconds of the call that drew it, loading and waiting excluded
    drawn_together: int  # candidates in that call
    flagged: bool = False  # the model's own safety checker blackened it


ProgressCallback = Callable[[Progress], None]
CancelCheck = Callable[[], bool]


class Engine(Protocol):
    """Draws pictures with one model version at a time. Not safe for use by several threads."""

    def load(self, source: ModelSource) -> None:
        """Make `source` the current model; costs little if only its adapters differ.

        Raises:
            ModelMissing, ModelInvalid, PickleRefused, CodeRefused: the base cannot be used.
            AdapterInvalid: an adapter cannot be used; no model is current then.
            OutOfMemory: the device cannot hold the model.
        """

    def generate(
        self,
        requests: Sequence[Request],
        *,
        on_progress: ProgressCallback | None = None,
        should_cancel: CancelCheck | None = None,
    ) -> list[Picture]:
        """Draw all requests and answer in their order.

        Raises:
            NotLoaded: no model is current.
            SizeUnsupported: a size does not suit the model; nothing was drawn.
            OutOfMemory: too much at once for the device.
            Cancelled: `should_cancel` said so between two steps.
        """

    def describe(self) -> dict[str, Any]:
        """Scheduler, pipeline class, device, dtype, versions and sizes, for the record.

        Raises:
            NotLoaded: no model is current.
        """
