"""Which TikTok brand a manufacturer is (E1; tiktok-shop-api.md 3.5).

A brand is sent only where the merchant mapped it: the wrong one costs an audit, none is allowed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from models.taxonomy import Brand
from rules.decision import Reason
from rules.findings import Checked, finding


@dataclass(frozen=True, slots=True)
class BrandBook:
    """Brand mappings of a connection ({manufacturer, case-folded: brand id, '' for none}) and its brands by id."""

    mappings: Mapping[str, str] = field(default_factory=dict)
    brands: Mapping[str, Brand] = field(default_factory=dict)


def brand_for(manufacturer: str, book: BrandBook) -> Checked[str]:
    """The brand id of a manufacturer's name, '' for none."""
    name = manufacturer.strip()
    if not name:
        return Checked("", (Reason("brand_none", "the product has no manufacturer: no brand is sent"),))
    brand_id = book.mappings.get(name.casefold())
    if brand_id is None:
        return Checked("", (Reason("brand_not_mapped", f"“{name}” is not mapped to a TikTok brand: none is sent"),))
    if not brand_id:
        return Checked("", (Reason("brand_none", f"“{name}” is mapped to no brand"),))
    brand = book.brands.get(brand_id)
    if brand is None:
        return Checked("", (), (finding("brand_unknown", manufacturer=name),))
    mapped = Reason("brand_mapped", f"“{name}” is mapped to the brand “{brand.name}”")
    if brand.is_authorized:
        return Checked(brand_id, (mapped,))
    if brand.is_t1:
        return Checked("", (mapped,), (finding("brand_not_authorized", brand=brand.name, manufacturer=name),))
    shown = Reason("brand_not_shown", f"TikTok does not show “{brand.name}” until the shop is authorized for it")
    return Checked(brand_id, (mapped, shown))


_LEGAL_FORMS = re.compile(r"\b(?:inc|ltd|llc|gmbh|ag|sa|sas|sarl|srl|spa|bv|sl|co|corp|company|group)\b")


def normalised(name: str) -> str:
    """A name for comparison: no case, accents, punctuation or legal form."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    text = "".join(character for character in letters if not unicodedata.combining(character))
    words = re.sub(r"[^\w]+", " ", re.sub(r"[.'’]", "", text))
    return " ".join(_LEGAL_FORMS.sub(" ", words).split()) or " ".join(words.split())


def suggestions(manufacturer: str, brands: Iterable[Brand], limit: int = 3) -> list[Brand]:
    """Brands that a manufacturer may be, the likeliest first; authorized ones before others of the same name."""
    by_name: dict[str, list[Brand]] = {}
    for brand in sorted(brands, key=lambda brand: (not brand.is_authorized, brand.id)):
        by_name.setdefault(normalised(brand.name), []).append(brand)
    close = get_close_matches(normalised(manufacturer), by_name, n=limit, cutoff=0.8)
    return [brand for name in close for brand in by_name[name]][:limit]
