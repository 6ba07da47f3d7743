"""A dataset as files: JSON lines, and Parquet with the columns of Pick-a-Pic.

Those are caption, image_0_uid, image_1_uid, label_0, label_1, has_label and are_different (Kirstain
et al. 2023, arXiv 2305.01569), here with soft labels, and a few columns of our own. Pictures are
named by their digest and by where the site shows them; their bytes are not in the files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.urls import reverse

from curation.models import Round
from generation.preferences.rules import Pairing

TYPES = {"jsonl": "application/jsonl", "parquet": "application/vnd.apache.parquet"}
_GROUP = 10_000  # rows of Parquet written at a time


def store(round_: Round, rows: Sequence[Pairing], leaves: Sequence[str]) -> dict[str, Any]:
    """Write both files into storage, named by their bytes; nothing is written without rows."""
    if not rows:
        return {}
    return {"jsonl": _stored("jsonl", rows, leaves), "parquet": _stored("parquet", rows, leaves)}


def columns(row: Pairing, leaf: str) -> dict[str, Any]:
    """One line of the files."""
    return {
        "caption": row.prompt,
        "image_0_uid": row.chosen,
        "image_1_uid": row.rejected,
        "image_0_url": _address(row.chosen),
        "image_1_url": _address(row.rejected),
        "label_0": row.label,
        "label_1": 1 - row.label,
        "has_label": row.label != 0.5,
        "are_different": True,
        "weight": row.weight,
        "round": row.round_id,
        "replayed": row.replayed,
        "ballots": list(row.ballots),
        "leaf": leaf,
    }


def _address(digest: str) -> str:
    return f"{settings.SITE_URL}{reverse('media-picture', args=[digest])}"


def _stored(kind: str, rows: Sequence[Pairing], leaves: Sequence[str]) -> dict[str, Any]:
    lines = (columns(row, leaf) for row, leaf in zip(rows, leaves, strict=True))
    with TemporaryFile() as file:
        _write_parquet(file, lines) if kind == "parquet" else _write_lines(file, lines)
        size_bytes = file.tell()
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        name = f"datasets/{digest}.{kind}"
        if not default_storage.exists(name):
            file.seek(0)
            default_storage.save(name, File(file, name=name))
    return {"name": name, "sha256": digest, "bytes": size_bytes}


def _write_lines(file: IO[bytes], lines: Iterator[dict[str, Any]]) -> None:
    for line in lines:
        file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")


def _write_parquet(file: IO[bytes], lines: Iterator[dict[str, Any]]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - only workers write it
    from pyarrow import parquet  # noqa: PLC0415 - as above

    text, number, flag = pa.string(), pa.float64(), pa.bool_()
    schema = pa.schema(
        {
            **dict.fromkeys(("caption", "image_0_uid", "image_1_uid"), text),
            **dict.fromkeys(("image_0_url", "image_1_url"), text),
            **dict.fromkeys(("label_0", "label_1"), number),
            **dict.fromkeys(("has_label", "are_different"), flag),
            "weight": number,
            "round": pa.int64(),
            "replayed": flag,
            "ballots": pa.list_(text),
            "leaf": text,
        }
    )
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while group := list(islice(lines, _GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
