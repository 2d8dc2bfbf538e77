"""Pre-flight of a picture (K14; tiktok-shop-api.md 3.6): send it as it is, re-encode it, or refuse it.

Nothing is enlarged: a blurred picture is refused by the audit anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rules.decision import Reason
from rules.findings import Checked, finding

UseCase = Literal["MAIN_IMAGE", "ATTRIBUTE_IMAGE", "DESCRIPTION_IMAGE", "CERTIFICATION_IMAGE", "SIZE_CHART_IMAGE"]

MAX_BYTES = 10 * 1024 * 1024
MAX_IMAGES = 9
# Pixels per side: fewest and most. Only the main image's are documented apart from the upload's own (100–20,000);
# pictures of variants and descriptions are shown in the same places, so they are not sent larger.
SIDES: dict[UseCase, tuple[int, int]] = {
    "MAIN_IMAGE": (300, 4000),
    "ATTRIBUTE_IMAGE": (100, 4000),
    "DESCRIPTION_IMAGE": (100, 4000),
    "CERTIFICATION_IMAGE": (100, 20_000),
    "SIZE_CHART_IMAGE": (100, 20_000),
}
FORMATS = frozenset({"JPEG", "PNG", "WEBP", "HEIC", "BMP"})
_PLAIN_MODES = frozenset({"RGB", "L"})


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What is known of a picture; format and mode are Pillow's words, e.g. 'JPEG' and 'CMYK'."""

    format: str
    width: int
    height: int
    mode: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ImageAction:
    """What to do: for RE_ENCODE the format and pixels to make (in RGB on white), for REFUSE the finding's code."""

    kind: Literal["SEND_AS_IS", "RE_ENCODE", "REFUSE"]
    format: str = ""
    width: int = 0
    height: int = 0
    code: str = ""


def preflight(facts: ImageFacts, use_case: UseCase = "MAIN_IMAGE") -> Checked[ImageAction]:
    """What has to happen to a picture before it is uploaded for a use."""
    smallest, largest = SIDES[use_case]
    width, height = facts.width, facts.height
    shape = {"width": width, "height": height, "minimum": smallest, "maximum": largest}
    if not facts.size_bytes or not width or not height:
        return _refused("image_empty")
    if min(width, height) < smallest:
        return _refused("image_too_small", **shape)
    reasons = []
    if max(width, height) > largest:
        longest = max(width, height)
        width, height = width * largest // longest, height * largest // longest
        if min(width, height) < smallest:
            return _refused("image_too_narrow", **shape)
        reasons.append(Reason("image_scaled", f"{facts.width} × {facts.height} is scaled to {width} × {height} pixels"))
    if facts.format.upper() not in FORMATS:
        reasons.append(Reason("image_format", f"{facts.format} is not taken: sent as JPEG"))
    if facts.mode not in _PLAIN_MODES:
        reasons.append(Reason("image_colours", f"colours of the kind {facts.mode} become RGB on white"))
    if facts.size_bytes > MAX_BYTES:
        reasons.append(
            Reason("image_too_heavy", f"{facts.size_bytes / 1024 / 1024:.1f} MB is over 10 MB: sent as JPEG")
        )
    if not reasons:
        return Checked(ImageAction("SEND_AS_IS", facts.format, width, height))
    return Checked(ImageAction("RE_ENCODE", "JPEG", width, height), tuple(reasons))


def _refused(code: str, **names: int) -> Checked[ImageAction]:
    return Checked(ImageAction("REFUSE", code=code), (), (finding(code, **names),))
