"""What the shop is like, as far as making orders in it goes: countries, carriers, states, taxes, rounding, settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import select

from clients.prestashop.filters import Filters, equals
from models.catalogue import ShopRecord
from models.connections import Watermark
from models.database import database, upsert
from rules.decision import Finding, Reason
from rules.order_carrier import choose_carrier
from rules.price import Currency
from rules.tax import TaxTable
from tasks import inputs
from tasks.mirror_rows import shop_record_row
from tasks.report import BatchReport
from tasks.retrying import on_retryable
from tasks.shop_tables import ORDER_TABLES, SETTINGS_RESOURCE, mirror_small_tables
from tasks.shops import Shops, open_shops, utc_now
from tasks.sweeps import set_watermark_now

_READ: Final = "order_tables"
# Carriers and statuses change when somebody sits in the back office, not from order to order.
_FRESH: Final = timedelta(minutes=15)
_REQUIRED: Final = "required_fields"
_WITH_REQUIRED_FIELDS: Final = ("addresses", "customers")


class NotPrepared(Exception):
    """The shop lacks something that every order needs. The finding says what, and what to do."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text)
        self.finding = finding


@dataclass(frozen=True, slots=True)
class FeeProduct:
    """The hidden product that stands for shipping and fees (4.4)."""

    id_product: int
    id_tax_rules_group: int


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """One shop as orders meet it.

    Attributes:
        records: small tables by resource and id.
        settings: PrestaShop's own settings by name.
        required: fields a merchant made obligatory, by resource.
        id_carrier: the present id of the chosen carrier (C2); `carrier` says why that one.
        id_lang: language of the orders.
        paid, error, backorder, cancelled: ids of the states that an order is made in, lands in when its total differs
            or its pieces are not there, and is cancelled by.
    """

    records: inputs.Records
    settings: Mapping[str, Any]
    required: Mapping[str, frozenset[str]]
    taxes: TaxTable
    currency: Currency
    id_lang: int
    id_carrier: int
    carrier: tuple[Reason, ...]
    guest_group: int
    customer_group: int
    paid: int
    error: int
    backorder: int
    cancelled: int
    round_type: int
    round_mode: int
    fee_product: FeeProduct | None

    @property
    def made_in(self) -> frozenset[int]:
        """The states that PrestaShop itself leaves a new order in; in any other one somebody works on it."""
        return frozenset((self.paid, self.error, self.backorder))

    def setting(self, name: str, otherwise: int = 0) -> int:
        """A setting of the shop as a number."""
        return inputs.number(self.settings, name, otherwise)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A setting of the shop as yes or no."""
        return inputs.flag(self.settings, name, default=default)

    def rows(self, resource: str) -> list[Mapping[str, Any]]:
        """A small table."""
        return list(self.records.get(resource, {}).values())


@task(name="read the shop's tables for orders", cache_policy=NO_CACHE, **on_retryable)
def read_order_tables(connection_id: int, *, anew: bool = False) -> BatchReport:
    """Carriers, statuses, countries, states, taxes, settings, required fields; not if they were read a moment ago."""
    now = utc_now()
    with database().read() as session:
        mark = session.get(Watermark, (connection_id, _READ))
    if mark is not None and not anew and now < datetime.fromisoformat(mark.value) + _FRESH:
        return BatchReport()
    report = mirror_small_tables.fn(connection_id, ORDER_TABLES)
    shops = open_shops(connection_id)
    required = {name: sorted(shops.prestashop.required_fields(name)) for name in _WITH_REQUIRED_FIELDS}
    with database().write() as session:
        upsert(session, ShopRecord, [shop_record_row(connection_id, _REQUIRED, {"id": 0, **required})])
    set_watermark_now(connection_id, _READ, now.isoformat())
    return report


def order_facts(shops: Shops) -> OrderFacts:
    """What `read_order_tables` read, put together; the fee product is looked up in the shop.

    Raises:
        NotPrepared: no currency of the market, no carrier that can be used.
        NotSetUp: the tables were never read.
    """
    with database().read() as session:
        records: dict[str, dict[int, Mapping[str, Any]]] = {}
        for row in session.exec(select(ShopRecord).where(ShopRecord.connection_id == shops.id)):
            records.setdefault(row.resource, {})[row.id] = row.data
    settings = records.get(SETTINGS_RESOURCE, {}).get(0, {})
    try:
        currency = inputs.currency_by_code(records, shops.market.currency)
    except inputs.NotSetUp as fault:
        raise NotPrepared(_unprepared("currency_missing", str(fault))) from None
    carrier = choose_carrier(
        records.get("carriers", {}),
        default=inputs.number(settings, "PS_CARRIER_DEFAULT"),
        reference=shops.settings.orders.carrier_reference,
    )
    if isinstance(carrier, Finding):
        raise NotPrepared(carrier)
    language, own = inputs.languages(shops, records, settings)
    required = records.get(_REQUIRED, {}).get(0, {})
    return OrderFacts(
        records=records,
        settings=settings,
        required={name: frozenset(required.get(name) or ()) for name in _WITH_REQUIRED_FIELDS},
        taxes=inputs.taxes(records),
        currency=currency,
        id_lang=int(language or own),
        id_carrier=carrier.value,
        carrier=carrier.reasons,
        guest_group=inputs.number(settings, "PS_GUEST_GROUP", 2),
        customer_group=inputs.number(settings, "PS_CUSTOMER_GROUP", 3),
        paid=inputs.number(settings, "PS_OS_WS_PAYMENT", 11),
        error=inputs.number(settings, "PS_OS_ERROR", 8),
        backorder=inputs.number(settings, "PS_OS_OUTOFSTOCK_PAID", 9),
        cancelled=inputs.number(settings, "PS_OS_CANCELED", 6),
        round_type=inputs.number(settings, "PS_ROUND_TYPE", 2),
        round_mode=inputs.number(settings, "PS_PRICE_ROUND_MODE", 2),
        fee_product=_fee_product(shops),
    )


def _fee_product(shops: Shops) -> FeeProduct | None:
    reference = shops.settings.orders.fee_product
    # Also where shipping is not booked: a cent that rounding by piece leaves has to go somewhere.
    if not reference:
        return None
    found = shops.prestashop.rows(
        "products", display=("id", "id_tax_rules_group", "reference"), filters=Filters(reference=equals(reference))
    )
    exact = [row for row in found if row["reference"] == reference]
    return FeeProduct(exact[0]["id"], exact[0]["id_tax_rules_group"]) if exact else None


def _unprepared(code: str, text: str) -> Finding:
    sentence, _, fix = text.partition(". ")
    return Finding(code, f"{sentence}.", fix)
