"""A corpus of broken and hostile files against what opens pictures: no crash, no long wait."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
from typing import Any

import pytest
from PIL import Image

from curation.galleries.files import encode_png, encode_thumbnail
from curation.validators.errors import PictureBroken
from curation.validators.pictures import MOST_PIXELS, open_picture
from project.env import BASE

from .hostile_files import SCRIPT, commented, pieces, read, refused

LONGEST_S = 5  # of a processor, for any file; what is refused takes a fraction
OURS = ("curation", "generation", "chain", "project")


@pytest.fixture(scope="module")
def decoded(tmp_path_factory) -> dict[str, dict[str, Any]]:
    """What a process with little memory says of every file."""
    folder, names = tmp_path_factory.mktemp("hostile"), []
    for name, make in (refused() | read()).items():
        (folder / str(len(names))).write_bytes(make())
        names.append(name)
    files = [str(folder / str(number)) for number in range(len(names))]
    command = [sys.executable, "-m", "tests.curation.validators.decoding", *files]
    done = subprocess.run(command, cwd=BASE, capture_output=True, text=True, check=False)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (names[len(said)], done.returncode, done.stderr[-2000:])
    return dict(zip(names, said, strict=True))


def test_threat_21_no_hostile_file_is_decoded_and_none_ends_the_process(decoded) -> None:
    let_in = {name: decoded[name] for name in refused() if "refused" not in decoded[name]}
    assert let_in == {}
    assert len(refused()) > 50


def test_threat_21_no_file_takes_long(decoded) -> None:
    slow = {name: one["cpu_s"] for name, one in decoded.items() if one["cpu_s"] > LONGEST_S}
    assert slow == {}


def test_threat_21_odd_files_are_pictures_of_bounded_size(decoded) -> None:
    for name in read():
        width, height = decoded[name]["size"]
        assert decoded[name]["mode"] == "RGB", name
        assert width * height <= MOST_PIXELS, name


def test_threat_21_formats_and_pixels_are_judged_before_anything_is_decoded(monkeypatch) -> None:
    """Were a pixel of these decoded, `load` would be called."""
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda _: pytest.fail("decoded"))
    early = (
        "60,000",
        "the largest header",
        "just too many",
        "canvas",
        "scans",
        "sound",
        "animated",
    )
    for name, make in refused().items():
        if any(word in name for word in early):
            with pytest.raises(PictureBroken):
                open_picture(make())


def calls_of_open() -> list[tuple[str, list[str]]]:
    """Every call of `Image.open` in our code, with the names of its keywords."""
    found = []
    for app in OURS:
        for path in sorted((BASE / app).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "Image.open":
                    keywords = [keyword.arg or "" for keyword in node.keywords]
                    found.append((path.relative_to(BASE).as_posix(), keywords))
    return found


def test_threat_21_every_place_that_opens_pictures_names_the_formats() -> None:
    found = calls_of_open()
    assert [place for place, keywords in found if "formats" not in keywords] == []
    assert "curation/validators/pictures.py" in dict(found)


def test_threat_21_nobody_can_hand_in_a_file() -> None:
    """No form, model or endpoint takes one: every picture is drawn by our own workers."""
    doors = ("FILES", "FileField", "ImageField", "UploadedFile", "enctype", 'type="file"')
    sources = [path for app in OURS for path in (BASE / app).rglob("*.py")]
    sources += [*(BASE / "templates").rglob("*.html"), *(BASE / "static/js").rglob("*.js")]
    told = {
        (path.relative_to(BASE).as_posix(), word)
        for path in sources
        for word in doors
        if word in path.read_text() and "STATICFILES" not in path.read_text()
    }
    assert told == set()
    assert len(sources) > 300


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_threat_20_what_is_published_has_pixels_and_nothing_else(kind) -> None:
    data = commented(kind)
    assert SCRIPT in data or kind == "PNG"
    image = Image.open(io.BytesIO(data))  # as a pipeline may hand it over, with all it knows
    published, small = encode_png(image), encode_thumbnail(image)
    assert set(pieces(published)) == {b"IHDR", b"IDAT", b"IEND"}
    assert small[12:16] == b"VP8 "  # the simple format, which has no room for more
    for written in (published, small):
        assert b"script" not in written
        assert Image.open(io.BytesIO(written)).info.keys() <= {"loop", "background"}


@pytest.mark.parametrize("name", [name for name in read() if " and " in name or "with" in name])
def test_threat_20_polyglots_lose_what_hid_in_them(name) -> None:
    published = encode_png(open_picture(read()[name]()))
    assert set(pieces(published)) == {b"IHDR", b"IDAT", b"IEND"}
    assert b"script" not in published
