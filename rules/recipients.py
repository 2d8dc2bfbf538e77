"""Recipients kept over time: what is masked never takes the place of what was readable (K18; tiktok-shop-api.md 4.7).

A person and a place are each kept whole. An address is never put together out of two, so parcels cannot go to the
street of one under the city of another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from rules.shop_fields import MASK
from rules.tiktok_order import Recipient

_PERSON: Final = ("name", "first_name", "last_name")


def merge_recipient(stored: Recipient | None, seen: Recipient) -> tuple[Recipient, bool]:
    """What to keep of a recipient seen again, and whether that differs from what was stored.

    A readable person or place takes the place of the stored one; a masked or missing one only fills what was not
    readable yet.
    """
    if stored is None:
        return seen, seen != Recipient()
    merged = _with_place(_with_person(stored, seen), seen)
    merged = replace(merged, phone=_better(stored.phone, seen.phone))
    return merged, merged != stored


def usable(recipient: Recipient) -> bool:
    """Whether a parcel can be addressed with it: name, country and street are there, and nothing of them is masked."""
    return has_clear_person(recipient) and has_clear_place(recipient)


def has_clear_person(recipient: Recipient) -> bool:
    """Whether the name can be read."""
    names = [getattr(recipient, name) for name in _PERSON]
    return any(name.strip() for name in names) and not _hidden(names)


def has_clear_place(recipient: Recipient) -> bool:
    """Whether country and street are there and nothing of the place is masked."""
    street = street_lines(recipient)
    return bool(street and recipient.country.strip()) and not hides_place(recipient)


def hides_place(recipient: Recipient) -> bool:
    """Whether anything of the place that an address needs is masked."""
    districts = (name for _, _, name, _ in recipient.levels)
    parts = (*street_lines(recipient), recipient.postal_code, recipient.post_town, recipient.country, *districts)
    return _hidden(parts)


def hides_anything(recipient: Recipient) -> bool:
    """Whether anything of the name or the place that an address needs is masked."""
    return hides_place(recipient) or _hidden(getattr(recipient, name) for name in _PERSON)


def street_lines(recipient: Recipient) -> tuple[str, ...]:
    """The lines of the street, else the street in one, else all of the address in one."""
    lines = tuple(line for line in recipient.lines if line.strip())
    if lines:
        return lines
    return next(((text,) for text in (recipient.address_detail, recipient.full_address) if text.strip()), ())


def recipient_record(recipient: Recipient) -> dict[str, Any]:
    """As stored: JSON that `Recipient.read` makes the same recipient of."""
    return {
        "name": recipient.name,
        "first_name": recipient.first_name,
        "last_name": recipient.last_name,
        "phone_number": recipient.phone,
        "region_code": recipient.country,
        "postal_code": recipient.postal_code,
        "post_town": recipient.post_town,
        "full_address": recipient.full_address,
        "address_detail": recipient.address_detail,
        **{f"address_line{position}": line for position, line in enumerate(recipient.lines, 1)},
        "district_info": [
            {"address_level": level, "address_level_name": label, "address_name": name, "iso_code": code}
            for level, label, name, code in recipient.levels
        ],
        "delivery_preferences": {"drop_off_location": recipient.drop_off},
    }


def _with_person(stored: Recipient, seen: Recipient) -> Recipient:
    if has_clear_person(seen):
        if seen.name == stored.name and has_clear_person(stored) and not (seen.first_name or seen.last_name):
            # The same person, told in fewer parts.
            return stored
        return replace(stored, name=seen.name, first_name=seen.first_name, last_name=seen.last_name)
    if has_clear_person(stored):
        return stored
    return replace(
        stored,
        name=_better(stored.name, seen.name),
        first_name=_better(stored.first_name, seen.first_name),
        last_name=_better(stored.last_name, seen.last_name),
    )


def _with_place(stored: Recipient, seen: Recipient) -> Recipient:
    if has_clear_place(seen):
        same = _same_street(stored, seen)
        return replace(
            seen,
            name=stored.name,
            first_name=stored.first_name,
            last_name=stored.last_name,
            levels=stored.levels if same and not seen.levels else seen.levels,
            drop_off=_better(stored.drop_off, seen.drop_off) if same else seen.drop_off,
            phone=stored.phone,
        )
    drop_off = _better(stored.drop_off, seen.drop_off)
    if has_clear_place(stored):
        return replace(stored, drop_off=drop_off)
    one, two, three, four = (_better(old, new) for old, new in zip(stored.lines, seen.lines, strict=True))
    return replace(
        stored,
        country=_better(stored.country, seen.country),
        postal_code=_better(stored.postal_code, seen.postal_code),
        post_town=_better(stored.post_town, seen.post_town),
        full_address=_better(stored.full_address, seen.full_address),
        address_detail=_better(stored.address_detail, seen.address_detail),
        lines=(one, two, three, four),
        levels=_better_levels(stored.levels, seen.levels),
        drop_off=drop_off,
    )


def _same_street(stored: Recipient, seen: Recipient) -> bool:
    return (stored.country, stored.postal_code, street_lines(stored)) == (
        seen.country,
        seen.postal_code,
        street_lines(seen),
    )


def _better_levels(
    stored: tuple[tuple[str, str, str, str], ...], seen: tuple[tuple[str, str, str, str], ...]
) -> tuple[tuple[str, str, str, str], ...]:
    """Those of which more can be read; the later ones of two alike."""

    def readable(levels: tuple[tuple[str, str, str, str], ...]) -> int:
        return sum(bool(name.strip()) and MASK not in name for _, _, name, _ in levels)

    return seen if seen and readable(seen) >= readable(stored) else stored


def _better(stored: str, seen: str) -> str:
    """The one that can be read; the later one of two alike."""
    if not seen.strip() or (MASK in seen and stored.strip() and MASK not in stored):
        return stored
    return seen


def _hidden(texts: Iterable[str]) -> bool:
    return any(MASK in text for text in texts)
