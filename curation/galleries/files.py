"""Published pictures: encoded by us, named by their digest, written whole or not at all."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

THUMBNAIL_PX = 512


@dataclass(frozen=True)
class StoredPicture:
    """A picture in storage: SHA-256 of its published bytes, and how many those are."""

    digest: str
    size_bytes: int


def picture_name(digest: str) -> str:
    """Where a published picture lies in storage."""
    return f"pictures/{digest[:2]}/{digest}.png"


def thumbnail_name(digest: str) -> str:
    """Where a picture's thumbnail lies in storage."""
    return f"thumbnails/{digest[:2]}/{digest}.webp"


def _pixels(image: Image.Image) -> Image.Image:
    """The pixels alone: Pillow would write colour profiles and the like along with them."""
    return Image.frombytes("RGB", image.size, image.convert("RGB").tobytes())


def encode_png(image: Image.Image) -> bytes:
    """PNG bytes without any metadata, so nothing sealed can leak through it."""
    buffer = io.BytesIO()
    _pixels(image).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def encode_thumbnail(image: Image.Image) -> bytes:
    """WebP bytes of at most THUMBNAIL_PX a side."""
    small = _pixels(image)
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=88, method=2)
    return buffer.getvalue()


def store_picture(image: Image.Image) -> StoredPicture:
    """Write a picture and its thumbnail; storing the same pixels again changes nothing."""
    data = encode_png(image)
    digest = hashlib.sha256(data).hexdigest()
    for name, content in (
        (picture_name(digest), data),
        (thumbnail_name(digest), encode_thumbnail(image)),
    ):
        if not default_storage.exists(name):
            default_storage.save(name, ContentFile(content))
    return StoredPicture(digest, len(data))
