import hashlib
import io
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, PngImagePlugin

from curation.galleries import files
from curation.storage import AtomicFileSystemStorage
from tests.factories import picture


def test_picture_is_named_by_the_digest_of_its_bytes():
    stored = files.store_picture(picture(1))
    with default_storage.open(files.picture_name(stored.digest)) as file:
        data = file.read()
    assert hashlib.sha256(data).hexdigest() == stored.digest
    assert len(data) == stored.size_bytes
    assert default_storage.exists(files.thumbnail_name(stored.digest))


def test_same_pixels_have_the_same_digest_whatever_came_with_them():
    plain = picture(2)
    adorned = picture(2)
    adorned.info = {
        "icc_profile": b"profile",
        "transparency": (0, 0, 0),
        "exif": b"Exif\0\0seed",
        "parameters": "seed 42",
        "dpi": (300, 300),
    }
    adorned.encoderinfo = {"comment": "seed 42"}
    assert files.encode_png(adorned) == files.encode_png(plain)
    assert files.encode_thumbnail(adorned) == files.encode_thumbnail(plain)
    assert files.encode_png(plain.convert("RGBA")) == files.encode_png(plain)


def test_png_has_nothing_but_pixels():
    info = PngImagePlugin.PngInfo()
    info.add_text("prompt", "seed 42")
    buffer = io.BytesIO()
    picture(3).save(buffer, "PNG", pnginfo=info)
    data = files.encode_png(Image.open(buffer))
    names = []
    offset = 8
    while offset < len(data):
        length = int.from_bytes(data[offset : offset + 4], "big")
        names.append(data[offset + 4 : offset + 8])
        offset += 12 + length
    assert set(names) == {b"IHDR", b"IDAT", b"IEND"}


@pytest.mark.parametrize(("width", "height"), [(2000, 500), (500, 2000), (100, 50)])
def test_thumbnail_fits_and_keeps_its_shape(width, height):
    small = Image.open(io.BytesIO(files.encode_thumbnail(Image.new("RGB", (width, height)))))
    assert max(small.size) == min(files.THUMBNAIL_PX, max(width, height))
    assert small.width / small.height == pytest.approx(width / height, rel=0.02)


def test_storing_again_changes_nothing():
    digest = files.store_picture(picture(4)).digest
    path = Path(default_storage.path(files.picture_name(digest)))
    before = path.stat().st_mtime_ns
    assert files.store_picture(picture(4)).digest == digest
    assert path.stat().st_mtime_ns == before
    assert [other.name for other in path.parent.glob(f"{digest}*")] == [path.name]


class Breaking(ContentFile):
    """Content whose source fails half-way."""

    def chunks(self, chunk_size=None):
        yield b"half of"
        raise OSError("No space left on device")


def test_failed_write_leaves_nothing(tmp_path):
    storage = AtomicFileSystemStorage(location=tmp_path)
    with pytest.raises(OSError, match="No space"):
        storage.save("ab/file.png", Breaking(b""))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_file_is_there_whole_or_not_at_all(tmp_path):
    storage = AtomicFileSystemStorage(location=tmp_path)
    seen = []

    class Watched(ContentFile):
        def chunks(self, chunk_size=None):
            for part in (b"one", b"two"):
                seen.append(storage.exists("ab/file.png"))
                yield part

    assert storage.save("ab/file.png", Watched(b"")) == "ab/file.png"
    assert seen == [False, False]
    assert (tmp_path / "ab/file.png").read_bytes() == b"onetwo"
    assert (tmp_path / "ab/file.png").stat().st_mode & 0o777 == 0o644
