"""Asking the stand-alone verifier, and spoiling bundles for it."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import io
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage

from curation.standings.bundle import bundle_name, canonical
from curation.standings.services import publish_tally
from tests.curation.standings.full_round import Court, full_round

EQUAL, DIFFERENT, UNREADABLE, UNCONFIRMED = range(4)  # exit codes
PROGRAM = settings.BASE / "verify_round.py"


def alone(path: Path, *options: object) -> tuple[int, str]:
    """Exit code and words of the verifier, by a Python that sees nothing of the project."""
    program = [sys.executable, "-I", str(PROGRAM), str(path), *map(str, options)]
    done = subprocess.run(program, capture_output=True, text=True, check=False, cwd=path.parent)
    assert done.stderr == "", done.stderr
    return done.returncode, done.stdout


@functools.cache
def program() -> ModuleType:
    """The verifier, loaded into this process where a new one for each question takes too long."""
    spec = importlib.util.spec_from_file_location("verify_round", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Verifier:
    """Asks about bundles given as bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, bundle: bytes, *options: object) -> tuple[int, str]:
        path, said = self.folder / "bundle.json", io.StringIO()
        path.write_bytes(bundle)
        arguments, sys.argv = sys.argv, [str(PROGRAM), str(path), *map(str, options)]
        try:
            with contextlib.redirect_stdout(said):
                code = program().main()
        finally:
            sys.argv = arguments
        return code, said.getvalue()


def published(court: Court) -> bytes:
    """The bundle of a court's tally."""
    tally = publish_tally(round_id=court.round.pk, facts=court.facts)
    with default_storage.open(bundle_name(tally.bundle_digest)) as file:
        return file.read()


@functools.cache
def true_bundle() -> bytes:
    """The bundle of the full round; made once, in the first test that asks. Two signatures in it
    are those of a contract wallet.
    """
    return published(full_round())


def opened(bundle: bytes) -> dict[str, Any]:
    return json.loads(bundle)


def sealed(bundle: dict[str, Any], *, manifest: bool = True) -> bytes:
    """A bundle's bytes, with a manifest that is true of them or with the old one."""
    sections = {name: value for name, value in bundle.items() if name != "manifest"}
    hashes = {name: hashlib.sha256(canonical(part)).hexdigest() for name, part in sections.items()}
    return canonical(bundle | {"manifest": hashes} if manifest else bundle)


def one(rows: list[dict[str, Any]], **facts: object) -> dict[str, Any]:
    """The first row of which this is true."""
    return next(row for row in rows if all(row[name] == value for name, value in facts.items()))


def bent(text: str, place: int = -1) -> str:
    """A hex text with one digit changed."""
    digits = list(text)
    digits[place] = "0" if digits[place] != "0" else "1"
    return "".join(digits)
