"""Product pictures drawn on demand: the same id always gives the same bytes, nothing but a few recent ones is kept.

An `Image.oddity` makes a picture a merchant's shop would have too: "small" (150 px), "huge" (5000 px), "cmyk" (JPEG for
print), "transparent" (PNG with alpha), "png", "webp", "wide".
"""

from __future__ import annotations

import io
from functools import lru_cache

from PIL import Image as Pillow
from PIL import ImageColor, ImageDraw, ImageOps

ODDITIES = ("small", "huge", "cmyk", "transparent", "png", "webp", "wide")


@lru_cache(maxsize=48)
def draw(image_id: int, colour: str, oddity: str) -> tuple[str, bytes]:
    """Content type and bytes of an original."""
    width, height = _size(image_id, oddity)
    picture = _paint(image_id, colour, width, height)
    buffer = io.BytesIO()
    if oddity == "transparent":
        alpha = Pillow.new("L", (width, height), 0)
        ImageDraw.Draw(alpha).ellipse((width * 0.05, height * 0.05, width * 0.95, height * 0.95), fill=255)
        picture.putalpha(alpha)
        picture.save(buffer, "PNG")
        return "image/png", buffer.getvalue()
    if oddity == "png":
        picture.save(buffer, "PNG")
        return "image/png", buffer.getvalue()
    if oddity == "webp":
        picture.save(buffer, "WEBP", quality=80)
        return "image/webp", buffer.getvalue()
    if oddity == "cmyk":
        picture = picture.convert("CMYK")
    picture.save(buffer, "JPEG", quality=82)
    return "image/jpeg", buffer.getvalue()


@lru_cache(maxsize=48)
def resized(image_id: int, colour: str, oddity: str, width: int, height: int) -> bytes:
    """The JPEG of an image type: fitted into width × height on white."""
    _, original = draw(image_id, colour, oddity)
    with Pillow.open(io.BytesIO(original)) as picture:
        small = ImageOps.pad(picture.convert("RGB"), (width, height), color="white")
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=82)
    return buffer.getvalue()


def _size(image_id: int, oddity: str) -> tuple[int, int]:
    if oddity == "small":
        return 150, 150
    if oddity == "huge":
        return 5000, 5000
    side = 800 + 100 * (image_id % 5)
    return (side, side // 3) if oddity == "wide" else (side, side)


def _paint(image_id: int, colour: str, width: int, height: int) -> Pillow.Image:
    """A soft background, the product as a plain shape in its colour, and a few marks that differ from id to id."""
    red, green, blue = ImageColor.getrgb(colour)[:3]
    background = tuple(235 + (image_id * step) % 20 for step in (3, 5, 7))
    picture = Pillow.new("RGB", (width, height), background)
    pen = ImageDraw.Draw(picture)
    box = (width * 0.2, height * 0.2, width * 0.8, height * 0.8)
    shape = image_id % 3
    if shape == 0:
        pen.ellipse(box, fill=(red, green, blue))
    elif shape == 1:
        pen.rounded_rectangle(box, radius=min(width, height) // 12, fill=(red, green, blue))
    else:
        pen.regular_polygon((width / 2, height / 2, min(width, height) * 0.35), 6, fill=(red, green, blue))
    for mark in range(16):
        if image_id >> mark & 1:
            left = width * (0.25 + 0.03125 * mark)
            pen.line(
                (left, height * 0.3, left, height * 0.7),
                fill=(255 - red, 255 - green, 255 - blue),
                width=max(2, width // 200),
            )
    return picture
