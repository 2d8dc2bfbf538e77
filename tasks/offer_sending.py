"""Sending planned prices and stock: one price call and one stock call a listing, each SKU with its own outcome (K3).

Prices and stock are absolute, so a call without an answer is simply made again; until it is answered its change stays
"sent", and the next run sends the whole listing anew whatever the record says.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import col, select

from clients.errors import AuthorizationError, ConfigurationFault, Rejected, Retryable, ShopError, Uncertain
from clients.tiktok.errors import ERRORS, explain
from clients.tiktok.results import ItemError
from models.database import database, in_parts
from models.listings import Change, ChangeKind, ChangeState, Listing, ListingSku
from rules.offers import warehouse_stock
from tasks.change_record import Elsewhere, finish, mark_sent, note
from tasks.inputs import Inputs, inputs_of
from tasks.offers import OFFER_KINDS, touched_since
from tasks.order_stock import known_to_prestashop, sold_elsewhere
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import Shops, open_shops, utc_now
from tasks.threads import BatchThreads
from tasks.touched import touch

_log = logging.getLogger(__name__)

THREADS: Final = 8
# A lock is looked at again after this, doubled with every try, up to the longest wait.
_FIRST_WAIT: Final = timedelta(minutes=10)
_LONGEST_WAIT: Final = timedelta(hours=2)
# Codes that are about one SKU although they refuse the whole price call (3.19, 3.22).
_ONE_SKUS_PRICE: Final = {"12052012", "12052036", "12052073", "12052570", "12052571"}
# Products one inventory search takes (3.21).
_PRODUCTS_A_SEARCH: Final = 100
_SKUS_A_SEARCH: Final = 600
# Of the stocks sent without being 0, one in so many is read back.
_SAMPLE: Final = 20


@dataclass(frozen=True, slots=True)
class SkuInventory:
    """The stock of a SKU (3.21): available by warehouse, and committed units of orders PrestaShop does not know."""

    available: Mapping[str, int]
    unknown: int


@dataclass(slots=True)
class _Work:
    """One change with what sending it needs, and what became of its SKUs."""

    shops: Shops
    inputs: Inputs
    change: Change
    listing: Listing
    skus: Mapping[str, ListingSku]
    inventory: Mapping[str, SkuInventory]
    # Units by variant that other connections sold and PrestaShop does not know yet.
    elsewhere: Mapping[tuple[int, int], int]

    def variant(self, sku_id: str) -> tuple[int, int]:
        """The PrestaShop variant of a linked SKU."""
        return self.skus[sku_id].id_product or 0, self.skus[sku_id].id_product_attribute or 0

    @property
    def name(self) -> str:
        product = self.listing.id_product
        return f"product {product}" if product is not None else f"listing {self.listing.product_id}"

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The planned SKUs that are still linked."""
        return [row for row in self.change.after["skus"] if row["sku_id"] in self.skus]


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why one SKU was not set."""

    sku_id: str
    code: str
    cause: str
    fix: str
    later: bool
    request_id: str = ""


def offers_to_send(connection_id: int, plan: int) -> list[list[int]]:
    """Ids of a plan's changes of price and stock that may be sent now, by listing: its two never go side by side."""
    with database().read() as session:
        changes = session.exec(
            select(Change.id, Change.object, Change.not_before).where(
                Change.connection_id == connection_id,
                Change.plan_id == plan,
                col(Change.kind).in_(OFFER_KINDS),
                Change.state == ChangeState.PLANNED,
            )
        ).all()
    now = utc_now()
    ready: dict[str, list[int]] = defaultdict(list)
    for key, name, wait in changes:
        if key is not None and (wait is None or wait <= now):
            ready[name].append(key)
    return [sorted(keys) for _, keys in sorted(ready.items(), key=lambda item: int(item[0].partition(":")[2]))]


