"""What an engine refuses or fails at. Every message says what to do about it."""

from __future__ import annotations


class EngineError(Exception):
    """Base of everything an engine raises on purpose."""


class NotLoaded(EngineError):
    """A picture was asked for before any model was loaded."""

    def __init__(self) -> None:
        super().__init__("No model is loaded. Call load(source) first.")


class Cancelled(EngineError):
    """The caller asked to stop; nothing of the call is kept."""

    def __init__(self) -> None:
        super().__init__("Cancelled on request.")


class ModelMissing(EngineError):
    """There is no diffusers model where the source points to."""


class ModelInvalid(EngineError):
    """The model is there, but it cannot be loaded or does not draw from text."""


class BaseGone(EngineError):
    """A version was made on weights that are not on this machine any more."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"{version} was made on other weights than lie here now, so it draws nothing. Put "
            "those back and run `python manage.py prepare`, or let another version draw."
        )


class PickleRefused(EngineError):
    """Weights come only as pickle, which can run any code when it is read."""

    def __init__(self, where: str, files: list[str]) -> None:
        super().__init__(
            f"{where} has its weights only as pickle ({', '.join(files)}); reading pickle can run "
            "code, so it is refused. Convert the weights to safetensors: load the pipeline where "
            "you trust it and call save_pretrained(folder, safe_serialization=True)."
        )


class CodeRefused(EngineError):
    """The model wants Python code of its own to be run."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"{where} asks for code that is not part of diffusers or transformers ({what}). "
            "Such code is never run; use a model made of stock classes."
        )


class AdapterInvalid(EngineError):
    """A LoRA adapter is unreadable, not safetensors, or does not fit the loaded base."""


class SizeUnsupported(EngineError):
    """The model cannot draw a picture of this width and height."""


class RequestInvalid(EngineError):
    """A request holds a value that no picture can be drawn with."""


class OutOfMemory(EngineError):
    """The device ran out of memory; the engine is still usable for smaller work."""

    def __init__(self, *, device: str, doing: str, together: int = 1) -> None:
        advice = [f"draw fewer than {together} pictures together"] if together > 1 else []
        advice += [
            "decode one at a time (slicing)",
            "choose a smaller size",
            "move parts to the CPU (offload model, then sequential)",
        ]
        super().__init__(
            f"{device} ran out of memory {doing}. Remedies, in this order: {'; '.join(advice)}."
        )
