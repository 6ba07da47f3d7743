"""What learning refuses or stops at. Every message says what to do about it."""

from __future__ import annotations


class LearningError(Exception):
    """Base of everything learning raises on purpose."""


class PreferencesInvalid(LearningError):
    """Rows, labels or weights from which nothing can be learned."""


class PictureUnreadable(LearningError):
    """A row's picture is gone, damaged, or of another size than the others."""


class ModelUnsupported(LearningError):
    """A pipeline whose denoiser cannot be taught here."""


class RunInvalid(LearningError):
    """A run's folder holds another run, or its checkpoint cannot be read."""


class CheckpointUnsaved(LearningError):
    """The disk took no checkpoint; the last one is whole and still there."""