@task(name="send prices and stock", cache_policy=NO_CACHE, **on_retryable)
def send_offers(run: Run, change_ids: Sequence[int]) -> BatchReport:
    """Send a batch of price and stock changes, some listings at a time; one bad listing never stops the others.

    Raises:
        AuthorizationError, ConfigurationFault: nothing of the batch can go on.
        Retryable: TikTok Shop cannot be reached; what was not sent stays planned.
    """
    shops = open_shops(run.connection_id)
    inputs = inputs_of(shops, run.plan, utc_now())
    by_listing, report = _load(shops, inputs, change_ids)
    stop: list[ShopError] = []

    def one(works: Sequence[_Work]) -> BatchReport:
        mine = BatchReport()
        for work in works:
            if stop:
                mine.count("waiting")
                continue
            try:
                _send(work, mine)
            except (AuthorizationError, ConfigurationFault) as error:
                stop.append(error)
                mine.count("unresolved")
            except (Retryable, Uncertain) as error:
                # The client has tried more than once by then, and an earlier answer may have been lost.
                note(work.change, code=error.code, cause=error.cause, request_id=error.request_id)
                mine.count("unresolved")
            except Exception:  # noqa: BLE001  # the boundary of one listing
                # A fault of ours with one listing must not stop the others; what was sent is sent again.
                _log.exception("%s: unexpected failure", work.name)
                mine.failed(
                    Failure(
                        object=work.name,
                        code="internal_error",
                        cause="The connector failed on this listing in a way it did not foresee.",
                        fix="Look into the log of the run and report it; the other listings went on.",
                    ),
                    count="unresolved",
                )
        return mine

    with BatchThreads(THREADS, thread_name_prefix="offers") as pool:
        report = BatchReport.total([report, *pool.map(one, by_listing)])
    if stop:
        raise stop[0]
    return report


def _load(shops: Shops, inputs: Inputs, change_ids: Sequence[int]) -> tuple[list[list[_Work]], BatchReport]:
    report = BatchReport()
    with database().read() as session:
        changes = session.exec(
            select(Change).where(col(Change.id).in_(change_ids), Change.state == ChangeState.PLANNED)
        ).all()
        keys = {int(change.object.partition(":")[2]) for change in changes}
        listings = {one.key: one for one in session.exec(select(Listing).where(col(Listing.id).in_(keys)))}
        skus: dict[int, dict[str, ListingSku]] = defaultdict(dict)
        for sku in session.exec(
            select(ListingSku).where(col(ListingSku.listing_id).in_(keys), col(ListingSku.id_product).is_not(None))
        ):
            skus[sku.listing_id][sku.sku_id] = sku
        newer = touched_since(session, shops.id, changes, skus)
        products = {sku.id_product or 0 for group in skus.values() for sku in group.values()}
        elsewhere = sold_elsewhere(session, shops.id, sorted(products))
    stocked = {int(change.object.partition(":")[2]) for change in changes if change.kind == ChangeKind.STOCK}
    inventory = read_inventory(shops, sorted(listings[key].product_id for key in stocked if key in listings))
    grouped: dict[int, list[_Work]] = defaultdict(list)
    for change in sorted(changes, key=lambda one: change_ids.index(one.key)):
        key = int(change.object.partition(":")[2])
        if change.key in newer or not any(row["sku_id"] in skus[key] for row in change.after["skus"]):
            # Something moved since it was planned: an order, which the next run plans for anew, or its link is gone.
            finish(change, ChangeState.SUPERSEDED)
            report.count("superseded")
            continue
        grouped[key].append(_Work(shops, inputs, change, listings[key], skus[key], inventory, elsewhere))
    return list(grouped.values()), report


