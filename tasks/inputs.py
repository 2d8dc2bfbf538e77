"""What rules need to know, read from our tables once a run: names, taxes, templates, taxonomy, price context."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from config.errors import ForPeople
from models.catalogue import Product, ShopRecord, Variant
from models.database import database
from models.listings import ListingSku
from models.settings import SkuSource
from models.taxonomy import Brand, Category, CategoryAttribute, Warehouse
from models.templates import AttributeMapping, BrandMapping, CategoryTemplate, ValueMapping
from rules.brands import BrandBook
from rules.content import digest
from rules.decision import Names
from rules.price import Currency, PriceContext
from rules.quantity import StockPolicy
from rules.tax import TaxRule, TaxTable, tax_rate
from tasks.shop_tables import SETTINGS_RESOURCE
from tasks.shops import Shops

Records = Mapping[str, Mapping[int, Mapping[str, Any]]]


class NotSetUp(ForPeople):
    """The connection lacks something without which nothing can be decided. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything but the products themselves.

    Attributes:
        language_id, fallback_language_id: PrestaShop language ids, as text.
        ancestors: category id → itself and everything above it.
        attributes: by TikTok category id.
        mappings: by template id; `dictionaries` by mapping id and case-folded text.
        price: context at the time the inputs were read.
        warehouse_id: TikTok warehouse that stock goes to.
        owners: seller SKUs that several products have → the one product that may use it.
        mapping_hashes: by template id, over the template and what it maps.
    """

    names: Names
    language_id: str
    fallback_language_id: str
    ancestors: Mapping[int, frozenset[int]]
    templates: Sequence[CategoryTemplate]
    categories: Mapping[str, Category]
    attributes: Mapping[str, Sequence[CategoryAttribute]]
    mappings: Mapping[int, Sequence[AttributeMapping]]
    dictionaries: Mapping[int, Mapping[str, ValueMapping]]
    brands: BrandBook
    price: PriceContext
    stock: StockPolicy
    warehouse_id: str
    weight_unit: str
    dimension_unit: str
    owners: Mapping[str, int]
    mapping_hashes: Mapping[int, str]

    def template(self, template_id: int | None) -> CategoryTemplate | None:
        """The template of that id."""
        return next((template for template in self.templates if template.id == template_id), None)


# By database and connection: the run's plan, and what it read.
_cache: dict[tuple[str, int], tuple[int, Inputs]] = {}
_cache_guard = threading.Lock()


def inputs_of(shops: Shops, plan: int, now: datetime) -> Inputs:
    """The inputs of a run: read by its first batch, shared by the others (`plan` is the run's)."""
    with _cache_guard:
        key = (database().url, shops.id)
        cached = _cache.get(key)
        if cached is None or cached[0] != plan:
            cached = (plan, read_inputs(shops, now))
            _cache[key] = cached
        return cached[1]


def read_inputs(shops: Shops, now: datetime) -> Inputs:
    """Read everything anew.

    Raises:
        NotSetUp: no mirror yet, the market's currency or country is missing in PrestaShop, no sales warehouse.
    """
    with database().read() as session:
        records = _records(session, shops.id)
        values = records.get(SETTINGS_RESOURCE, {}).get(0, {})
        if not values:
            raise NotSetUp("The PrestaShop catalogue was not mirrored yet. Run: connector run catalog_upload")
        language, fallback = languages(shops, records, values)
        templates = session.exec(
            select(CategoryTemplate)
            .where(CategoryTemplate.connection_id == shops.id)
            .order_by(col(CategoryTemplate.position), col(CategoryTemplate.id))
        ).all()
        mappings, dictionaries = _mappings(session, [template.key for template in templates])
        used = sorted({template.category_id for template in templates if template.category_id})
        categories = {
            category.id: category
            for category in session.exec(
                select(Category).where(Category.connection_id == shops.id, col(Category.id).in_(used))
            )
        }
        return Inputs(
            names=_names(records, language, fallback),
            language_id=language,
            fallback_language_id=fallback,
            ancestors=_ancestors(records.get("categories", {})),
            templates=templates,
            categories=categories,
            attributes=_attributes(session, shops.id, used),
            mappings=mappings,
            dictionaries=dictionaries,
            brands=_brand_book(session, shops.id),
            price=price_context(shops, records, now),
            stock=StockPolicy(
                stock_management=flag(values, "PS_STOCK_MANAGEMENT", default=True),
                order_out_of_stock=flag(values, "PS_ORDER_OUT_OF_STOCK"),
                pack_stock_type=number(values, "PS_PACK_STOCK_TYPE"),
            ),
            warehouse_id=_warehouse(session, shops),
            weight_unit=str(values.get("PS_WEIGHT_UNIT") or "kg").lower(),
            dimension_unit=str(values.get("PS_DIMENSION_UNIT") or "cm").lower(),
            owners=sku_owners(session, shops.id, shops.settings.products.sku_source),
            mapping_hashes=_mapping_hashes(templates, mappings, dictionaries),
        )


def _records(session: Session, connection_id: int) -> Records:
    by_resource: dict[str, dict[int, Mapping[str, Any]]] = defaultdict(dict)
    for resource, record_id, data in session.exec(
        select(ShopRecord.resource, ShopRecord.id, ShopRecord.data).where(ShopRecord.connection_id == connection_id)
    ):
        by_resource[resource][record_id] = data
    return by_resource


def flag(values: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    """A setting of PrestaShop as yes or no."""
    return str(values.get(name, "1" if default else "0") or "0") not in ("0", "")


def number(values: Mapping[str, Any], name: str, default: int = 0) -> int:
    """A setting of PrestaShop as a number."""
    try:
        return int(str(values.get(name, default) or default))
    except ValueError:
        return default


def languages(shops: Shops, records: Records, values: Mapping[str, Any]) -> tuple[str, str]:
    """The language that is sent (B5) and the shop's own, as PrestaShop ids in text."""
    wanted = shops.settings.products.language or shops.market.language
    own = str(number(values, "PS_LANG_DEFAULT", 1))
    by_code: dict[str, str] = {}
    for language_id, language in records.get("languages", {}).items():
        if language.get("active"):
            # A pack's iso_code may be that of a country ("gb", "mx"); its locale says the language ("en-GB").
            for code in (str(language["iso_code"]), str(language.get("locale") or "")[:2]):
                by_code.setdefault(code.lower(), str(language_id))
    if wanted in by_code:
        return by_code[wanted], own
    if shops.settings.products.language:
        known = ", ".join(sorted(by_code))
        raise NotSetUp(f"PrestaShop has no active language {wanted!r} (setting products.language, B5). It has: {known}")
    return own, own


def _text(texts: Any, language: str, fallback: str) -> str:
    if isinstance(texts, Mapping):
        return str(texts.get(language) or texts.get(fallback) or next(iter(texts.values()), ""))
    return str(texts or "")


def _names(records: Records, language: str, fallback: str) -> Names:
    def texts(resource: str, name: str) -> dict[int, str]:
        return {key: _text(row.get(name), language, fallback) for key, row in records.get(resource, {}).items()}

    values = texts("product_option_values", "name")
    return Names(
        categories=texts("categories", "name"),
        manufacturers=texts("manufacturers", "name"),
        option_values={
            key: (int(row["id_attribute_group"]), values[key])
            for key, row in records.get("product_option_values", {}).items()
        },
        options=texts("product_options", "name"),
        features=texts("product_features", "name"),
        feature_values=texts("product_feature_values", "value"),
    )


def _ancestors(categories: Mapping[int, Mapping[str, Any]]) -> dict[int, frozenset[int]]:
    above: dict[int, frozenset[int]] = {}
    for category in categories:
        line: set[int] = set()
        at = category
        while at in categories and at not in line:
            line.add(at)
            at = int(categories[at].get("id_parent") or 0)
        above[category] = frozenset(line)
    return above


def _mappings(
    session: Session, template_ids: Sequence[int]
) -> tuple[dict[int, list[AttributeMapping]], dict[int, dict[str, ValueMapping]]]:
    mappings: dict[int, list[AttributeMapping]] = defaultdict(list)
    for mapping in session.exec(
        select(AttributeMapping)
        .where(col(AttributeMapping.template_id).in_(template_ids))
        .order_by(col(AttributeMapping.id))
    ):
        mappings[mapping.template_id].append(mapping)
    ids = [mapping.id for group in mappings.values() for mapping in group]
    dictionaries: dict[int, dict[str, ValueMapping]] = defaultdict(dict)
    for value in session.exec(select(ValueMapping).where(col(ValueMapping.mapping_id).in_(ids))):
        dictionaries[value.mapping_id][value.source_value.casefold()] = value
    return mappings, dictionaries


def _attributes(session: Session, connection_id: int, categories: Sequence[str]) -> dict[str, list[CategoryAttribute]]:
    found: dict[str, list[CategoryAttribute]] = defaultdict(list)
    for attribute in session.exec(
        select(CategoryAttribute)
        .where(CategoryAttribute.connection_id == connection_id, col(CategoryAttribute.category_id).in_(categories))
        .order_by(col(CategoryAttribute.position))
    ):
        found[attribute.category_id].append(attribute)
    return found


def _brand_book(session: Session, connection_id: int) -> BrandBook:
    mapped = {
        row.manufacturer.casefold(): row.brand_id
        for row in session.exec(select(BrandMapping).where(BrandMapping.connection_id == connection_id))
    }
    brands = {brand.id: brand for brand in session.exec(select(Brand).where(Brand.connection_id == connection_id))}
    return BrandBook(mappings=mapped, brands=brands)


def _warehouse(session: Session, shops: Shops) -> str:
    """The sales warehouse to sync with (A4): the chosen one, else the default one that is open."""
    warehouses = session.exec(
        select(Warehouse).where(Warehouse.connection_id == shops.id, Warehouse.type == "SALES_WAREHOUSE")
    ).all()
    chosen = shops.settings.sales_warehouse_id
    if chosen:
        if any(warehouse.id == chosen for warehouse in warehouses):
            return chosen
        raise NotSetUp(
            f"TikTok Shop has no sales warehouse {chosen} (setting sales_warehouse_id, A4). "
            "Run taxonomy_refresh and choose one of its sales warehouses."
        )
    usable = [warehouse for warehouse in warehouses if warehouse.effect_status == "ENABLED"]
    for warehouse in sorted(usable, key=lambda one: not one.is_default):
        return warehouse.id
    raise NotSetUp(
        "TikTok Shop has no open sales warehouse (A4). Set one up in Seller Center, then run: "
        "connector run taxonomy_refresh"
    )


def price_context(shops: Shops, records: Records, now: datetime) -> PriceContext:
    """What prices depend on beside the product: currency (B8), customer group (B7), country's VAT, the shop's rules."""
    values = records.get(SETTINGS_RESOURCE, {}).get(0, {})
    products = shops.settings.products
    group = products.customer_group or number(values, "PS_CUSTOMER_GROUP", 3)
    country = products.tax_country or shops.market.country
    table = taxes(records)
    id_country = _country(records, country)
    ecotax_group = number(values, "PS_ECOTAX_TAX_RULES_GROUP_ID")
    default_currency = _currency(records, number(values, "PS_CURRENCY_DEFAULT", 1))
    return PriceContext(
        now=now,
        id_shop=products.shop_id,
        currency=currency_by_code(records, products.currency or shops.market.currency),
        default_currency=default_currency,
        id_country=id_country,
        id_group=group,
        group_reduction=Decimal(str(records.get("groups", {}).get(group, {}).get("reduction", 0) or 0)),
        priorities=tuple(part for part in str(values.get("PS_SPECIFIC_PRICE_PRIORITIES") or "").split(";") if part)
        or ("id_group", "id_currency", "id_country", "id_shop"),
        round_mode=number(values, "PS_PRICE_ROUND_MODE", 2),
        specific_prices_active=flag(values, "PS_SPECIFIC_PRICE_FEATURE_ACTIVE", default=True),
        ecotax_active=flag(values, "PS_USE_ECOTAX"),
        ecotax_tax_rate=tax_rate(table, ecotax_group, id_country).value,
        taxes=table,
        tax_enabled=flag(values, "PS_TAX", default=True),
        with_tax=shops.market.tax_included,
    )


def _currency(records: Records, currency_id: int) -> Currency:
    row = records.get("currencies", {}).get(currency_id)
    if row is None:
        raise NotSetUp("PrestaShop's default currency cannot be read. Give the webservice key the right to currencies.")
    rate = Decimal(str(row["conversion_rate"] or 0))
    if rate <= 0:
        raise NotSetUp(
            f"PrestaShop's currency {row['iso_code']} has no exchange rate. "
            "Enter one in PrestaShop under International > Localization > Currencies."
        )
    return Currency(
        id=currency_id,
        iso_code=str(row["iso_code"]),
        rate=rate,
        precision=int(row.get("precision", 2)),
    )


def currency_by_code(records: Records, code: str) -> Currency:
    """The shop's active currency of that ISO code.

    Raises:
        NotSetUp: there is none.
    """
    for currency_id, row in records.get("currencies", {}).items():
        if row["iso_code"] == code and row.get("active") and not row.get("deleted"):
            return _currency(records, currency_id)
    raise NotSetUp(
        f"PrestaShop has no active currency {code}, which this market sells in (B8). "
        "Add it in PrestaShop under International > Localization > Currencies."
    )


def _country(records: Records, code: str) -> int:
    for country_id, row in records.get("countries", {}).items():
        if row["iso_code"] == code:
            return country_id
    raise NotSetUp(f"PrestaShop does not know the country {code} whose VAT is in the price.")


def taxes(records: Records) -> TaxTable:
    """The shop's tax rules."""
    rates = {key: Decimal(str(row["rate"])) for key, row in records.get("taxes", {}).items()}
    rules: dict[int, list[TaxRule]] = defaultdict(list)
    for row in records.get("tax_rules", {}).values():
        rules[int(row["id_tax_rules_group"])].append(
            TaxRule(
                id_country=int(row["id_country"]),
                id_state=int(row.get("id_state") or 0),
                zipcode_from=str(row.get("zipcode_from") or "0"),
                zipcode_to=str(row.get("zipcode_to") or "0"),
                id_tax=int(row["id_tax"]),
                behavior=int(row.get("behavior") or 0),
            )
        )
    active = frozenset(
        key for key, row in records.get("tax_rule_groups", {}).items() if row.get("active") and not row.get("deleted")
    )
    return TaxTable(rules=rules, rates=rates, active_groups=active)


def sku_owners(session: Session, connection_id: int, source: SkuSource) -> dict[str, int]:
    """Seller SKUs that more than one product on sale has, each with the one product that may use it.

    That is the product already listed with it, else the one with the lowest id, so that a run's order decides nothing.
    """
    if source == "id":
        return {}
    field = getattr(Variant, source)
    owners: dict[str, int] = dict(
        session.exec(
            select(func.trim(field), func.min(Variant.id_product))
            .join(
                Product,
                (col(Product.connection_id) == col(Variant.connection_id))
                & (col(Product.id_product) == col(Variant.id_product)),
            )
            .where(Variant.connection_id == connection_id, field != "", col(Product.active), Product.state == 1)
            .group_by(func.trim(field))
            .having(func.count(func.distinct(Variant.id_product)) > 1)
        ).all()
    )
    for sku, listed in session.exec(
        select(ListingSku.seller_sku, ListingSku.id_product).where(
            ListingSku.connection_id == connection_id,
            col(ListingSku.id_product).is_not(None),
            col(ListingSku.seller_sku) != "",
        )
    ):
        if sku in owners and listed is not None:
            owners[sku] = listed
    return owners


def _mapping_hashes(
    templates: Sequence[CategoryTemplate],
    mappings: Mapping[int, Sequence[AttributeMapping]],
    dictionaries: Mapping[int, Mapping[str, ValueMapping]],
) -> dict[int, str]:
    """By template id, a hash over the template, its attribute mappings and its value dictionaries."""
    return {
        template.key: digest(
            [
                template.model_dump(mode="json"),
                [
                    [
                        mapping.model_dump(mode="json", exclude={"id"}),
                        sorted(
                            [value.source_value, value.value_id, value.value_name]
                            for value in dictionaries.get(mapping.id or 0, {}).values()
                        ),
                    ]
                    for mapping in mappings.get(template.key, ())
                ],
            ]
        )
        for template in templates
    }
