"""Made-up buyers, a shop's countries and states, and PrestaShop's validators written down a second time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from models.settings import OrderSettings
from rules.addresses import AddressFields, NoAddress, address_fields
from rules.decision import Decision
from rules.tiktok_order import Recipient, TikTokOrder
from tests.rules.order_examples import order

_COUNTRIES = """
1 DE NNNNN|6 ES NNNNN dni|8 FR NNNNN|17 GB -|26 IE - nozip|10 IT NNNNN states|21 US NNNNN states|11 JP NNN-NNNN states
13 NL NNNN LL|14 PL NN-NNN|58 BR NNNNN-NNN|110 ID NNNNN states|135 MY NNNNN|178 VN - nozip|4 CA LNL NLN inactive
145 MX NNNNN states|187 SG NNNNNN
"""


def _country(text: str) -> dict[str, Any]:
    number, iso, *rest = text.split()
    marks = {"dni", "nozip", "states", "inactive"}
    return {
        "id": int(number),
        "iso_code": iso,
        "active": "inactive" not in rest,
        "contains_states": "states" in rest,
        "need_identification_number": "dni" in rest,
        "need_zip_code": "nozip" not in rest,
        "zip_code_format": " ".join(part for part in rest if part not in marks).strip("-"),
    }


COUNTRIES = [_country(row) for row in _COUNTRIES.strip().replace("\n", "|").split("|")]


def _states(id_country: int, first: int, text: str) -> list[dict[str, Any]]:
    rows = (row.split("=") for row in text.split("|"))
    return [
        {"id": first + i, "id_country": id_country, "iso_code": iso, "name": name, "active": True}
        for i, (iso, name) in enumerate(rows)
    ]


STATES = [
    *_states(
        21,
        1,
        "AA=AA|AE=AE|AP=AP|TX=Texas|NY=New York|CA=California|DC=District of Columbia|PR=Puerto Rico"
        "|VI=US Virgin Islands|WA=Washington",
    ),
    *_states(10, 100, "TO=Torino|AO=Aosta|BZ=Bolzano|FC=Forlì-Cesena|RE=Reggio Emilia|RM=Roma|MB=Monza e Brianza"),
    *_states(11, 200, "13=Tokyo|27=Osaka|01=Hokkaido"),
    *_states(110, 300, "ID-JK=DKI Jakarta|ID-JB=West Java"),
    *_states(145, 400, "DIF=Distrito Federal|MEX=Estado de México|NLE=Nuevo León"),
    {"id": 500, "id_country": 21, "iso_code": "OR", "name": "Oregon", "active": False},
]


def levels(*names: str) -> list[dict[str, str]]:
    """District levels out of "State=Texas", or "State=Texas=TX" with an ISO code; the country comes first."""
    rows = [name.split("=") for name in names]
    return [
        {
            "address_level": f"L{i}",
            "address_level_name": row[0],
            "address_name": row[1],
            "iso_code": row[2] if len(row) > 2 else "",
        }
        for i, row in enumerate(rows, 1)
    ]


def person(*names: str, **fields: Any) -> Recipient:
    """A recipient in the United States, unless it says otherwise; `names` are levels."""
    row = {
        "name": "Sally Sample",
        "phone_number": "(+1)2025550123",
        "region_code": "US",
        "postal_code": "78701",
        "address_line1": "100 Example Street",
        "district_info": levels(*(names or ("State=Texas", "County=Travis County", "City=Austin"))),
        **fields,
    }
    return Recipient.read(row)


def decided(
    recipient: Recipient, *, settings: OrderSettings | None = None, given: TikTokOrder | None = None, **more: Any
) -> Decision[AddressFields | NoAddress]:
    """The decision about the address of a recipient in the shop of these examples."""
    return address_fields(
        given or order(),
        settings or OrderSettings(),
        countries=COUNTRIES,
        states=STATES,
        recipient=recipient,
        **more,
    )


def made(recipient: Recipient, **more: Any) -> dict[str, Any]:
    """The fields of an address that could be made."""
    value = decided(recipient, **more).value
    assert isinstance(value, AddressFields), value
    assert_takes(value.fields)
    return dict(value.fields)


def refused(recipient: Recipient, **more: Any) -> list[tuple[str, str]]:
    """(code of the finding, field that mends it) where an address could not be made."""
    value = decided(recipient, **more).value
    assert isinstance(value, NoAddress)
    codes = [finding.code for finding in value.findings]
    return list(zip(codes, value.correctable, strict=len(codes) == len(value.correctable)))


# classes/Validate.php and the sizes of classes/Address.php and Customer.php, in Python.
_VALID = {
    "alias": (32, r"[^<>={}]+"),
    "firstname": (255, r"(?!\s*$)[^0-9!<>,;?=+()@#\"°{}_$%:¤|]+"),
    "lastname": (255, r"(?!\s*$)[^0-9!<>,;?=+()@#\"°{}_$%:¤|]+"),
    "company": (255, r"[^<>={}]*"),
    "vat_number": (32, r"[^<>={}]*"),
    "address1": (128, r"[^!<>?=+@{}_$%]+"),
    "address2": (128, r"[^!<>?=+@{}_$%]*"),
    "postcode": (12, r"[a-zA-Z 0-9-]*"),
    "city": (64, r"[^!<>;?=+@#\"°{}_$%]+"),
    "other": (300, r"[^<>{}]*"),
    "phone": (32, r"[+0-9. ()/-]*"),
    "phone_mobile": (32, r"[+0-9. ()/-]*"),
    "dni": (16, r"[0-9A-Za-z.-]{0,16}"),
}
_CUSTOMER_NAME = r"(?!\s*$)(?:[^0-9!<>,;?=+()/\\@#\"°*`{}_^$%:¤\[\]|.。]|[.。](?:\s|$))*"


def assert_takes(fields: Mapping[str, Any]) -> None:
    """PrestaShop takes the address, and nothing masked is in it."""
    for name, value in fields.items():
        if name.startswith("id_"):
            assert isinstance(value, int)
            continue
        size, pattern = _VALID[name]
        assert len(value) <= size, (name, value)
        assert re.fullmatch(pattern, value, re.DOTALL), (name, value)
        assert "*" not in value, (name, value)


def takes_customer_name(text: str) -> bool:
    """Whether PrestaShop takes it as a customer's first or last name."""
    return 0 < len(text) <= 255 and re.fullmatch(_CUSTOMER_NAME, text, re.DOTALL) is not None
