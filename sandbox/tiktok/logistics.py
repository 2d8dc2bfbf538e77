"""Warehouses, delivery options and carriers (sheet 3.8)."""

from dataclasses import dataclass
from typing import Any

from sandbox.tiktok.call import Call, Endpoint
from sandbox.tiktok.errors import ApiError
from sandbox.tiktok.markets import Market


@dataclass(slots=True)
class Warehouse:
    id: str
    name: str
    type: str
    effect_status: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class DeliveryOption:
    id: str
    name: str
    type: str


# The warehouse of goods that TikTok fulfils: named by orders, not in the seller's list.
FBT_WAREHOUSE = "7400000000000000099"
SALES, SECOND, RETURN = "7400000000000000011", "7400000000000000013", "7400000000000000012"
OPTIONS = (
    DeliveryOption("7091146000000000001", "Standard shipping", "SEND_BY_SELLER"),
    DeliveryOption("7091146000000000002", "TikTok standard shipping", "STANDARD"),
)
# (city, state, postal code, street)
_PLACES = {
    "US": ("Austin", "Texas", "78701", "100 Example Street"),
    "GB": ("Leeds", "England", "LS1 1AA", "1 Example Road"),
    "FR": ("Lille", "Hauts-de-France", "59000", "12 rue de l'Exemple"),
    "DE": ("Bremen", "Bremen", "28195", "Beispielweg 3"),
    "ES": ("Valencia", "Valencia", "46001", "Calle del Ejemplo 5"),
    "IT": ("Torino", "Piemonte", "10121", "Via Esempio 7"),
}
_CARRIERS = {
    "US": "USPS,UPS,FedEx,DHL eCommerce",
    "GB": "Royal Mail,Evri,DPD UK,DHL eCommerce UK,Yodel",
    "FR": "La Poste - Colissimo,DHL,Chronopost,Mondial Relay,DPD France",
    "DE": "DHL Paket,Hermes,DPD Deutschland,GLS,UPS",
    "ES": "Correos,SEUR,MRW,GLS Spain,DHL",
    "IT": "Poste Italiane,BRT,GLS Italy,DHL,SDA",
}
# Who carries what TikTok ships; in no list of the seller's.
TIKTOK_CARRIER = {"id": "6617675020000000001", "name": "TikTok Example Express"}
_BOX = {"max_height": 100, "max_length": 150, "max_width": 100, "unit": "CM"}
_LOAD = {"max_weight": 30000, "min_weight": 1, "unit": "GRAM"}


def stock_warehouses(market: Market) -> dict[str, Warehouse]:
    city = _PLACES.get(market.region, (market.country,))[0]
    rows = (
        Warehouse(SALES, f"{city} warehouse", "SALES_WAREHOUSE", "ENABLED", is_default=True),
        Warehouse(RETURN, f"{city} returns", "RETURN_WAREHOUSE", "ENABLED", is_default=True),
        Warehouse(SECOND, f"{city} overflow", "SALES_WAREHOUSE", "RESTRICTED", is_default=False),
    )
    return {row.id: row for row in rows}


def warehouse_address(market: Market) -> dict[str, Any]:
    city, state, postal_code, street = _PLACES.get(market.region, (market.country, "", "10000", "1 Example Street"))
    return {
        "region": market.country,
        "region_code": market.region,
        "state": state,
        "city": city,
        "distict": "",  # misspelt on the wire
        "town": "",
        "contact_person": "Warehouse Desk",
        "first_name": "Warehouse",
        "last_name": "Desk",
        "phone_number": f"({market.dial_code})000000000",
        "postal_code": postal_code,
        "address_line1": street,
        "address_line2": "",
        "full_address": f"{street}, {postal_code} {city}, {market.country}",
        "geolocation": {"latitude": "50.0000", "longitude": "3.0000"},
    }


def get_warehouses(call: Call) -> Any:
    address = warehouse_address(call.shop.market)
    return {
        "warehouses": [
            {
                "id": row.id,
                "entity_id": "7400000000000000001",
                "name": row.name,
                "effect_status": row.effect_status,
                "type": row.type,
                "sub_type": "DOMESTIC_WAREHOUSE",
                "is_default": row.is_default,
                "address": address,
            }
            for row in call.shop.warehouses.values()
        ]
    }


def get_delivery_options(call: Call) -> Any:
    if call.path["warehouse_id"] not in call.shop.warehouses:
        raise ApiError(21022001, "The warehouse does not exist")
    return {
        "delivery_options": [
            {
                "id": option.id,
                "name": option.name,
                "type": option.type,
                "description": "3-5 days",
                "dimension_limit": _BOX,
                "weight_limit": _LOAD,
                "platform": ["TIKTOK_SHOP"],
            }
            for option in OPTIONS
        ]
    }


def carriers(market: Market) -> list[dict[str, str]]:
    """Carriers of the seller-shipped option; ids differ by market."""
    names = _CARRIERS.get(market.region, "National Post,DHL,UPS").split(",")
    prefix = sum(map(ord, market.region))
    return [{"id": f"7129720{prefix:03d}{i:09d}", "name": name} for i, name in enumerate(names, 1)]


def get_shipping_providers(call: Call) -> Any:
    option = next((row for row in OPTIONS if row.id == call.path["delivery_option_id"]), None)
    if option is None:
        raise ApiError(21022002, "The delivery option does not exist")
    # Only seller-shipped options have a list.
    return {"shipping_providers": carriers(call.shop.market) if option.type == "SEND_BY_SELLER" else []}


_BASIC: dict[str, Any] = {"scope": "seller.logistics.basic"}
ENDPOINTS = (
    Endpoint("GET", "/logistics/{version}/warehouses", get_warehouses, **_BASIC),
    Endpoint(
        "GET",
        "/logistics/{version}/warehouses/{warehouse_id}/delivery_options",
        get_delivery_options,
        query={"scope": str},
        **_BASIC,
    ),
    Endpoint(
        "GET",
        "/logistics/{version}/delivery_options/{delivery_option_id}/shipping_providers",
        get_shipping_providers,
        query={"warehouse_region": str, "buyer_region": str},
        **_BASIC,
    ),
)
