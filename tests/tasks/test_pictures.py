"""Pictures that are no pictures, or far more than one: refused before they are unpacked (K14)."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile

from tasks import media
from tasks.media import fit


def png(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG that says it has this size, whatever it holds."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")


def drawn(kind: str, size: tuple[int, int] = (400, 400), **options: object) -> bytes:
    """A picture of this kind."""
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize(("width", "height"), [(100_000, 100_000), (20_000, 5_001), (2**31 - 1, 2**31 - 1)])
def test_a_picture_of_huge_dimensions_is_not_decoded(width: int, height: int, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[object] = []
    monkeypatch.setattr(ImageFile, "load", decoded.append)
    assert isinstance(fit(png(width, height, bytes(1000))), str)
    assert not decoded


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
def test_a_picture_that_is_cut_is_unreadable(kind: str) -> None:
    whole = drawn(kind)
    assert not isinstance(fit(whole), str)
    assert fit(whole[: len(whole) // 2]) == "image_unreadable"


def test_of_many_frames_only_the_first_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [Image.new("L", (400, 400), shade) for shade in range(50)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    seek, sought = GifImageFile._seek, set[int]()

    def watched(picture: GifImageFile, frame: int, update_image: bool = True) -> None:
        sought.add(frame)
        seek(picture, frame, update_image)

    monkeypatch.setattr(GifImageFile, "_seek", watched)
    content = fit(out.getvalue())
    assert sought == {0}
    assert not isinstance(content, str)
    assert content.extension == "jpg"


@pytest.mark.parametrize(
    "data",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///secret"/></svg>',
        b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///secret">]><svg>&x;</svg>',
        b"<html><script>alert(1)</script></html>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 400 400\n%%EndComments\nshowpage\n%%EOF\n",
        b"%PDF-1.7\n",
        b"",
        b"\xff\xd8\xff",
    ],
    ids=["svg", "svg with an entity", "page", "eps", "pdf", "nothing", "only a beginning"],
)
def test_what_is_no_picture_is_unreadable_whatever_it_is_called(data: bytes) -> None:
    assert fit(data) == "image_unreadable"


def test_only_kinds_that_start_no_other_program_are_opened() -> None:
    assert {"EPS", "PDF", "WMF", "FITS"}.isdisjoint(media._FORMATS)
