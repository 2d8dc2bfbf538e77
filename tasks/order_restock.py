"""Putting back the stock of orders that TikTok fulfils from its own warehouses (K20).

PrestaShop takes the pieces of every order out of its stock; those of such an order never were in it. A stock row can
only be set to a number, so what it was and what it has to become are noted first: a later run sees which of the two it
is, and asks a person when it is neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from clients.errors import Rejected, Retryable, Uncertain
from clients.prestashop.filters import Filters, any_of
from models.orders import OrderStage
from tasks.order_record import mark_sending, park, park_error, postpone, store
from tasks.order_work import Work
from tasks.report import BatchReport
from tasks.shops import Shops

_STEP: Final = "restock"
_NOTED: Final = "restock"


def put_back(shops: Shops, works: Sequence[Work], report: BatchReport) -> None:
    """Give PrestaShop back the pieces of verified orders that TikTok fulfils, once.

    An order whose stock PrestaShop refuses to set waits for a person; the others go on.
    """
    for work in works:
        if not work.out and work.seen.by_tiktok and work.order.stage is OrderStage.VERIFIED:
            try:
                _one(shops, work, report)
            except Rejected as fault:
                work.out = True
                report.failed(park_error(work.order, fault))


def _one(shops: Shops, work: Work, report: BatchReport) -> None:
    noted: dict[str, Any] = dict(work.order.ledger.get(_NOTED) or {})
    if noted.get("done"):
        return
    pieces = {row.variant: row.quantity for row in work.prepared.goods}
    present = _stock(shops, pieces)
    targets: dict[str, list[int]] = noted.get("rows") or {
        str(row_id): [quantity, quantity + pieces[variant]] for row_id, (variant, quantity) in present.items()
    }
    _note(work, {"rows": targets})
    quantities = {str(row_id): quantity for row_id, (_, quantity) in present.items()}
    mark_sending([work.order], _STEP)
    for row_id, (before, after) in targets.items():
        now = quantities.get(row_id, after)
        if now == after:
            continue
        if now != before:
            _ask(work, report)
            return
        if not _set(shops, int(row_id), after):
            postpone(work.order, step=_STEP)
            work.out = True
            report.count("postponed")
            return
    _note(work, {"rows": targets, "done": True})
    report.count("stock put back")


def _set(shops: Shops, row_id: int, quantity: int) -> bool:
    """Set a stock row; after an unclear answer it is looked at, before anybody else moves it."""
    try:
        shops.prestashop.update("stock_availables", row_id, {"quantity": quantity})
    except (Uncertain, Retryable):
        row = shops.prestashop.one("stock_availables", row_id)
        return row is not None and bool(row["quantity"] == quantity)
    return True


def _stock(shops: Shops, pieces: Mapping[tuple[int, int], int]) -> dict[int, tuple[tuple[int, int], int]]:
    """Stock rows of these variants by id."""
    rows = shops.prestashop.rows(
        "stock_availables",
        display=("id", "id_product", "id_product_attribute", "quantity"),
        filters=Filters(id_product=any_of(sorted({variant[0] for variant in pieces}))),
    )
    found = {}
    for row in rows:
        variant = (row["id_product"], row["id_product_attribute"])
        if variant in pieces:
            found[row["id"]] = (variant, row["quantity"])
    return found


def _note(work: Work, noted: Mapping[str, Any]) -> None:
    store([work.order], lambda order: {"ledger": {**order.ledger, _NOTED: dict(noted)}})


def _ask(work: Work, report: BatchReport) -> None:
    work.out = True
    report.failed(
        park(
            work.order,
            "stock_unclear",
            "TikTok fulfilled this order, and its pieces could not be put back: PrestaShop's stock moved meanwhile.",
            "Add the order's pieces to PrestaShop's stock by hand, then delete the order here.",
        )
    )
