"""The shape of the product body that create, edit, partial edit and listing_check share (sheet 3.11, 3.12)."""

from typing import Any

_IMAGE = {"uri!": str}
_WEIGHT_UNITS = ("KILOGRAM", "GRAM", "POUND")
_MONEY = {"amount": str, "currency": str, "sale_price": str}
_SALES_ATTRIBUTE = {
    "id": str,
    "name": str,
    "value_id": str,
    "value_name": str,
    "sku_img": _IMAGE,
    "supplementary_sku_images": [_IMAGE],
}
_SKU = {
    "id": str,
    "seller_sku": str,
    "external_sku_id": str,
    "external_urls": [str],
    "price": _MONEY,
    "inventory": [
        {"warehouse_id": str, "quantity!": int, "backorder_quantity": int, "handling_time": int},
    ],
    "sales_attributes": [_SALES_ATTRIBUTE],
    "identifier_code": {"type!": str, "code!": str},
    "extra_identifier_codes": [str],
    "list_price": {"amount!": str, "currency!": str},
    "external_list_prices": [object],
    "pre_sale": object,
    "sku_unit_count": str,
    "fees": [object],
    "sku_weight": object,
    "sku_dimensions": object,
    "combined_skus": [object],
}
PARTIAL: dict[str, Any] = {
    "title": str,
    "description": str,
    "category_id": str,
    "category_version": ("v1", "v2"),
    "brand_id": str,
    "main_images": [_IMAGE],
    "skus": [_SKU],
    "product_attributes": [{"id!": str, "values": [{"id": str, "name": str}], "metric_standard_info": object}],
    "package_weight": {"value!": str, "unit!": _WEIGHT_UNITS},
    "package_dimensions": {"length": str, "width": str, "height": str, "unit!": ("CENTIMETER", "INCH")},
    "certifications": [
        {
            "id!": str,
            "images": [_IMAGE],
            "files": [{"id!": str, "name": str, "format": str}],
            "expiration_date": int,
        }
    ],
    "size_chart": {"image": _IMAGE, "template": {"id!": str}},
    "video": {"id!": str},
    "is_cod_allowed": bool,
    "delivery_option_ids": [str],
    "shipping_template_id": str,
    "external_product_id": str,
    "manufacturer_ids": [str],
    "responsible_person_ids": [str],
    "is_not_for_sale": bool,
    "primary_combined_product_id": str,
    "minimum_order_quantity": int,
    "is_pre_owned": bool,
    "listing_platforms": [str],
    "shipping_insurance_requirement": str,
    "scheduled_sale": object,
    "locale": str,
    "auto_translate_enabled": bool,
    "search_terms": [str],
    "key_product_features": [str],
    "subscribe_info": object,
    "is_live_quick": bool,
    "selling_format": str,
}
WITHOUT_SAVE_MODE: dict[str, Any] = {**PARTIAL, "idempotency_key": str}
FULL: dict[str, Any] = {**WITHOUT_SAVE_MODE, "save_mode": ("LISTING", "AS_DRAFT")}
