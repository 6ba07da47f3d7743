"""Pictures that tests of validators look at."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from curation.validators.pictures import Exhibit

SIDE_PX = 64


def emblem(number: int = 0, side: int = SIDE_PX) -> Image.Image:
    """A picture with a frame and a motif, unlike every other number's."""
    image = Image.new("RGB", (side, side), (20 + 37 * number % 200, 40, 120))
    draw = ImageDraw.Draw(image)
    x, y = 8 + 5 * number % 24, 8 + 11 * number % 24
    draw.ellipse([x, y, x + side // 3, y + side // 2], fill=(250, 90 * number % 250, 60))
    draw.rectangle([side // 2, y, side - 6, side - 8], outline=(255, 255, 255), width=4)
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exhibit(image: Image.Image, **facts: object) -> Exhibit:
    wanted = {"width": image.width, "height": image.height} | facts
    return Exhibit(data=encoded(image), **wanted)
