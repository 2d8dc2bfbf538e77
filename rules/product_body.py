"""The bodies of create and edit (tiktok-shop-api.md 3.11–3.13): content, prices, stock and uploaded pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Protocol

from rules.content import Certification, Identifier, ListingContent, SalesAttribute, SizeChart, SkuContent

MAX_QUANTITY = 99_999


class Priced(Protocol):
    """An amount in the market's currency and decimals."""

    @property
    def amount(self) -> Decimal: ...
    @property
    def currency(self) -> str: ...


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """The body of a create call, and the variants (id_product_attribute) whose stock has to be set to 0 right after."""

    body: dict[str, Any]
    set_to_zero: tuple[int, ...]


def create_body(
    content: ListingContent,
    *,
    images: Mapping[int, str],
    prices: Mapping[int, Priced],
    quantities: Mapping[int, int],
    warehouse_id: str,
    idempotency_key: str,
    variant_images: Mapping[int, str] | None = None,
    save_mode: Literal["LISTING", "AS_DRAFT"] = "LISTING",
    zero_quantity: int = 1,
) -> CreateRequest:
    """The request that creates a listing.

    `images` are uris of main images by PrestaShop id, `variant_images` those uploaded for variants (the same where
    not given); prices and quantities are by id_product_attribute. A missing one is a KeyError: nothing is made up.

    The documented range of a new SKU's stock is 1–99,999 (fact 7 of section 11), so a variant without stock is sent
    with `zero_quantity` and named in `set_to_zero`. The caller sets its stock to 0 as soon as the create is answered:
    a new listing is audited before it can be bought, so nothing is sold in between. Leaving such a variant out instead
    would need an edit, and with it another audit, when stock arrives.
    """
    stock = {key: _clamped(quantities[key]) for key in (sku.id_product_attribute for sku in content.skus)}
    empty = tuple(key for key, quantity in stock.items() if quantity == 0)
    stock.update(dict.fromkeys(empty, zero_quantity))
    body = {
        "save_mode": save_mode,
        **_product(content, images),
        "skus": [
            _sku(sku, variant_images or images, prices, stock, warehouse_id, sku.identifier) for sku in content.skus
        ],
        "idempotency_key": idempotency_key,
    }
    return CreateRequest(body, empty if zero_quantity else ())


def edit_body(
    content: ListingContent,
    *,
    images: Mapping[int, str],
    prices: Mapping[int, Priced],
    quantities: Mapping[int, int],
    warehouse_id: str,
    sku_ids: Mapping[int, str],
    variant_images: Mapping[int, str] | None = None,
    live: ListingContent | None = None,
    stocks: Mapping[int, Mapping[str, int]] | None = None,
) -> dict[str, Any]:
    """The request that replaces a listing; variants in `sku_ids` (id_product_attribute → TikTok SKU id) keep their id.

    Stock is sent as it is, 0 included: the listing may be on sale, where a made-up piece would be sold. `stocks` has it
    by warehouse, of variants that are there already; the quantity of the others goes to `warehouse_id`.
    Identifier codes cannot change once set (12052593): those of `live`, the content confirmed before, stay.
    """
    stock = {key: _clamped(quantities[key]) for key in (sku.id_product_attribute for sku in content.skus)}
    confirmed = {sku.id_product_attribute: sku.identifier for sku in live.skus} if live else {}
    skus = []
    for sku in content.skus:
        key = sku.id_product_attribute
        identifier = (confirmed.get(key) if key in sku_ids else None) or sku.identifier
        body = _sku(sku, variant_images or images, prices, stock, warehouse_id, identifier)
        if stocks and key in stocks:
            body["inventory"] = [{"warehouse_id": name, "quantity": pieces} for name, pieces in stocks[key].items()]
        skus.append({"id": sku_ids[key], **body} if key in sku_ids else body)
    return {**_product(content, images), "skus": skus}


def _clamped(quantity: int) -> int:
    return min(max(quantity, 0), MAX_QUANTITY)


def _product(content: ListingContent, images: Mapping[int, str]) -> dict[str, Any]:
    """Everything but SKUs. Empty optional parts are left out, which in an edit blanks them, as meant."""
    optional = {
        "brand_id": content.brand_id,
        "product_attributes": [
            {"id": attribute.id, "values": [_named(id=value.id, name=value.name) for value in attribute.values]}
            for attribute in content.product_attributes
        ],
        "package_weight": content.package_weight and content.package_weight.model_dump(),
        "package_dimensions": content.package_dimensions and content.package_dimensions.model_dump(),
        "certifications": [_certification(certification) for certification in content.certifications],
        "size_chart": content.size_chart and _size_chart(content.size_chart),
        "manufacturer_ids": list(content.manufacturer_ids),
        "responsible_person_ids": list(content.responsible_person_ids),
    }
    return {
        "title": content.title,
        "description": content.description,
        "category_id": content.category_id,
        "category_version": content.category_version,
        "main_images": [{"uri": images[image]} for image in content.image_ids],
        **{name: value for name, value in optional.items() if value},
        "is_cod_allowed": content.cod_allowed,
        "external_product_id": content.external_product_id,
    }


def _named(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _certification(certification: Certification) -> dict[str, Any]:
    parts = {
        "images": [{"uri": uri} for uri in certification.image_uris],
        "files": [file.model_dump() for file in certification.files],
        "expiration_date": certification.expires,
    }
    return {"id": certification.id, **{name: value for name, value in parts.items() if value}}


def _size_chart(chart: SizeChart) -> dict[str, Any]:
    return {"template": {"id": chart.template_id}} if chart.template_id else {"image": {"uri": chart.uri}}


def _sku(
    sku: SkuContent,
    images: Mapping[int, str],
    prices: Mapping[int, Priced],
    stock: Mapping[int, int],
    warehouse_id: str,
    identifier: Identifier | None,
) -> dict[str, Any]:
    price = prices[sku.id_product_attribute]
    body: dict[str, Any] = {
        "seller_sku": sku.seller_sku,
        "external_sku_id": sku.external_sku_id,
        "price": {"amount": format(price.amount, "f"), "currency": price.currency},
        "inventory": [{"warehouse_id": warehouse_id, "quantity": stock[sku.id_product_attribute]}],
    }
    if sku.sales_attributes:
        body["sales_attributes"] = [_sales_attribute(value, images) for value in sku.sales_attributes]
    if identifier:
        body["identifier_code"] = identifier.model_dump()
    return body


def _sales_attribute(value: SalesAttribute, images: Mapping[int, str]) -> dict[str, Any]:
    body: dict[str, Any] = _named(id=value.id, name=value.name, value_id=value.value_id, value_name=value.value_name)
    if value.image_id is not None:
        body["sku_img"] = {"uri": images[value.image_id]}
    return body
