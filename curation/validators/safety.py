"""Whether a picture is fit for everybody: asked of a classifier that the settings name.

Curation knows none. The classifier is made at the first picture, in the worker that asks; a web
process never does.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import ClassVar, Protocol

from django.conf import settings
from django.utils.module_loading import import_string
from PIL import Image

from curation.validators.pictures import Exhibit
from curation.validators.verdicts import Measured, Policy, Validator

NO_CLASSIFIER = "none"
VERSION_LONGEST = 40  # characters


class Classifier(Protocol):
    """Something that knows how unsafe a picture is."""

    version: str  # of its code and weights

    def unsafe(self, image: Image.Image) -> float:
        """How sure it is that an RGB picture is not fit for everybody, in [0, 1]."""


class ClassifierBusy(Exception):
    """It has not answered about an earlier picture yet."""


class Asking:
    """A classifier in a thread of its own, so that one that hangs holds nothing up for long.

    Native code cannot be interrupted: while an answer is overdue nothing else is asked.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="safety")
        self._overdue: Future[tuple[float, str]] | None = None
        self._made: Classifier | None = None
        self._lock = threading.Lock()

    def ask(self, image: Image.Image, timeout_s: float) -> tuple[float, str]:
        """The classifier's score and its version.

        Raises:
            ClassifierBusy: it has not answered about an earlier picture yet.
            TimeoutError: it does not answer in time.
            Exception: whatever making or asking it raises.
        """
        with self._lock:
            if self._overdue is not None and not self._overdue.done():
                raise ClassifierBusy("It has not answered about an earlier picture yet.")
            answer = self._overdue = self._thread.submit(self._answer, image)
        try:
            return answer.result(timeout=timeout_s)
        except TimeoutError as error:
            raise TimeoutError(f"It gave no answer within {timeout_s:g} s.") from error

    def _answer(self, image: Image.Image) -> tuple[float, str]:
        if self._made is None:
            self._made = import_string(self.path)()
        return float(self._made.unsafe(image)), self._made.version


@lru_cache(maxsize=2)
def _asking(path: str) -> Asking:
    return Asking(path)


class Safety(Validator[Exhibit]):
    """How sure the classifier is that a picture is not fit for everybody, in [0, 1]."""

    name = "safety"
    usual = Policy.HOLD
    limit: ClassVar[float] = 0.5

    def measure(self, subject: Exhibit) -> Measured:
        path, timeout_s = settings.SAFETY_CLASSIFIER, settings.SAFETY_TIMEOUT_S
        score, version = _asking(path).ask(subject.image, timeout_s)
        if not 0 <= score <= 1:
            raise ValueError(f"{version} answered {score}: expected 0 to 1.")
        return Measured(score, f"{version} is {score:.0%} sure that it is not fit for everybody.")
