"""What each webservice resource consists of: one row of types per resource (fact sheet section 2 and the recordings).

The type of a field decides how its JSON, which differs between versions ("1", 1, "", null or absent), becomes a value:

    ints       int, 0 when empty               texts      str, "" when empty
    flags      bool, False when empty          times      aware UTC datetime or None
    decimals   Decimal, 0 when empty           days       date or None
                                               languages  {language id: text}

Fields that are in none of the rows (of modules, of later versions) are passed through as they come.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["int", "flag", "decimal", "text", "time", "day", "languages"]


@dataclass(frozen=True)
class Association:
    """A list of rows inside an object: the element each row is written as, and its fields."""

    node: str
    fields: Mapping[str, Kind]


@dataclass(frozen=True)
class Resource:
    """One resource.

    Attributes:
        name: as in the URL; node: the XML element of one object.
        fields: the type of each field, in no particular order.
        some_versions: fields that not every supported version has, so their absence means nothing.
        dynamic: computed by a getter: cannot be filtered or sorted on (error 34).
        read_only: refused in a write (error 93), or better not echoed in a PUT.
        bare: associations that lose their ids when asked for in a display list (trap 5 of section 1.5).
        put_loses: why a PUT of what was read would lose data; "" when it is safe.
    """

    name: str
    node: str
    fields: Mapping[str, Kind]
    associations: Mapping[str, Association]
    some_versions: frozenset[str] = frozenset()
    dynamic: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()
    bare: frozenset[str] = frozenset()
    put_loses: str = ""


def _association(text: str) -> Association:
    """`node field decimal:field …`; a field without a type is an id or a count."""
    node, *fields = text.split()
    typed: dict[str, Kind] = {}
    for field in fields:
        kind, _, name = field.rpartition(":")
        typed[name] = "decimal" if kind == "decimal" else "text" if kind == "text" else "int"
    return Association(node, typed)


def _resource(
    name: str,
    node: str = "",
    *,
    ints: str = "",
    flags: str = "",
    decimals: str = "",
    texts: str = "",
    times: str = "",
    days: str = "",
    languages: str = "",
    associations: Mapping[str, str] | None = None,
    some_versions: str = "",
    dynamic: str = "",
    read_only: str = "",
    bare: str = "",
    put_loses: str = "",
) -> Resource:
    kinds: list[tuple[Kind, str]] = [
        ("int", f"id {ints}"),
        ("flag", flags),
        ("decimal", decimals),
        ("text", texts),
        ("time", times),
        ("day", days),
        ("languages", languages),
    ]
    return Resource(
        name=name,
        node=node or name.removesuffix("s"),
        fields={field: kind for kind, names in kinds for field in names.split()},
        associations={field: _association(text) for field, text in (associations or {}).items()},
        some_versions=frozenset(some_versions.split()),
        dynamic=frozenset(dynamic.split()),
        read_only=frozenset(read_only.split()),
        bare=frozenset(bare.split()),
        put_loses=put_loses,
    )


_META = "meta_title meta_description meta_keywords"
_CODES = "reference supplier_reference ean13 isbn upc mpn"

_CATALOGUE = [
    _resource(
        "products",
        ints="id_manufacturer id_supplier id_category_default cache_default_attribute id_default_image "
        "id_default_combination id_tax_rules_group position_in_category quantity id_shop_default state "
        "additional_delivery_times minimal_quantity low_stock_threshold customizable text_fields uploadable_files "
        "id_type_redirected pack_stock_type",
        flags="quantity_discount cache_is_pack cache_has_attachments is_virtual on_sale online_only low_stock_alert "
        "active available_for_order show_condition show_price indexed advanced_stock_management",
        decimals="width height depth weight ecotax price wholesale_price unit_price unit_price_ratio "
        "additional_shipping_cost",
        texts=f"manufacturer_name type {_CODES} location product_type unity redirect_type condition visibility",
        times="date_add date_upd",
        days="available_date",
        languages=f"delivery_in_stock delivery_out_stock {_META} link_rewrite name description description_short "
        "available_now available_later",
        associations={
            "categories": "category id",
            "images": "image id",
            "combinations": "combination id",
            "product_option_values": "product_option_value id",
            "product_features": "product_feature id id_feature_value",
            "tags": "tag id",
            "stock_availables": "stock_available id id_product_attribute",
            "attachments": "attachment id",
            "accessories": "product id",
            "product_bundle": "product id id_product_attribute quantity",
        },
        some_versions="meta_keywords unit_price",
        dynamic="quantity id_default_image id_default_combination position_in_category manufacturer_name type",
        read_only="quantity manufacturer_name position_in_category",
    ),
    _resource(
        "combinations",
        ints="id_product quantity minimal_quantity low_stock_threshold",
        flags="low_stock_alert default_on",
        decimals="wholesale_price price ecotax weight unit_price_impact",
        texts=f"location {_CODES}",
        days="available_date",
        languages="available_now available_later",
        associations={"product_option_values": "product_option_value id", "images": "image id"},
        some_versions="location quantity available_now available_later",
        read_only="quantity",
        bare="product_option_values images",
    ),
    _resource(
        "stock_availables",
        ints="id_product id_product_attribute id_shop id_shop_group quantity out_of_stock",
        flags="depends_on_stock",
        texts="location",
    ),
    _resource(
        "specific_prices",
        ints="id_shop_group id_shop id_cart id_product id_product_attribute id_currency id_country id_group "
        "id_customer id_specific_price_rule from_quantity",
        flags="reduction_tax",
        decimals="price reduction",
        texts="reduction_type",
        times="from to",
    ),
    _resource(
        "product_options",
        ints="position",
        flags="is_color_group",
        texts="group_type",
        languages="name public_name",
        associations={"product_option_values": "product_option_value id"},
        bare="product_option_values",
    ),
    _resource("product_option_values", ints="id_attribute_group position", texts="color", languages="name"),
    _resource("product_features", ints="position", languages="name"),
    _resource(
        "product_feature_values",
        ints="id_feature position",
        flags="custom",
        languages="value",
        some_versions="position",
    ),
    _resource(
        "categories",
        "category",
        ints="id_parent level_depth nb_products_recursive id_shop_default position id_type_redirected",
        flags="active is_root_category",
        texts="redirect_type",
        times="date_add date_upd",
        languages=f"name link_rewrite description additional_description {_META}",
        associations={"categories": "category id", "products": "product id"},
        some_versions="additional_description meta_keywords redirect_type id_type_redirected",
        dynamic="nb_products_recursive",
        read_only="level_depth nb_products_recursive",
        bare="categories products",
    ),
    _resource(
        "manufacturers",
        flags="active",
        texts="name link_rewrite",
        times="date_add date_upd",
        languages=f"description short_description {_META}",
        associations={"addresses": "address id"},
        some_versions="meta_keywords",
        dynamic="link_rewrite",
        read_only="link_rewrite",
    ),
    _resource(
        "suppliers",
        flags="active",
        texts="name link_rewrite",
        times="date_add date_upd",
        languages=f"description {_META}",
        some_versions="meta_keywords",
        dynamic="link_rewrite",
        read_only="link_rewrite",
    ),
    _resource(
        "product_suppliers",
        ints="id_product id_product_attribute id_supplier id_currency",
        decimals="product_supplier_price_te",
        texts="product_supplier_reference",
    ),
    _resource("tags", ints="id_lang", texts="name"),
    _resource(
        "image_types", ints="width height", flags="products categories manufacturers suppliers stores", texts="name"
    ),
]

_SHOP = [
    _resource("taxes", "tax", flags="active deleted", decimals="rate", languages="name"),
    _resource(
        "tax_rules",
        ints="id_tax_rules_group id_country id_state id_tax behavior",
        texts="zipcode_from zipcode_to description",
    ),
    _resource("tax_rule_groups", flags="active deleted", texts="name", times="date_add date_upd"),
    _resource(
        "currencies",
        "currency",
        ints="precision",
        flags="deleted active unofficial modified",
        decimals="conversion_rate",
        texts="iso_code numeric_iso_code",
        languages="names name symbol pattern",
        some_versions="names modified unofficial",
        dynamic="names",
    ),
    _resource(
        "languages", flags="active is_rtl", texts="name iso_code locale language_code date_format_lite date_format_full"
    ),
    _resource(
        "countries",
        "country",
        ints="id_zone id_currency call_prefix",
        flags="active contains_states need_identification_number need_zip_code display_tax_label",
        texts="iso_code zip_code_format",
        languages="name",
    ),
    _resource("states", ints="id_zone id_country", flags="active", texts="iso_code name"),
    _resource("zones", flags="active", texts="name"),
    _resource("shops", ints="id_shop_group id_category", flags="active deleted", texts="name color theme_name"),
    _resource("shop_groups", flags="share_customer share_order share_stock active deleted", texts="name color"),
    _resource("shop_urls", ints="id_shop", flags="active main", texts="domain domain_ssl physical_uri virtual_uri"),
    _resource(
        "groups",
        ints="price_display_method",
        flags="show_prices",
        decimals="reduction",
        times="date_add date_upd",
        languages="name",
    ),
    _resource(
        "carriers",
        ints="id_reference id_tax_rules_group shipping_method max_width max_height max_depth grade position",
        flags="deleted is_module active is_free shipping_handling shipping_external range_behavior need_range",
        decimals="max_weight",
        texts="name url external_module_name",
        languages="delay",
        dynamic="id_tax_rules_group",
    ),
    _resource(
        "deliveries",
        "delivery",
        ints="id_carrier id_range_price id_range_weight id_zone id_shop id_shop_group",
        decimals="price",
    ),
    _resource("price_ranges", ints="id_carrier", decimals="delimiter1 delimiter2"),
    _resource("weight_ranges", ints="id_carrier", decimals="delimiter1 delimiter2"),
    _resource("configurations", ints="id_shop id_shop_group", texts="name value", times="date_add date_upd"),
]

_ORDERS = [
    _resource(
        "customers",
        ints="id_default_group id_lang id_gender id_risk id_shop id_shop_group max_payment_days",
        flags="deleted newsletter optin active is_guest show_public_prices",
        decimals="outstanding_allow_amount",
        texts="secure_key passwd lastname firstname email ip_registration_newsletter website company siret ape note "
        "reset_password_token",
        times="newsletter_date_add last_passwd_gen date_add date_upd reset_password_validity",
        days="birthday",
        associations={"groups": "group id"},
        bare="groups",
        put_loses="a PUT loses the customer's secure_key for good on PrestaShop 9 (recordings-9 143 to 145)",
    ),
    _resource(
        "addresses",
        "address",
        ints="id_customer id_manufacturer id_supplier id_warehouse id_country id_state",
        flags="deleted",
        texts="alias company lastname firstname vat_number address1 address2 postcode city other phone phone_mobile "
        "dni",
        times="date_add date_upd",
        some_versions="id_warehouse",
    ),
    _resource(
        "carts",
        ints="id_address_delivery id_address_invoice id_currency id_customer id_guest id_lang id_shop_group id_shop "
        "id_carrier",
        flags="recyclable gift mobile_theme allow_seperated_package",
        texts="gift_message delivery_option secure_key",
        times="date_add date_upd",
        associations={
            "cart_rows": "cart_row id_product id_product_attribute id_address_delivery id_customization quantity"
        },
    ),
    _resource(
        "cart_rules",
        ints="id_customer quantity quantity_per_user priority minimum_amount_currency reduction_currency "
        "reduction_product gift_product gift_product_attribute",
        flags="partial_use minimum_amount_tax minimum_amount_shipping country_restriction carrier_restriction "
        "group_restriction cart_rule_restriction product_restriction shop_restriction free_shipping reduction_tax "
        "reduction_exclude_special highlight active",
        decimals="minimum_amount reduction_percent reduction_amount",
        texts="description code",
        times="date_from date_to date_add date_upd",
        languages="name",
    ),
    _resource(
        "orders",
        ints="id_address_delivery id_address_invoice id_cart id_currency id_lang id_customer id_carrier current_state "
        "invoice_number delivery_number id_shop_group id_shop round_mode round_type",
        flags="valid recyclable gift mobile_theme",
        decimals="total_discounts total_discounts_tax_incl total_discounts_tax_excl total_paid total_paid_tax_incl "
        "total_paid_tax_excl total_paid_real total_products total_products_wt total_shipping total_shipping_tax_incl "
        "total_shipping_tax_excl carrier_tax_rate total_wrapping total_wrapping_tax_incl total_wrapping_tax_excl "
        "conversion_rate",
        texts="module shipping_number note secure_key payment gift_message reference",
        times="invoice_date delivery_date date_add date_upd",
        associations={
            "order_rows": "order_row id product_id product_attribute_id product_quantity text:product_name "
            "text:product_reference text:product_ean13 text:product_isbn text:product_upc decimal:product_price "
            "id_customization decimal:unit_price_tax_incl decimal:unit_price_tax_excl"
        },
        dynamic="shipping_number",
        put_loses="a PUT writes back the state and invoice numbers that were read: state changes in between are undone",
    ),
    _resource(
        "order_details",
        ints="id_order product_id product_attribute_id product_quantity_reinjected discount_quantity_applied "
        "id_order_invoice id_warehouse id_shop id_customization product_quantity product_quantity_in_stock "
        "product_quantity_return product_quantity_refunded tax_computation_method id_tax_rules_group download_nb",
        decimals="group_reduction product_price reduction_percent reduction_amount reduction_amount_tax_incl "
        "reduction_amount_tax_excl product_quantity_discount product_weight ecotax ecotax_tax_rate "
        "unit_price_tax_incl unit_price_tax_excl total_price_tax_incl total_price_tax_excl "
        "total_shipping_price_tax_excl total_shipping_price_tax_incl purchase_supplier_price original_product_price "
        "original_wholesale_price total_refunded_tax_excl total_refunded_tax_incl",
        texts="download_hash product_name product_ean13 product_isbn product_upc product_mpn product_reference "
        "product_supplier_reference",
        times="download_deadline",
        associations={"taxes": "tax id"},
        put_loses="a PUT empties the hidden tax rate and tax name of the line",
    ),
    _resource("order_histories", "order_history", ints="id_employee id_order_state id_order", times="date_add"),
    _resource(
        "order_carriers",
        ints="id_order id_carrier id_order_invoice",
        decimals="weight shipping_cost_tax_excl shipping_cost_tax_incl",
        texts="tracking_number",
        times="date_add",
    ),
    _resource(
        "order_payments",
        ints="id_currency id_employee",
        decimals="amount conversion_rate",
        texts="order_reference payment_method transaction_id card_number card_brand card_expiration card_holder",
        times="date_add",
        some_versions="id_employee",
    ),
    _resource(
        "order_invoices",
        ints="id_order number delivery_number shipping_tax_computation_method",
        decimals="total_discount_tax_excl total_discount_tax_incl total_paid_tax_excl total_paid_tax_incl "
        "total_products total_products_wt total_shipping_tax_excl total_shipping_tax_incl total_wrapping_tax_excl "
        "total_wrapping_tax_incl",
        texts="shop_address note",
        times="delivery_date date_add",
    ),
    _resource(
        "order_slip",
        ints="id_customer id_order order_slip_type",
        flags="shipping_cost partial",
        decimals="conversion_rate total_products_tax_excl total_products_tax_incl total_shipping_tax_excl "
        "total_shipping_tax_incl amount shipping_cost_amount",
        times="date_add date_upd",
        associations={
            "order_slip_details": "order_slip_detail id id_order_detail product_quantity decimal:amount_tax_excl "
            "decimal:amount_tax_incl"
        },
    ),
    _resource("order_returns", ints="id_customer id_order state", texts="question", times="date_add date_upd"),
    _resource(
        "order_cart_rules",
        ints="id_order id_cart_rule id_order_invoice",
        flags="free_shipping deleted",
        decimals="value value_tax_excl",
        texts="name",
        some_versions="deleted",
    ),
    _resource(
        "order_states",
        flags="unremovable delivery hidden send_email invoice logable shipped paid pdf_delivery pdf_invoice deleted",
        texts="module_name color",
        languages="name template",
    ),
    _resource(
        "messages",
        ints="id_cart id_order id_customer id_employee",
        flags="private",
        texts="message",
        times="date_add",
    ),
]

RESOURCES: Mapping[str, Resource] = {row.name: row for row in (*_CATALOGUE, *_SHOP, *_ORDERS)}


def resource(name: str) -> Resource:
    """The row of a resource; one of a module gets an empty row, so its fields come as they are.

    Raises:
        ValueError: this cannot be the name of a resource.
    """
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise ValueError(f"not a resource: {name!r}")
    return RESOURCES.get(name) or _resource(name)
