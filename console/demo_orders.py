"""The last part of the demo: a buyer orders on TikTok Shop, the order comes into PrestaShop, its parcel goes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from sandbox.prestashop.tables import Row
    from sandbox.server import Sandbox
    from sandbox.tiktok.order_model import Order as TikTokOrder

_TRACKING = "JD014600001234567890"
_CANCEL_REASON = "seller_cancel_reason_out_of_stock"


def show_orders(sandbox: Sandbox, connection_id: int, console: Console) -> bool:
    """Let buyers order, run the flows of orders, and show both sides; True when everything arrived."""
    from flows.cancellation_sync import cancellation_sync
    from flows.order_import import order_import
    from flows.shipment_push import shipment_push
    from sandbox.tiktok.order_generator import Mix, OrderGenerator

    console.rule("Orders")
    agree_on_orders(sandbox, connection_id)
    calm = Mix(on_hold=0, unpaid=0, pre_order=0, fulfilled_by_tiktok=0, tiktok_shipping=0, no_postal_code=0, sample=0)
    placed = OrderGenerator(sandbox.tiktok, 8, calm).place_random(3)
    console.print(f"  · {len(placed)} buyers order on TikTok Shop")
    with console.status("order_import: customer, address, cart, prices, order, and reading it back …"):
        imported = order_import("sandbox")
    made = _made(sandbox)
    if set(made) != {order.id for order in placed}:
        console.print("The orders did not arrive in PrestaShop.", style="red")
        return False
    shipped, cancelled = placed[0], placed[1]
    sandbox.prestashop.add_tracking(made[shipped.id]["id"], _TRACKING)
    console.print(f"  · the warehouse enters tracking number {_TRACKING} in PrestaShop order {made[shipped.id]['id']}")
    sandbox.prestashop.cancel_order(made[cancelled.id]["id"])
    console.print(f"  · an employee cancels PrestaShop order {made[cancelled.id]['id']}")
    with console.status("shipment_push and cancellation_sync: both reach TikTok Shop …"):
        pushed = shipment_push("sandbox")
        synced = cancellation_sync("sandbox")
    with console.status("Once more: nothing is left to do …"):
        again = (order_import("sandbox"), shipment_push("sandbox"), cancellation_sync("sandbox"))
    _show(console, sandbox, placed)
    left = sum(run.counts.get("planned", 0) + run.counts.get("created", 0) for run in again)
    right = all(made[order.id]["total_paid"] == f"{order.payment['total_amount']:.6f}" for order in placed)
    console.print(
        f"{imported.counts.get('imported', 0)} orders imported, to the cent: {'yes' if right else 'NO'}; "
        f"{pushed.counts.get('confirmed', 0)} shipped and {synced.counts.get('confirmed', 0)} cancelled "
        f"on TikTok Shop; once more: {left} to do."
    )
    return (
        right
        and shipped.status == "AWAITING_COLLECTION"
        and {package.tracking_number for package in shipped.packages.values()} == {_TRACKING}
        and cancelled.status == "CANCELLED"
        and not left
    )


def agree_on_orders(sandbox: Sandbox, connection_id: int) -> None:
    """What a merchant sets up for orders: the product for shipping, a carrier's provider, a reason for cancelling."""
    from models.connections import settings_in_force, store_settings
    from models.database import database
    from models.settings import ConnectionSettings
    from models.templates import CarrierMapping
    from sandbox.tiktok.logistics import carriers
    from tasks.shops import utc_now

    shop = sandbox.prestashop
    shop.add_fee_product()
    carrier = shop.row("carriers", shop.carrier_named("TikTok Shipping"))
    provider = carriers(sandbox.tiktok.shop.market)[0]
    with database().write() as session:
        session.add(
            CarrierMapping(
                connection_id=connection_id,
                id_reference=carrier["id_reference"],
                provider_id=provider["id"],
                provider_name=provider["name"],
            )
        )
        _, document = settings_in_force(session, connection_id)
        orders = {**document.orders.model_dump(), "cancel_reason": _CANCEL_REASON}
        changed = ConnectionSettings.model_validate({**document.model_dump(), "orders": orders})
        store_settings(session, connection_id, changed, note="demo", now=utc_now())


def _made(sandbox: Sandbox) -> dict[str, Row]:
    """PrestaShop's orders by the TikTok order in their note."""
    shop = sandbox.prestashop
    orders = {key: {**shop.order(key), "id": key} for key in shop.tables["orders"].ids}
    return {
        str(row["note"]).split()[3]: row
        for row in orders.values()
        if str(row.get("note") or "").startswith("TikTok Shop order ")
    }


def _show(console: Console, sandbox: Sandbox, placed: list[TikTokOrder]) -> None:
    made = _made(sandbox)
    states = sandbox.prestashop.tables["order_states"]
    table = Table(title="Orders on both sides")
    for heading in ("TikTok Shop", "status", "paid", "PrestaShop", "status", "total", "tracking on TikTok Shop"):
        table.add_column(heading, overflow="fold")
    for order in placed:
        row = made[order.id]
        name = next(iter((states.text(row["current_state"], "name") or {}).values()), "")
        numbers = {package.tracking_number for package in order.packages.values()} - {""}
        table.add_row(
            order.id,
            order.status.lower().replace("_", " "),
            f"{order.payment['total_amount']:.2f} {order.currency}",
            str(row["id"]),
            name,
            str(row["total_paid"])[:-4],
            ", ".join(numbers),
        )
    console.print(table)