def read_inventory(
    shops: Shops, product_ids: Sequence[str], *, before: datetime | None = None
) -> dict[str, SkuInventory]:
    """What TikTok Shop has in stock, by SKU id; SKUs it does not know are missing.

    Args:
        shops: the connection's.
        product_ids: TikTok product ids.
        before: when PrestaShop's stock was read, if orders may have come there since.
    """
    with database().read() as session:
        sku_ids = [
            sku_id
            for part in in_parts(product_ids)
            for sku_id in session.exec(
                select(ListingSku.sku_id)
                .join(Listing, col(Listing.id) == ListingSku.listing_id)
                .where(Listing.connection_id == shops.id, col(Listing.product_id).in_(part))
            )
        ]
        known = known_to_prestashop(session, shops.id, sku_ids, before=before)
    return {
        sku_id: one
        for part in in_parts(product_ids, _PRODUCTS_A_SEARCH)
        for sku_id, one in _inventory_of(shops.tiktok.search_inventory(product_ids=part), known).items()
    }


def read_inventory_of_skus(shops: Shops, sku_ids: Sequence[str]) -> dict[str, SkuInventory]:
    """The same for single SKUs."""
    with database().read() as session:
        known = known_to_prestashop(session, shops.id, sku_ids)
    return {
        sku_id: one
        for part in in_parts(sku_ids, _SKUS_A_SEARCH)
        for sku_id, one in _inventory_of(shops.tiktok.search_inventory(sku_ids=part), known).items()
    }


def _inventory_of(rows: Sequence[Mapping[str, Any]], known: Mapping[str, int]) -> dict[str, SkuInventory]:
    return {
        str(sku["id"]): SkuInventory(
            available={
                str(one["warehouse_id"]): int(one.get("available_quantity") or 0)
                for one in sku.get("warehouse_inventory") or ()
            },
            unknown=max(0, int(sku.get("total_committed_quantity") or 0) - known.get(str(sku["id"]), 0)),
        )
        for product in rows
        for sku in product.get("skus") or ()
    }


def _send(work: _Work, report: BatchReport) -> None:
    try:
        refusals = _send_price(work) if work.change.kind is ChangeKind.PRICE else _send_stock(work)
    except Elsewhere:
        note(
            work.change,
            code="waiting",
            cause="Another change of this product is on its way.",
            not_before=utc_now() + timedelta(minutes=1),
        )
        report.count("waiting")
        return
    if refusals is None:
        report.count("superseded")
        return
    _conclude(work, refusals, report)


def _send_price(work: _Work) -> list[_Refusal] | None:
    """Set the prices of all SKUs; what was refused, or None when the change is no longer open."""
    rows = work.rows
    if not mark_sent(work.change):
        return None
    bodies = {row["sku_id"]: {"amount": row["to"], "currency": row["currency"]} for row in rows}
    try:
        refused = _set_prices(work, bodies)
    except Rejected as error:
        if error.code not in _ONE_SKUS_PRICE or len(bodies) == 1:
            return [_refusal(sku_id, error) for sku_id in bodies]
        # One SKU's price refuses the whole call: the others are set one by one.
        refused = []
        for sku_id, price in bodies.items():
            try:
                refused += _set_prices(work, {sku_id: price})
            except Rejected as own:
                refused.append(_refusal(sku_id, own))
    return refused


def _set_prices(work: _Work, prices: Mapping[str, Mapping[str, str]]) -> list[_Refusal]:
    answer = work.shops.tiktok.update_prices(
        work.listing.product_id, [{"id": sku_id, "price": dict(price)} for sku_id, price in prices.items()]
    )
    now = utc_now()
    with database().write() as session:
        for sku in session.exec(
            select(ListingSku).where(
                ListingSku.connection_id == work.shops.id, col(ListingSku.sku_id).in_(answer.succeeded)
            )
        ):
            sku.price, sku.currency = Decimal(prices[sku.sku_id]["amount"]), prices[sku.sku_id]["currency"]
            sku.confirmed_at = now
    return [_item_refusal(error, answer.request_id) for error in answer.errors]


