"""Images and files: really decoded, measured and remembered by uri (sheet 3.6, 3.7)."""

import io
import warnings
from dataclasses import dataclass
from typing import Any

from PIL import Image

from sandbox.tiktok.call import PRODUCT_WRITE, Call, Cipher, Endpoint
from sandbox.tiktok.errors import ApiError, invalid_parameter

USE_CASES = (
    "MAIN_IMAGE",
    "ATTRIBUTE_IMAGE",
    "DESCRIPTION_IMAGE",
    "CERTIFICATION_IMAGE",
    "SIZE_CHART_IMAGE",
    "CUSTOMIZATION_IMAGE",
)
FORMATS = frozenset({"JPEG", "MPO", "PNG", "WEBP", "BMP"})
IMAGE_BYTES = 10 * 1024 * 1024
PDF_BYTES, VIDEO_BYTES = 20 * 1024 * 1024, 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Picture:
    uri: str
    width: int
    height: int
    use_case: str


@dataclass(frozen=True, slots=True)
class Document:
    id: str
    name: str
    format: str


def measure(content: bytes) -> tuple[int, int]:
    """Width and height of a whole, readable image of an accepted format; 12038005 or 12038014 otherwise."""
    if content[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"):
        return _measure_heic(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as image:
                if image.format not in FORMATS:
                    raise ApiError(12038005, "The image format is not supported")
                size = image.size
                _check_size(*size)
                image.load()  # a truncated file fails here
                return size
    except Image.DecompressionBombError:
        raise ApiError(12038014, "The image dimensions are out of range") from None
    except (OSError, SyntaxError, ValueError):
        raise ApiError(12038005, "The file is not a readable image") from None


def _measure_heic(content: bytes) -> tuple[int, int]:
    """Pillow reads no HEIC: the `ispe` box of ISO 23008-12 holds the size."""
    at = content.find(b"ispe")
    if at < 0 or len(content) < at + 16:
        raise ApiError(12038005, "The file is not a readable image")
    width, height = (int.from_bytes(content[at + i : at + i + 4], "big") for i in (8, 12))
    _check_size(width, height)
    return width, height


def _check_size(width: int, height: int) -> None:
    if not (100 <= width <= 20_000 and 100 <= height <= 20_000):
        raise ApiError(12038014, "The image dimensions are out of range")


def upload_image(call: Call) -> Any:
    use_case = call.form.get("use_case", "MAIN_IMAGE")
    if use_case not in USE_CASES:
        raise invalid_parameter("use_case")
    if call.upload is None or not call.upload.content:
        raise ApiError(12038002, "The uploaded file is empty")
    if len(call.upload.content) > IMAGE_BYTES:
        raise ApiError(12038004, "The image is larger than 10 MB")
    width, height = measure(call.upload.content)
    world = call.world
    uri = f"tos-sandbox-i-{world.new_id('99')}-{world.region.lower()}/{world.new_token(16).lower()}"
    world.pictures[uri] = Picture(uri, width, height, use_case)
    return {"uri": uri, "url": world.media_url(uri), "width": width, "height": height, "use_case": use_case}


def upload_file(call: Call) -> Any:
    if call.upload is None or not call.upload.content:
        raise ApiError(12038002, "The uploaded file is empty")
    name, content = call.form.get("name") or "", call.upload.content
    extension = name.rpartition(".")[2].upper() if "." in name else ""
    if extension == "PDF":
        known, limit = content.startswith(b"%PDF-"), PDF_BYTES
    elif extension in ("MP4", "MOV", "MKV", "WMV", "WEBM", "AVI", "3GP", "FLV", "MPEG"):
        known, limit = True, VIDEO_BYTES
    else:
        raise ApiError(12038005, "The file format is not supported")
    if not known:
        raise ApiError(12038005, "The content is not what the name says")
    if len(content) > limit:
        raise ApiError(12038004, "The file is too large")
    world = call.world
    document = Document(f"v09ea0g40000{world.new_token(16).lower()}", name, extension)
    world.documents[document.id] = document
    return {
        "id": document.id,
        "url": world.document_url(document),
        "name": document.name,
        "format": document.format,
    }


def image_row(call: Call, uri: str) -> dict[str, Any]:
    """An image as get shows it."""
    picture, url = call.world.pictures[uri], call.world.media_url(uri)
    return {
        "height": picture.height,
        "width": picture.width,
        "uri": uri,
        "urls": [url],
        "thumb_urls": [url.replace("~tplv-sandbox-origin", "~tplv-sandbox-resize:300:300")],
    }


_UPLOAD: dict[str, Any] = {"scope": PRODUCT_WRITE, "cipher": Cipher.FORBIDDEN, "multipart": True}
ENDPOINTS = (
    Endpoint("POST", "/product/{version}/images/upload", upload_image, **_UPLOAD),
    Endpoint("POST", "/product/{version}/files/upload", upload_file, **_UPLOAD),
)
