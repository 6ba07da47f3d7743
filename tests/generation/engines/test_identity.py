"""A model version is what its files are, wherever they lie."""

from __future__ import annotations

import hashlib
import shutil

import pytest

from generation.engines.errors import AdapterInvalid
from generation.engines.identity import identity
from generation.engines.protocol import Adapter, ModelSource


def test_equal_files_are_one_version_and_changed_files_another(sd15, tmp_path):
    copy = shutil.copytree(sd15, tmp_path / "copy")
    (copy / "README.md").write_text("not part of it")
    original = identity(ModelSource(str(sd15)))
    assert identity(ModelSource(str(copy))) == original
    assert original.adapter == ""
    merges = copy / "tokenizer" / "vocab.json"
    if not merges.exists():
        merges = copy / "tokenizer" / "tokenizer.json"
    merges.write_text(merges.read_text() + "\n")
    assert identity(ModelSource(str(copy))).base != original.base


def test_one_adapter_at_full_weight_is_known_by_its_files_hash(sd15, make_adapter):
    one, two = (Adapter("a", make_adapter(sd15, seed)) for seed in (1, 2))
    known = identity(ModelSource(str(sd15), (one,)))
    assert known.adapter == hashlib.sha256(one.path.read_bytes()).hexdigest()
    others = [(two,), (one, two), (two, one), (Adapter("a", one.path, 0.5),)]
    hashes = {identity(ModelSource(str(sd15), adapters)).adapter for adapters in others}
    assert len(hashes | {known.adapter}) == 5


def test_an_adapter_that_is_not_there_has_no_identity(sd15, tmp_path):
    missing = Adapter("gone", tmp_path / "gone.safetensors")
    with pytest.raises(AdapterInvalid):
        identity(ModelSource(str(sd15), (missing,)))