def _send_stock(work: _Work) -> list[_Refusal] | None:
    """Set the stock of all SKUs in every warehouse that carries them; what was refused."""
    refused: list[_Refusal] = []
    bodies: dict[str, dict[str, int]] = {}
    present: list[str] = []
    for row in work.rows:
        sku_id, known = row["sku_id"], work.inventory.get(row["sku_id"])
        if known is None:
            refused.append(
                _Refusal(
                    sku_id,
                    "sku_missing",
                    "TikTok Shop no longer has this variant.",
                    "Upload the product again, or unlink the variant.",
                    later=False,
                )
            )
            continue
        decided = warehouse_stock(
            int(row.get("stock", 0)),
            known.available,
            known.unknown + work.elsewhere.get(work.variant(sku_id), 0),
            warehouse_id=work.inputs.warehouse_id,
            threshold=work.shops.settings.products.inventory_threshold,
            everywhere=bool(row.get("everywhere")),
            backorder=int(row.get("backorder", 0)),
        )
        bodies[sku_id] = decided.value
        if decided.value == dict(known.available):
            present.append(sku_id)
    if len(present) == len(bodies):
        # It is there already, read a moment ago: orders and the other side got to the same number by themselves.
        _record_stock(work, bodies, present)
        return refused
    if not mark_sent(work.change):
        return None
    try:
        answer = work.shops.tiktok.update_inventory(
            work.listing.product_id,
            [
                {"id": sku_id, "inventory": [{"warehouse_id": key, "quantity": n} for key, n in stock.items()]}
                for sku_id, stock in bodies.items()
            ],
        )
    except Rejected as error:
        return [*refused, *(_refusal(sku_id, error) for sku_id in bodies)]
    _record_stock(work, bodies, answer.succeeded)
    return [*refused, *(_item_refusal(error, answer.request_id) for error in answer.errors)]


def _record_stock(work: _Work, bodies: Mapping[str, Mapping[str, int]], sku_ids: Sequence[str]) -> None:
    now = utc_now()
    wanted = {row["sku_id"]: int(row["to"]) for row in work.rows}
    with database().write() as session:
        for sku in session.exec(
            select(ListingSku).where(ListingSku.connection_id == work.shops.id, col(ListingSku.sku_id).in_(sku_ids))
        ):
            sku.quantities, sku.offered = dict(bodies[sku.sku_id]), wanted[sku.sku_id]
            sku.confirmed_at = sku.stock_checked_at = now


def _refusal(sku_id: str, error: Rejected) -> _Refusal:
    later = explain(error.code).retry == "later"
    return _Refusal(sku_id, error.code, error.cause, error.fix, later, error.request_id)


def _item_refusal(error: ItemError, request_id: str) -> _Refusal:
    # A refusal of one warehouse says more than that of its SKU.
    part = error.parts[0] if error.parts and error.parts[0].code in ERRORS else error
    return _Refusal(
        error.object_id, part.code, part.entry.cause, part.entry.fix, part.entry.retry == "later", request_id
    )


def _conclude(work: _Work, refusals: Sequence[_Refusal], report: BatchReport) -> None:
    """One outcome for the change: confirmed, parked with what was refused, or waiting for a lock to end."""
    what = "prices" if work.change.kind is ChangeKind.PRICE else "stocks"
    refused = {one.sku_id for one in refusals}
    report.count(f"{what} confirmed", 1 if len(refused) < len(work.rows) else 0)
    if not refusals:
        finish(work.change, ChangeState.CONFIRMED)
        return
    lasting = [one for one in refusals if not one.later]
    worst = (lasting or list(refusals))[0]
    cause = worst.cause
    if len(work.rows) > 1:
        cause = f"{cause} ({len(refused)} of {len(work.rows)} variants)"
    again = utc_now() + min(_FIRST_WAIT * 2 ** min(work.change.attempts, 8), _LONGEST_WAIT)
    if lasting:
        finish(
            work.change,
            ChangeState.PARKED,
            code=worst.code,
            cause=cause,
            fix=worst.fix,
            request_id=worst.request_id,
            # Those that are only locked are not forgotten over it.
            not_before=again if len(lasting) < len(refusals) else None,
        )
        report.failed(
            Failure(object=work.name, code=worst.code, cause=cause, fix=worst.fix, request_id=worst.request_id)
        )
        return
    postpone(work.change, worst.code, cause, worst.fix, worst.request_id, again)
    report.count("waiting")


