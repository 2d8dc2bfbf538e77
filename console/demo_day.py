"""The second half of the demo: what happens in PrestaShop after the first upload, and what becomes of it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from sandbox.server import Sandbox


def show_daily_work(sandbox: Sandbox, connection_id: int, console: Console) -> bool:
    """Change things in both shops, run the flows of the daily work, and show what they did; True when all arrived."""
    from flows.price_stock_sync import price_stock_sync
    from flows.status_sync import status_sync

    console.rule("A day in PrestaShop")
    with console.status("Prices and stock: nothing has changed yet …"):
        quiet = price_stock_sync("sandbox", full=True)
    settled = price_stock_sync("sandbox", full=True) if _sent(quiet.counts) else quiet
    for what in _things_happen(sandbox, connection_id):
        console.print(f"  · {what}")
    with console.status("price_stock_sync: noticing, deciding, sending, reading back …"):
        done = price_stock_sync("sandbox", full=True)
    _show_changes(console, done.plan)
    with console.status("Once more: everything has arrived, so nothing should be sent …"):
        again = price_stock_sync("sandbox", full=True)
    with console.status("status_sync: what TikTok Shop decided or somebody changed there …"):
        statuses = status_sync("sandbox", full=True)
    console.print(
        f"Price and stock sync: {_sent(done.counts)} sent and confirmed; once more: {_sent(again.counts)}. "
        f"Status sync: {statuses.counts.get('statuses read', 0)} listings read."
    )
    return done.ok and _sent(done.counts) > 0 and not _sent(again.counts) and not _sent(settled.counts)


def _sent(counts: dict[str, int]) -> int:
    return counts.get("prices confirmed", 0) + counts.get("stocks confirmed", 0)


def _things_happen(sandbox: Sandbox, connection_id: int) -> list[str]:
    """A sale, a delivery, a new price, a promotion that begins, a product that is taken out of the range."""
    from sqlmodel import col, select

    from models.catalogue import Product
    from models.database import database
    from models.listings import ListingSku

    with database().read() as session:
        listed = session.exec(
            select(ListingSku, Product)
            .join(
                Product,
                (col(Product.connection_id) == ListingSku.connection_id)
                & (col(Product.id_product) == ListingSku.id_product),
            )
            .where(
                ListingSku.connection_id == connection_id, col(ListingSku.offered) > 0, Product.product_type != "pack"
            )
            .order_by(col(ListingSku.id_product), col(ListingSku.id_product_attribute))
        ).all()
    first = {product.id_product: (sku.id_product_attribute or 0, product) for sku, product in reversed(listed)}
    sold, delivered, dearer, promoted, gone = [first[key] for key in sorted(first)[:5]]
    shop = sandbox.prestashop
    shop.set_stock(sold[1].id_product, 0, sold[0])
    shop.set_stock(delivered[1].id_product, 250, delivered[0])
    shop.set_price(dearer[1].id_product, f"{dearer[1].price * Decimal('1.1'):.2f}")
    shop.add_specific_price(promoted[1].id_product, reduction="0.200000", reduction_type="percentage")
    shop.delete_product(gone[1].id_product)
    happened = {
        "the last piece is sold": sold,
        "250 pieces arrive": delivered,
        "10 % dearer": dearer,
        "a promotion of 20 % begins, which no date in PrestaShop tells of": promoted,
        "deleted": gone,
    }
    return [
        f"product {product.id_product} ({product.reference or 'no reference'}): {what}"
        for what, (_, product) in happened.items()
    ]


def _show_changes(console: Console, plan: int | None) -> None:
    from sqlmodel import col, select

    from models.database import database
    from models.listings import Change
    from tasks.runs import change_text

    table = Table(title=f"Plan {plan}: what differed, and only that")
    for heading in ("product", "change", "from → to", "state", "why"):
        table.add_column(heading, overflow="fold")
    with database().read() as session:
        changes = session.exec(select(Change).where(Change.plan_id == plan).order_by(col(Change.id))).all()
    for change in changes:
        table.add_row(
            str(change.id_product or ""),
            change.kind.value,
            change_text(change),
            change.state.value,
            "; ".join(reason["text"] for reason in change.reasons),
        )
    console.print(table)
