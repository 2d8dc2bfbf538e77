"""Countries and states of the shop, and which districts of a TikTok Shop address are which (tiktok-shop-api.md 4.7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rules.decision import Finding
from rules.region_names import REGION_NAMES
from rules.shop_fields import MASK, fold
from rules.tiktok_order import Recipient

Record = Mapping[str, Any]

# A region is named to the merchant, not told at length.
_SHOWN: Final = 40
_SAME_COUNTRY: Final[Mapping[str, str]] = {"UK": "GB", "EL": "GR"}


@dataclass(frozen=True, slots=True)
class Levels:
    """Names of the levels that say the state, the city, and what belongs to the street; the first found counts."""

    state: tuple[str, ...]
    city: tuple[str, ...]
    street: tuple[str, ...] = ()


_LEVELS: Final[Mapping[str, Levels]] = {
    "US": Levels(("state",), ("city",), ("county",)),
    "GB": Levels(("state",), ("city",)),
    "DE": Levels(("federal state",), ("municipality",), ("urban district",)),
    "ES": Levels(("province",), ("municipality",), ("autonomous community",)),
    "FR": Levels(("department",), ("arrondissement",), ("region", "commune")),
    "IT": Levels(("province",), ("city", "municipality"), ("region",)),
    "IE": Levels(("county",), ("municipal district",)),
    "BR": Levels(("state",), ("municipality",)),
    "ID": Levels(("province",), ("city",), ("sub-district", "urban community")),
}
_ANY_LEVELS: Final = Levels(
    ("state", "province", "prefecture", "federal state", "region"), ("city", "municipality", "county", "town")
)


@dataclass(frozen=True, slots=True)
class Place:
    """What the districts of an address say; masked ones are left out.

    Attributes:
        state: name, with its ISO code or "".
        street: districts that belong to the street.
        rest: districts that have no field.
    """

    state: str = ""
    state_code: str = ""
    city: str = ""
    street: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    guessed: bool = False


def place_of(recipient: Recipient) -> Place:
    """State, city and the other districts of an address.

    A British post town is the city: it is what stands in a postal address there. Where the levels name no city it is
    the deepest district, then the post town, then a part of the full address.
    """
    country = iso_country(recipient.country)
    names = _LEVELS.get(country, _ANY_LEVELS)
    levels = [
        (index, label.strip().casefold(), name.strip(), code.strip())
        for index, (level, label, name, code) in enumerate(recipient.levels)
        if level != "L0" and label.strip().casefold() != "country" and name.strip() and MASK not in name
    ]
    state = _first(levels, names.state)
    city = _first(levels, names.city)
    below = [row for row in levels if state is None or row[0] != state[0]]
    if city is None and (below or levels):
        city = (below or levels)[-1]
    town = "" if MASK in recipient.post_town else recipient.post_town.strip()
    chosen, guessed = city[2] if city else "", False
    if town and (country == "GB" or not chosen):
        chosen = town
    if not chosen:
        chosen = _city_in(recipient, state[2] if state else "")
        guessed = bool(chosen)
    street: list[str] = []
    rest: list[str] = []
    for index, label, name, _ in levels:
        if (state and index == state[0]) or (city and index == city[0] and name == chosen):
            continue
        # Where nothing is known of a country, what is smaller than the city belongs to the street.
        deeper = country not in _LEVELS and city is not None and index > city[0]
        (street if label in names.street or deeper else rest).append(name)
    if town and town != chosen:
        rest.append(town)
    return Place(
        state=state[2] if state else "",
        state_code=state[3] if state else "",
        city=chosen,
        street=tuple(street),
        rest=tuple(rest),
        guessed=guessed,
    )


def iso_country(code: str) -> str:
    """A country's ISO code by one that is in use for it."""
    code = code.strip().upper()
    return _SAME_COUNTRY.get(code, code)


def find_country(countries: Iterable[Record], code: str) -> Record | Finding:
    """The shop's country of an ISO code, if orders can be placed in it."""
    iso = iso_country(code)
    found = [row for row in countries if str(row.get("iso_code", "")).upper() == iso] if iso else []
    for row in found:
        if is_on(row.get("active")):
            return row
    if not iso:
        return Finding("address_country_missing", "The address names no country.", "Enter the country.")
    shown = iso if re.fullmatch("[A-Z]{2}", iso) else "of the address"
    if found:
        return Finding(
            "address_country_inactive",
            f"The country {shown} is not active in PrestaShop.",
            f"Activate the country {shown} in International > Locations > Countries.",
        )
    return Finding(
        "address_country_unknown",
        f"PrestaShop does not know the country {shown}.",
        f"Add the country {shown} in International > Locations > Countries and activate it.",
    )