def postpone(change: Change, code: str, cause: str, fix: str, request_id: str, until: datetime) -> None:
    """Put a change that was refused for now back among the planned ones."""
    with database().write() as session:
        stored = session.get_one(Change, change.key)
        stored.state = ChangeState.PLANNED
        stored.code, stored.cause, stored.fix, stored.request_id = code, cause, fix, request_id
        stored.not_before = until


@task(name="read stock back", cache_policy=NO_CACHE, **on_retryable)
def read_back(run: Run, change_ids: Sequence[int]) -> BatchReport:
    """Whether TikTok Shop shows what was confirmed: every SKU set to 0, and one in some of the others (K3)."""
    shops = open_shops(run.connection_id)
    with database().read() as session:
        changes = session.exec(
            select(Change).where(
                col(Change.id).in_(change_ids),
                Change.kind == ChangeKind.STOCK,
                Change.state == ChangeState.CONFIRMED,
            )
        ).all()
    risky = [
        str(row["sku_id"])
        for number, change in enumerate(changes)
        for row in change.after["skus"]
        if (row["to"] == "0" and row["from"] != "0") or number % _SAMPLE == 0
    ]
    return check_stock(shops, risky)


def check_stock(shops: Shops, sku_ids: Sequence[str]) -> BatchReport:
    """Read the stock of some SKUs; where TikTok Shop offers more than it should, the product is touched.

    Less is what orders do by themselves. Every SKU that is right counts as checked now.
    """
    report = BatchReport()
    for part in in_parts(sorted(set(sku_ids)), _SKUS_A_SEARCH):
        now = utc_now()
        shown = read_inventory_of_skus(shops, part)
        with database().write() as session:
            for sku in session.exec(
                select(ListingSku).where(ListingSku.connection_id == shops.id, col(ListingSku.sku_id).in_(part))
            ):
                found = shown.get(sku.sku_id)
                if found is not None and any(
                    pieces > sku.quantities.get(warehouse, 0) for warehouse, pieces in found.available.items()
                ):
                    # What is shown is what is known now: it differs from what should be, and so is planned again.
                    sku.quantities, sku.offered = dict(found.available), None
                    if sku.id_product is not None:
                        touch(session, shops.id, [sku.id_product], "stock is not as sent", now)
                    report.count("stocks not as sent")
                sku.stock_checked_at = now
        report.count("stocks read back", len(part))
    return report


@task(name="read sold-out stock back", cache_policy=NO_CACHE, **on_retryable)
def check_zeros(run: Run) -> BatchReport:
    """Read back every SKU that should be sold out and was not looked at for some hours (K4)."""
    shops = open_shops(run.connection_id)
    before = utc_now() - timedelta(hours=shops.settings.products.zero_check_hours)
    with database().read() as session:
        due = session.exec(
            select(ListingSku.sku_id)
            .join(Listing, col(Listing.id) == ListingSku.listing_id)
            .where(
                ListingSku.connection_id == shops.id,
                ListingSku.offered == 0,
                col(ListingSku.id_product).is_not(None),
                col(Listing.status).not_in(["DELETED", "FREEZE"]),
                col(ListingSku.stock_checked_at).is_(None) | (col(ListingSku.stock_checked_at) < before),
            )
            .order_by(col(ListingSku.stock_checked_at))
        ).all()
    return check_stock(shops, due)
