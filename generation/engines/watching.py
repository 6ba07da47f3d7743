"""What happens between two denoising steps: cancelling, progress, previews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generation.engines.errors import Cancelled
from generation.engines.previews import Preview, preview_steps, previews
from generation.engines.protocol import CancelCheck, Progress, ProgressCallback, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch


class Watcher:
    """Follows one call of a pipeline that draws the requests at `indexes`."""

    def __init__(
        self,
        indexes: Sequence[int],
        request: Request,
        *,
        previews_each: int,
        on_progress: ProgressCallback | None,
        should_cancel: CancelCheck | None,
    ) -> None:
        self.indexes = indexes
        self.request = request  # any of them: steps and size are the same
        self.previews_each = previews_each if on_progress else 0
        self.on_progress = on_progress
        self.should_cancel = should_cancel
        self._before: torch.Tensor | None = None

    def arguments(self, names: frozenset[str]) -> dict[str, Any]:
        """The callback arguments a pipeline understands; none if it has no callbacks."""
        if "callback_on_step_end" in names:
            return {"callback_on_step_end": self._on_step_end}
        if "callback" in names:
            return {"callback": lambda step, _t, latents: self._after_step(None, step, latents)}
        return {}

    def check_cancel(self) -> None:
        """Stop here if the caller wants to.

        Raises:
            Cancelled: it does. Raised through the pipeline, whose own interrupt flag would
                still decode what there is.
        """
        if self.should_cancel is not None and self.should_cancel():
            raise Cancelled

    def _on_step_end(
        self, pipe: Any, step: int, _timestep: Any, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        self._after_step(pipe, step, tensors.get("latents"))
        return tensors

    def _after_step(self, pipe: Any, step: int, latents: torch.Tensor | None) -> None:
        self.check_cancel()
        if self.on_progress is None:
            return
        done = step + 1
        steps = max(getattr(pipe, "num_timesteps", None) or self.request.steps, done)
        shown: list[Preview | None] = [None] * len(self.indexes)
        if pipe is not None and latents is not None and self.previews_each:
            if done in preview_steps(steps, self.previews_each):
                size = (self.request.width, self.request.height)
                shown = [*previews(pipe, step=done, before=self._before, after=latents, size=size)]
            self._before = latents
        for index, preview in zip(self.indexes, shown, strict=True):
            self.on_progress(Progress(index, done, steps, preview))