def find_state(country: Record, states: Iterable[Record], code: str, name: str) -> Record | Finding:
    """The shop's state by ISO code, then by name in any of its usual spellings."""
    iso = str(country.get("iso_code", "")).upper()
    rows = [row for row in states if number(row.get("id_country")) == number(country.get("id"))]
    asked = [text for text in (code, name) if text.strip()]
    if not asked:
        return Finding("address_state_missing", f"The address names no state of {iso}.", "Enter the state.")
    called = f"{(name or code).strip()[:_SHOWN]} of {iso}"
    wanted = [spelling for text in asked for spelling in _spellings(iso, text)]
    for spelling in dict.fromkeys(wanted):
        matching = [row for row in rows if spelling in _own_spellings(iso, row)]
        for row in matching:
            if is_on(row.get("active", True)):
                return row
        if matching:
            return Finding(
                "address_state_inactive",
                f"The state {called} is not active in PrestaShop.",
                "Activate it in International > Locations > States, or enter another state.",
            )
    return Finding(
        "address_state_unknown",
        f"PrestaShop does not know the state {called}.",
        "Enter the state, or add it in International > Locations > States.",
    )


def is_on(value: object) -> bool:
    """A flag of the shop, typed or as the webservice writes it."""
    return value in (True, "1", "true")


def number(value: object) -> int:
    """An id of the shop, typed or as the webservice writes it."""
    text = str(value or 0)
    return int(text) if text.isdecimal() else 0


_COUNTRY_NAMES: Final = frozenset(
    {
        *("united states", "united states of america", "usa", "united kingdom", "great britain", "ireland", "france"),
        *("germany", "deutschland", "spain", "espana", "italy", "italia", "japan", "日本", "brazil", "brasil"),
        *(
            "mexico",
            "indonesia",
            "malaysia",
            "singapore",
            "philippines",
            "thailand",
            "ประเทศไทย",
            "vietnam",
            "viet nam",
        ),
        *("poland", "polska", "netherlands", "nederland", "czechia", "belgium", "austria", "osterreich", "portugal"),
    }
)
_GENERIC = re.compile(
    r"^(?:provincia|provincie|province|departement|county|co|state|land|kreis|prefecture|comunidad|estado|freistaat)"
    r"(?: autonoma)?(?: (?:d|de|di|del|della|dell|of|la|do))? | (?:county|province|prefecture|state|ken|fu|to)$"
)


def _own_spellings(iso: str, row: Record) -> set[str]:
    return {*_plain_spellings(iso, str(row.get("iso_code", ""))), *_plain_spellings(iso, str(row.get("name", "")))}


def _plain_spellings(iso: str, text: str) -> list[str]:
    folded = fold(text)
    bare = folded.removeprefix(f"{iso.casefold()} ")
    return [one for one in dict.fromkeys((folded, bare, _GENERIC.sub("", folded))) if one]


def _spellings(iso: str, text: str) -> list[str]:
    """A text and all other names of the same state, most like it first."""
    own = _plain_spellings(iso, text)
    # "Bolzano/Bozen", "Alicante (Alacant)"
    parts = [fold(part) for part in re.split(r"[/()|]| - ", text)] if re.search(r"[/()|]| - ", text) else []
    own += [part for part in parts if part and part not in own]
    groups = _groups(iso)
    return own + [other for spelling in own for other in groups.get(spelling, ())]


def _groups(iso: str) -> Mapping[str, Sequence[str]]:
    return _BY_SPELLING.get(iso, {})


def _index(text: str) -> dict[str, tuple[str, ...]]:
    """{spelling: all spellings of the same state}; codes before names where one is both."""
    found: dict[str, tuple[str, ...]] = {}
    for group in text.split(";"):
        spellings = tuple(dict.fromkeys(fold(one) for one in group.split("|") if one.strip()))
        for spelling in spellings:
            found.setdefault(spelling, spellings)
    return found


_BY_SPELLING: Final = {iso: _index(text.strip()) for iso, text in REGION_NAMES.items()}


def _first(levels: Sequence[tuple[int, str, str, str]], names: Sequence[str]) -> tuple[int, str, str, str] | None:
    for name in names:
        for row in levels:
            if row[1] == name:
                return row
    return None


def _city_in(recipient: Recipient, state: str) -> str:
    """A city out of the full address: its last part that is not known to be something else."""
    if MASK in recipient.full_address:
        return ""
    known = {fold(text) for text in (*recipient.lines, recipient.address_detail, recipient.postal_code, state)}
    known |= {fold(recipient.country), *(fold(name) for _, _, name, _ in recipient.levels)}
    parts = [part.strip() for part in recipient.full_address.split(",")]
    known |= _COUNTRY_NAMES
    left = [part for part in parts if fold(part) and fold(part) not in known and not re.search(r"\d", part)]
    return left[-1] if left else ""
