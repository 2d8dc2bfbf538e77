"""Addresses that buyers changed after PrestaShop got them (tiktok-shop-api.md 4.4 has_updated_recipient_address)."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import col, select

from clients.errors import Rejected, Retryable, Uncertain
from models.database import database
from models.orders import Order
from rules.addresses import NoAddress, address_fields
from rules.tiktok_order import Recipient
from tasks.order_facts import NotPrepared, order_facts
from tasks.order_reading import first_reading, store_orders
from tasks.order_record import buyer_of, load_orders, park_error, park_finding, secret_box, store, unseal
from tasks.report import BatchReport
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import open_shops


def changed_addresses(connection_id: int) -> list[int]:
    """Orders whose address in PrestaShop is no longer the buyer's."""
    with database().read() as session:
        keys = session.exec(
            select(Order.id).where(
                Order.connection_id == connection_id,
                col(Order.address_changed).is_(True),
                col(Order.id_address).is_not(None),
                Order.parked_code == "",
            )
        ).all()
    return [key for key in keys if key is not None]


@task(name="correct addresses", cache_policy=NO_CACHE, **on_retryable)
def correct_addresses(run: Run, keys: Sequence[int]) -> BatchReport:
    """Write the new address over the old one; written again it is the same."""
    shops = open_shops(run.connection_id)
    report = BatchReport()
    try:
        facts = order_facts(shops)
    except NotPrepared:
        return report
    orders = load_orders(keys)
    rows = shops.tiktok.orders([order.order_id for order in orders])
    seen = {one.id: one for one in store_orders(shops, rows, BatchReport(), began=first_reading(shops.id), again=True)}
    box = secret_box()
    for order in load_orders(keys):
        if order.order_id not in seen or order.id_address is None:
            continue
        decided = address_fields(
            seen[order.order_id],
            shops.settings.orders,
            countries=facts.rows("countries"),
            states=facts.rows("states"),
            recipient=Recipient.read(buyer_of(box, order).recipient),
            required=facts.required,
            corrections=unseal(box, order.corrections_secret),
        )
        if isinstance(decided.value, NoAddress):
            report.failed(park_finding(order, decided.value.findings[0]))
            continue
        try:
            shops.prestashop.update("addresses", order.id_address, decided.value.fields)
        except Rejected as fault:
            report.failed(park_error(order, fault))
        except (Uncertain, Retryable):
            report.count("postponed")
        else:
            # What may be on its way for the order stays so.
            store([order], lambda one: {"address_changed": False, "sending": one.sending}, event="Address changed")
            report.count("addresses changed")
    return report
