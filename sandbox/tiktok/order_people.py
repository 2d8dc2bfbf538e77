"""Made-up buyers: their relay addresses, and recipients with the district levels of their country (sheet 4.4, 4.7)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from sandbox.tiktok.markets import Market
from sandbox.tiktok.order_model import Buyer
from sandbox.tiktok.order_places import HARD_PEOPLE, HARD_STREETS, PEOPLE, PLACES

# Names of the levels below the country as the platform writes them; "|" parts spellings that were both seen.
_LEVELS = {
    "US": ("State", "County", "City"),
    "GB": ("state", "city"),
    "DE": ("federal state", "municipality", "urban district"),
    "ES": ("autonomous community", "province", "municipality"),
    "FR": ("region", "department", "arrondissement", "commune"),
    "IT": ("region", "province", "city|municipality"),
    "IE": ("county", "municipal district"),
    "BR": ("state", "municipality"),
    "ID": ("province", "city", "Sub-district", "Urban Community"),
    "MY": ("State", "City", "District"),
}
_OTHER_LEVELS = ("state", "county")
_COUNTRY_LEVEL = {"US": "Country", "MY": "Country"}
_RELAY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_PHONES = {
    "US": "20255*****",
    "GB": "7700900***",
    "IE": "8512*****",
    "FR": "6399*****",
    "DE": "15150*****0",
    "ES": "6000*****",
    "IT": "3200*****0",
    "JP": "9000*****0",
    "BR": "1190*****00",
    "MY": "1290*****8",
    "ID": "8120*****0",
}
# Markets where the name comes in two parts
_ONE_NAME = frozenset({"ID", "MY", "TH", "VN", "PH", "SG"})


@dataclass(frozen=True, slots=True)
class Person:
    """`local` is (first, last) in the local script, Japan's kana."""

    first: str
    last: str
    local: tuple[str, str] = ("", "")
    family_first: bool = False

    @property
    def name(self) -> str:
        parts = (self.last, self.first) if self.family_first else (self.first, self.last)
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Place:
    """Names of the levels below the country, top first; `street` and `extra` are lines 1 and 2."""

    districts: tuple[str, ...]
    postal_code: str
    street: str
    extra: str = ""
    post_town: str = ""


def buyer_of(seed: str, nickname: str = "mug_lover") -> Buyer:
    """The same seed is the same buyer."""
    dice = Random(seed)
    user_id = f"7494{int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=6).digest(), 'big') % 10**15:015d}"
    relay = "".join(dice.choices(_RELAY, k=27))
    return Buyer(user_id, f"v4b{relay}@scs{dice.choice((1, 2))}.tiktok.example", nickname)


def places(market: Market) -> list[Place]:
    rows = PLACES.get(market.region) or (f"Province/{market.country} City|10000|1 Example Street",)
    return [_place(row) for row in rows]


def _place(row: str) -> Place:
    districts, postal_code, street, *more = row.split("|")
    extra, post_town = [*more, "", ""][:2]
    return Place(tuple(districts.split("/")), postal_code, street, extra, post_town)


def people(market: Market, *, hard: bool = False) -> list[Person]:
    """Names of the market; the hard ones are anybody's, and break what expects two words of plain letters."""
    rows: Sequence[str] = PEOPLE.get(market.region, PEOPLE["GB"])
    return [_person(row, market) for row in (HARD_PEOPLE if hard else rows)]


def _person(row: str, market: Market) -> Person:
    first, last, *local = row.split("|")
    return Person(first, last, (local[0], local[1]) if len(local) == 2 else ("", ""), market.region == "JP")


def phone(market: Market, number: int) -> str:
    """A mobile number of the market's length, in ranges set aside for fiction where there are such."""
    return (
        _PHONES.get(market.region, "5550*****").replace("*****", f"{number:05d}").replace("***", f"{number % 1000:03d}")
    )


def hard_streets() -> Sequence[str]:
    return HARD_STREETS


def recipient(
    market: Market, person: Person, place: Place, number: str | None = None, drop_off: str = "", spelling: int = 0
) -> dict[str, Any]:
    """`recipient_address` in the clear; `spelling` picks between names of levels that both occur."""
    number = phone(market, 123) if number is None else number
    names = _LEVELS.get(market.region, _OTHER_LEVELS)
    districts: list[dict[str, str]] = [
        {
            "address_level": "L0",
            "address_level_name": _COUNTRY_LEVEL.get(market.region, "country"),
            "address_name": market.country,
            "iso_code": market.region,
        }
    ]
    for i, (name, district) in enumerate(zip(names, place.districts, strict=False), 1):
        words = name.split("|")
        level = words[spelling % len(words)]
        districts.append({"address_level": f"L{i}", "address_level_name": level, "address_name": district})
    one = market.region in _ONE_NAME
    shown = [row["address_name"] for row in districts[:4]]
    return {
        "name": person.name,
        "first_name": "" if one else person.first,
        "last_name": "" if one else person.last,
        "first_name_local_script": person.local[0],
        "last_name_local_script": person.local[1],
        "phone_number": f"({market.dial_code}){number}" if number else "",
        "region_code": market.region,
        "postal_code": place.postal_code,
        "post_town": place.post_town,
        "full_address": ", ".join(part for part in (*shown, place.street, place.postal_code) if part),
        "address_detail": place.street,
        "address_line1": place.street,
        "address_line2": place.extra,
        "address_line3": "",
        "address_line4": "",
        "district_info": districts,
        "delivery_preferences": {"drop_off_location": drop_off},
    }


def plain_recipient(market: Market) -> dict[str, Any]:
    """An ordinary person at an ordinary address of the market."""
    return recipient(market, people(market)[0], places(market)[0])
