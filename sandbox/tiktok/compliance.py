"""Manufacturers, responsible persons and size-chart templates (sheet 7.3, 3.7)."""

from typing import Any

from sandbox.tiktok.call import PRODUCT_BASIC, PRODUCT_WRITE, Call, Cipher, Endpoint
from sandbox.tiktok.errors import ApiError
from sandbox.tiktok.paging import PAGE, page

MANUFACTURER, PERSON = "7173000000000000001", "7174000000000000001"
SIZE_CHART = "7176000000000000001"
_LOCALES = ("de-DE", "en-IE", "es-ES", "fr-FR", "it-IT")


def stock_manufacturers() -> dict[str, dict[str, Any]]:
    profile = {
        "locale": "fr-FR",
        "name": "Atelier Nord SARL",
        "registered_trade_name": "Atelier Nord",
        "email": "contact@atelier-nord.example",
        "phone_number": {"availability": "VALID", "country_code": "+33", "local_number": "600000000"},
        "address": "12 rue de l'Exemple, 59000 Lille, France",
    }
    return {MANUFACTURER: profile}


def stock_persons() -> dict[str, dict[str, Any]]:
    profile = {
        "locale": "fr-FR",
        "name": "Atelier Nord Conformité",
        "email": "gpsr@atelier-nord.example",
        "phone_number": {"country_code": "+33", "local_number": "600000000"},
        "address": {
            "street_address_line1": "12 rue de l'Exemple",
            "street_address_line2": "",
            "district": "",
            "city": "Lille",
            "postal_code": "59000",
            "province": "Nord",
            "country": "FR",
        },
    }
    return {PERSON: profile}


def _search(call: Call, rows: dict[str, dict[str, Any]], ids_key: str, result: str) -> Any:
    wanted, keyword = call.body.get(ids_key), call.body.get("keyword", "").lower()
    locales = call.body.get("locales")
    found = [
        {"id": row_id, "regional_profiles": [profile]}
        for row_id, profile in rows.items()
        if (not wanted or row_id in wanted)
        and keyword in profile["name"].lower()
        and (not locales or profile["locale"] in locales)
    ]
    shown, token = page(found, call.query, call.body)
    return {"total_count": len(found), "next_page_token": token, result: shown}


def search_manufacturers(call: Call) -> Any:
    return _search(call, call.world.manufacturers, "manufacturer_ids", "manufacturers")


def search_persons(call: Call) -> Any:
    return _search(call, call.world.persons, "responsible_person_ids", "responsible_persons")


def _profile(call: Call) -> dict[str, Any]:
    if "@" not in call.body["email"]:
        raise ApiError(12052284, "The e-mail address is invalid")
    return {"locale": "fr-FR", **call.body}


def create_manufacturer(call: Call) -> Any:
    manufacturer_id = call.world.new_id("7173")
    call.world.manufacturers[manufacturer_id] = _profile(call)
    return {"manufacturer_id": manufacturer_id}


def create_person(call: Call) -> Any:
    person_id = call.world.new_id("7174")
    call.world.persons[person_id] = _profile(call)
    return {"responsible_person_id": person_id}


def search_size_charts(call: Call) -> Any:
    wanted, keyword = call.body.get("ids"), call.body.get("keyword", "").lower()
    found = [
        {"template_id": chart_id, "template_name": name, "images": []}
        for chart_id, name in call.world.size_charts.items()
        if (chart_id in wanted if wanted else keyword in name.lower())
    ]
    shown, token = page(found, call.query, call.body)
    return {"size_chart": shown, "next_page_token": token, "total_count": len(found)}


_PHONE = {"country_code!": str, "local_number!": str, "availability": str}
_ADDRESS = {
    "street_address_line1!": str,
    "postal_code!": str,
    "country!": str,
    "street_address_line2": str,
    "district": str,
    "city": str,
    "province": str,
}
_WRITE: dict[str, Any] = {"scope": PRODUCT_WRITE, "cipher": Cipher.FORBIDDEN}
_SEARCH: dict[str, Any] = {**_WRITE, "query": PAGE, "versions": ("202409", "202501")}
ENDPOINTS = (
    Endpoint(
        "POST",
        "/product/{version}/compliance/manufacturers/search",
        search_manufacturers,
        body={"manufacturer_ids": [str], "keyword": str, "locales": [_LOCALES]},
        **_SEARCH,
    ),
    Endpoint(
        "POST",
        "/product/{version}/compliance/manufacturers",
        create_manufacturer,
        versions=("202409",),
        body={
            "name!": str,
            "email!": str,
            "phone_number!": _PHONE,
            "address!": str,
            "registered_trade_name": str,
            "locale": _LOCALES,
        },
        **_WRITE,
    ),
    Endpoint(
        "POST",
        "/product/{version}/compliance/responsible_persons/search",
        search_persons,
        body={"responsible_person_ids": [str], "keyword": str, "locales": [_LOCALES]},
        **_SEARCH,
    ),
    Endpoint(
        "POST",
        "/product/{version}/compliance/responsible_persons",
        create_person,
        versions=("202409",),
        body={
            "name!": str,
            "email!": str,
            "phone_number!": _PHONE,
            "address!": _ADDRESS,
            "locale": _LOCALES,
        },
        **_WRITE,
    ),
    Endpoint(
        "POST",
        "/product/{version}/sizecharts/search",
        search_size_charts,
        versions=("202407",),
        scope=PRODUCT_BASIC,
        cipher=Cipher.OPTIONAL,  # one source says it is not taken, no source that it is refused
        query={**PAGE, "locales": [str]},
        body={"ids": [str], "keyword": str, "size_chart_mode": ("REUSABLE_TEMPLATE", "PRODUCT_SCOPED")},
    ),
)
