"""Brands: paged list, custom brands (sheet 3.5)."""

from dataclasses import dataclass
from typing import Any

from sandbox.tiktok.call import PRODUCT_WRITE, Call, Cipher, Endpoint
from sandbox.tiktok.errors import ApiError
from sandbox.tiktok.paging import PAGE, page

CUSTOM_BRANDS_PER_DAY, CUSTOM_BRANDS_IN_ALL = 50, 1000


@dataclass(frozen=True, slots=True)
class Brand:
    id: str
    name: str
    authorized: bool
    t1: bool = False
    custom_day: str = ""  # day of creation of a custom brand


def stock_brands() -> dict[str, Brand]:
    """Brands every shop sees: enough for several pages, some authorised, some T1."""
    named = [
        Brand("7082427310000000905", "Atelier Nord", authorized=True),
        Brand("7082427310000000906", "Grande Marque", authorized=False, t1=True),
        Brand("7082427310000000907", "Studio Design", authorized=True),
        Brand("7082427310000000908", "Graphic Corner", authorized=False),
    ]
    others = [
        Brand(f"7082427310000001{i:03d}", f"Brand House {i:03d}", authorized=i % 3 == 0, t1=i % 7 == 0)
        for i in range(1, 147)
    ]
    return {brand.id: brand for brand in (*named, *others)}


def get_brands(call: Call) -> Any:
    query = call.query
    rows = list(call.world.brands.values())
    if name := query.get("brand_name", "").lower():
        rows = [brand for brand in rows if name in brand.name.lower()]
    if "is_authorized" in query:
        rows = [brand for brand in rows if brand.authorized == query["is_authorized"]]
    filters = [query.get(key) for key in ("category_id", "category_version", "is_authorized", "brand_name")]
    shown, token = page(rows, query, filters)
    return {
        "brands": [
            {
                "id": brand.id,
                "name": brand.name,
                "authorized_status": "AUTHORIZED" if brand.authorized else "UNAUTHORIZED",
                "brand_status": "AVAILABLE" if brand.authorized and "category_id" in query else "",
                "is_t1_brand": brand.t1,
            }
            for brand in shown
        ],
        "total_count": len(rows),
        "next_page_token": token,
    }


def create_brand(call: Call) -> Any:
    name = call.body["name"].strip()
    if not 2 <= len(name) <= 30:
        raise ApiError(12019013, "The brand name must have 2 to 30 characters")
    brands = call.world.brands
    for brand in brands.values():
        if brand.name.lower() == name.lower():
            return {"id": brand.id}
    today = f"{call.world.now():%Y-%m-%d}"
    custom = [brand for brand in brands.values() if brand.custom_day]
    if len(custom) >= CUSTOM_BRANDS_IN_ALL or (
        sum(brand.custom_day == today for brand in custom) >= CUSTOM_BRANDS_PER_DAY
    ):
        raise ApiError(12052207, "Too many custom brands")
    brand = Brand(call.world.new_id("70824274"), name, authorized=True, custom_day=today)
    brands[brand.id] = brand
    return {"id": brand.id}


ENDPOINTS = (
    Endpoint(
        "GET",
        "/product/{version}/brands",
        get_brands,
        query={
            **PAGE,
            "category_id": str,
            "category_version": ("v1", "v2"),
            "is_authorized": bool,
            "brand_name": str,
        },
    ),
    Endpoint(
        "POST",
        "/product/{version}/brands",
        create_brand,
        scope=PRODUCT_WRITE,
        cipher=Cipher.FORBIDDEN,
        body={"name!": str},
    ),
)
