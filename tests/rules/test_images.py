"""Pre-flight of pictures: sent as they are, re-encoded to fit, or refused, never enlarged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.images import MAX_BYTES, SIDES, ImageAction, ImageFacts, UseCase, preflight
from tests.rules.listing_examples import codes


def facts(**changes: Any) -> ImageFacts:
    return ImageFacts(
        **{"format": "JPEG", "width": 1200, "height": 1200, "mode": "RGB", "size_bytes": 90_000, **changes}
    )


@pytest.mark.parametrize("changes", [{}, {"format": "PNG"}, {"format": "WEBP"}, {"mode": "L"}, {"width": 4000}])
def test_a_good_picture_is_sent_as_it_is(changes: dict[str, Any]) -> None:
    decision = preflight(facts(**changes))
    assert decision.value.kind == "SEND_AS_IS"
    assert (decision.reasons, decision.findings) == ((), ())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mode": "CMYK"}, "image_colours"),
        ({"format": "PNG", "mode": "RGBA"}, "image_colours"),
        ({"format": "PNG", "mode": "P"}, "image_colours"),
        ({"format": "GIF"}, "image_format"),
        ({"format": "TIFF"}, "image_format"),
        ({"size_bytes": MAX_BYTES + 1}, "image_too_heavy"),
    ],
)
def test_what_does_not_fit_becomes_an_rgb_jpeg_of_the_same_size(changes: dict[str, Any], reason: str) -> None:
    decision = preflight(facts(**changes))
    assert decision.value == ImageAction("RE_ENCODE", "JPEG", 1200, 1200)
    assert codes(decision.reasons) == [reason]


def test_a_large_picture_is_scaled_down_in_proportion() -> None:
    assert preflight(facts(width=8000, height=6000)).value == ImageAction("RE_ENCODE", "JPEG", 4000, 3000)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"width": 299}, "image_too_small"),
        ({"width": 8000, "height": 500}, "image_too_narrow"),
        ({"size_bytes": 0}, "image_empty"),
    ],
)
def test_what_cannot_be_made_to_fit_is_refused_with_a_fix(changes: dict[str, Any], code: str) -> None:
    decision = preflight(facts(**changes))
    assert decision.value == ImageAction("REFUSE", code=code)
    assert codes(decision.findings) == [code]
    assert decision.findings[0].fix


def test_only_a_main_image_has_to_have_300_pixels() -> None:
    small = facts(width=150, height=150)
    assert preflight(small, "MAIN_IMAGE").value.kind == "REFUSE"
    assert preflight(small, "ATTRIBUTE_IMAGE").value.kind == "SEND_AS_IS"


@given(
    st.builds(
        ImageFacts,
        format=st.sampled_from(["JPEG", "GIF", "PNG"]),
        width=st.integers(0, 30_000),
        height=st.integers(0, 30_000),
        mode=st.sampled_from(["RGB", "RGBA", "CMYK"]),
        size_bytes=st.integers(0, 20_000_000),
    ),
    st.sampled_from(sorted(SIDES)),
)
def test_what_is_sent_is_within_the_limits_and_never_enlarged(picture: ImageFacts, use_case: UseCase) -> None:
    action = preflight(picture, use_case).value
    if action.kind == "REFUSE":
        return
    smallest, largest = SIDES[use_case]
    assert smallest <= min(action.width, action.height) <= max(action.width, action.height) <= largest
    assert action.width <= picture.width
    assert action.height <= picture.height
