"""Everything that waits for a person: orders, cancellations and returns, and changes that a shop refused (K7).

What a person finds out about it is stored here (`give_variant`, `correct_address`), and `release` says how it is tried
again: which flows do that, with which parameters. This module does not need Prefect, so that lists answer at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import update
from sqlmodel import Session, col, select

from models.catalogue import Variant
from models.database import database, in_parts
from models.listings import Change, ChangeKind, Listing
from models.orders import AfterSale, AfterSaleKind, Order, OrderLine, OrderStage
from rules.corrections import check_corrections
from rules.decision import Finding
from tasks.order_record import replay as replay_orders
from tasks.order_record import seal, secret_box, tell, unseal
from tasks.parked_changes import is_over, order_ids_of, orders_named, parked_changes
from tasks.shops import utc_now

VariantKey = tuple[int, int]

_WHAT: Final[Mapping[ChangeKind, str]] = {
    ChangeKind.CREATE: "listing not made",
    ChangeKind.EDIT: "listing not edited",
    ChangeKind.PRICE: "prices not set",
    ChangeKind.STOCK: "stock not set",
    ChangeKind.ACTIVATE: "listing not activated",
    ChangeKind.DEACTIVATE: "listing not deactivated",
    ChangeKind.DELETE: "listing not deleted",
    ChangeKind.RECOVER: "listing not recovered",
    ChangeKind.SHIP: "shipment not told to TikTok Shop",
    ChangeKind.CANCEL: "cancellation not made",
    ChangeKind.ANSWER: "request not answered",
    ChangeKind.STATE: "status not set in PrestaShop",
}
_OF_LISTINGS: Final = (ChangeKind.ACTIVATE, ChangeKind.DEACTIVATE, ChangeKind.DELETE, ChangeKind.RECOVER)
_LEFT_OUT: Final = (OrderStage.IGNORED, OrderStage.CANCELLED)
_FIRST_CHANGE: Final = "change:"


@dataclass(frozen=True, slots=True)
class Parked:
    """One thing that waits.

    Attributes:
        key: what people name it by: "order:577…", "cancellation:403", "return:9", "change:12".
        what: what was not done, in a few words.
        object: what it is about: "order 577…", "product 42", "listing 1729…".
        code: a stable name of the cause, the shop's own where it has one.
        request_id: the shop's, for its support.
    """

    key: str
    what: str
    object: str
    code: str
    cause: str
    fix: str
    request_id: str = ""
    since: datetime | None = None
    order_id: str = ""
    id_order: int | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """Things that wait for the same reason; cause, fix and time are those of the newest."""

    code: str
    what: str
    count: int
    newest: datetime | None
    cause: str
    fix: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rerun:
    """A flow that tries something again, and its parameters."""

    flow: str
    parameters: Mapping[str, Any]


class CannotMend(LookupError):
    """What was named does not wait, or cannot be mended like that. The text says why and what to do."""


def parked(connection_id: int, *, code: str = "") -> list[Parked]:
    """Everything that waits, or what waits for one cause, the newest first."""
    with database().read() as session:
        look = _Look(session, connection_id)
        found = [*look.orders(), *look.requests(), *look.changes()]
    found.sort(key=lambda one: one.since.timestamp() if one.since else 0.0, reverse=True)
    return [one for one in found if not code or one.code == code]


def by_cause(items: Iterable[Parked]) -> list[Cause]:
    """What waits, by what was not done and why; the most frequent first."""
    groups: dict[tuple[str, str], list[Parked]] = defaultdict(list)
    for one in items:
        groups[one.what, one.code].append(one)
    causes = [
        Cause(code, what, len(some), some[0].since, some[0].cause, some[0].fix, tuple(one.key for one in some))
        for (what, code), some in groups.items()
    ]
    return sorted(causes, key=lambda cause: -cause.count)


def parked_named(connection_id: int, names: Sequence[str]) -> list[Parked]:
    """What people mean by keys; "order:577…" means everything of the order when it does not wait itself.

    Raises:
        CannotMend: something of it does not wait.
    """
    waiting = parked(connection_id)
    by_key: dict[str, list[Parked]] = defaultdict(list)
    for one in waiting:
        by_key[f"order:{one.order_id}"].append(one)
    by_key |= {one.key: [one] for one in waiting}
    missing = [name for name in names if name not in by_key]
    if missing:
        raise CannotMend(f"Not waiting for anybody: {', '.join(missing)}. See: connector parked list --each")
    return list({one.key: one for name in names for one in by_key[name]}.values())


def waiting_of(connection_id: int, order_id: str) -> list[Parked]:
    """Everything of one order that waits."""
    return [one for one in parked(connection_id) if one.order_id == order_id]


def release(connection_id: int, items: Sequence[Parked]) -> list[Rerun]:
    """Let things be tried again, and answer the flows that do it, in the order they have to run."""
    now = utc_now()
    order_ids = sorted({one.order_id for one in items if one.key.startswith("order:")})
    requests = [one.key.partition(":") for one in items if one.key.split(":")[0] in set(AfterSaleKind)]
    change_ids = [int(one.key.removeprefix(_FIRST_CHANGE)) for one in items if one.key.startswith(_FIRST_CHANGE)]
    with database().read() as session:
        keys = _order_keys(session, connection_id, order_ids)
        changes = [change for part in in_parts(change_ids) for change in _changes(session, part)]
        listings = _listing_ids(session, changes)
    if keys:
        replay_orders(keys, now)
    if requests:
        with database().write() as session:
            for kind, _, request_id in requests:
                session.connection().execute(
                    update(AfterSale)
                    .where(
                        col(AfterSale.connection_id) == connection_id,
                        col(AfterSale.kind) == AfterSaleKind(kind),
                        col(AfterSale.request_id) == request_id,
                    )
                    .values(parked_code="", parked_cause="", parked_fix="", parked_at=None)
                )
    reruns = [Rerun("order_import", {"order_ids": order_ids})] if order_ids else []
    return [*reruns, *_reruns(changes, listings, requests=bool(requests))]


def give_variant(connection_id: int, order: Order, sku: str, variant: VariantKey) -> str:
    """Say which variant the units of a SKU in an order are (K7); answers TikTok's id of the SKU, "" if it has none.

    Args:
        connection_id: whose.
        order: one that has no cart in PrestaShop yet.
        sku: the seller's SKU, or TikTok's id of the SKU or of a unit.
        variant: (id_product, id_product_attribute).

    Raises:
        CannotMend: there is no such SKU in the order or no such variant, or its cart is made.
    """
    with database().write() as session:
        stored = session.get_one(Order, order.key)
        if stored.id_cart is not None:
            raise CannotMend(
                f"Order {stored.order_id} has a cart in PrestaShop already, with the products it had then. "
                "Change the products there, or make the order by hand and delete it here: connector orders delete "
                f"{stored.order_id}"
            )
        lines = session.exec(
            select(OrderLine).where(OrderLine.order_key == order.key).order_by(col(OrderLine.id))
        ).all()
        named = [line for line in lines if sku in (line.line_id, line.seller_sku, line.sku_id)]
        if not named:
            known = ", ".join(sorted({line.seller_sku or line.sku_id for line in lines}))
            raise CannotMend(f"Order {stored.order_id} has no SKU {sku!r}. It has: {known}")
        _check_variant(session, connection_id, variant)
        # Units of one SKU are one variant.
        ids = {line.sku_id for line in named if line.sku_id}
        meant = {line.line_id: line for line in (*named, *(one for one in lines if one.sku_id in ids))}
        for line in meant.values():
            line.id_product, line.id_product_attribute = variant
            session.add(line)
        tell(session, order.key, f"{sku} is {_variant_name(variant)}, a person says", utc_now())
    return named[0].sku_id


def correct_address(order: Order, corrections: Mapping[str, str]) -> tuple[Finding, ...]:
    """Put corrected address fields over those stored of an order, encrypted; answers what is wrong, and stores nothing
    then. An address that PrestaShop has already is written again by the next order_import.
    """
    findings = check_corrections(corrections)
    if findings:
        return findings
    box = secret_box()
    with database().write() as session:
        stored = session.get_one(Order, order.key)
        merged = {**unseal(box, stored.corrections_secret), **corrections}
        stored.corrections_secret = seal(box, merged)
        if stored.id_address is not None:
            stored.address_changed = True
        session.add(stored)
        # The names of the fields, never what is in them.
        tell(session, order.key, f"Address corrected by a person: {', '.join(sorted(corrections))}", utc_now())
    return ()


class _Look:
    def __init__(self, session: Session, connection_id: int) -> None:
        self._session, self._id = session, connection_id

    def orders(self) -> list[Parked]:
        rows = self._session.exec(
            select(Order).where(
                Order.connection_id == self._id, Order.parked_code != "", col(Order.stage).not_in(_LEFT_OUT)
            )
        )
        return [
            Parked(
                key=f"order:{order.order_id}",
                what="order waits" if order.stage is OrderStage.IMPORTED else "order not imported",
                object=f"order {order.order_id}",
                code=order.parked_code,
                cause=order.parked_cause,
                fix=order.parked_fix,
                request_id=order.parked_request_id,
                since=order.parked_at,
                order_id=order.order_id,
                id_order=order.id_order,
            )
            for order in rows
        ]

    def requests(self) -> list[Parked]:
        rows = self._session.exec(
            select(AfterSale).where(AfterSale.connection_id == self._id, AfterSale.parked_code != "")
        ).all()
        orders = orders_named(self._session, self._id, [one.order_id for one in rows])
        return [
            Parked(
                key=f"{one.kind.value}:{one.request_id}",
                what=f"{one.kind.value} waits",
                object=f"order {one.order_id}",
                code=one.parked_code,
                cause=one.parked_cause,
                fix=one.parked_fix,
                since=one.parked_at,
                order_id=one.order_id,
                id_order=orders[one.order_id].id_order if one.order_id in orders else None,
            )
            for one in rows
            if one.order_id not in orders or orders[one.order_id].stage is not OrderStage.IGNORED
        ]

    def changes(self) -> list[Parked]:
        """Parked changes that no newer one of the same kind and object took the place of."""
        rows = parked_changes(self._session, self._id, _WHAT)
        ids = order_ids_of(self._session, self._id, rows)
        orders = orders_named(self._session, self._id, list(ids.values()))
        listings = _listing_ids(self._session, rows)
        found = []
        for change in rows:
            order_id = ids.get(change.key, "")
            order = orders.get(order_id)
            if is_over(change, order):
                continue
            found.append(
                Parked(
                    key=f"{_FIRST_CHANGE}{change.key}",
                    what=_WHAT[change.kind],
                    object=f"order {order_id}" if order_id else _thing(change, listings),
                    code=change.code or "refused",
                    cause=change.cause,
                    fix=change.fix,
                    request_id=change.request_id,
                    since=change.finished_at or change.created_at,
                    order_id=order_id,
                    id_order=order.id_order if order is not None else None,
                )
            )
        return found


def _reruns(changes: Sequence[Change], listings: Mapping[int, str], *, requests: bool) -> list[Rerun]:
    """The flow of each kind of change; those of one flow are tried in one run."""
    kinds: dict[ChangeKind, list[Change]] = defaultdict(list)
    for change in changes:
        kinds[change.kind].append(change)
    found = []
    for flow, of in (
        ("catalog_upload", (ChangeKind.CREATE, ChangeKind.EDIT)),
        ("price_stock_sync", (ChangeKind.PRICE, ChangeKind.STOCK)),
    ):
        products = {one.id_product for kind in of for one in kinds[kind] if one.id_product is not None}
        if any(kinds[kind] for kind in of):
            # A listing of several products names none of them.
            whole = any(one.id_product is None for kind in of for one in kinds[kind])
            parameters: dict[str, Any] = {} if whole else {"product_ids": sorted(products)}
            found.append(Rerun(flow, {**parameters, "retry_parked": True}))
    for kind in _OF_LISTINGS:
        ids = sorted({listings[one.key] for one in kinds[kind] if one.key in listings})
        if ids:
            found.append(Rerun("listing_actions", {"action": kind.value, "listing_ids": ids}))
    if kinds[ChangeKind.SHIP]:
        found.append(Rerun("shipment_push", {"order_ids": _named(kinds[ChangeKind.SHIP]), "retry_parked": True}))
    if requests or kinds[ChangeKind.CANCEL] or kinds[ChangeKind.ANSWER]:
        found.append(Rerun("cancellation_sync", {"retry_parked": bool(kinds[ChangeKind.CANCEL])}))
    if kinds[ChangeKind.STATE]:
        found.append(Rerun("order_status_sync", {"order_ids": _named(kinds[ChangeKind.STATE])}))
    return found


def _named(changes: Iterable[Change]) -> list[str]:
    """TikTok ids of the orders of changes."""
    return sorted({change.object.split(":")[1] for change in changes})


def _thing(change: Change, listings: Mapping[int, str]) -> str:
    if change.key in listings:
        return f"listing {listings[change.key]}"
    return change.object.replace(":", " ")


def _listing_ids(session: Session, changes: Iterable[Change]) -> dict[int, str]:
    """TikTok's id of the listing of each change that names one of our rows ("listing:7")."""
    rows = {
        change.key: int(number)
        for change in changes
        if (number := change.object.removeprefix("listing:")).isdecimal() and change.object.startswith("listing:")
    }
    known = {
        key: product_id
        for part in in_parts(sorted(set(rows.values())))
        for key, product_id in session.exec(
            select(Listing.id, Listing.product_id).where(col(Listing.id).in_(part))
        ).all()
    }
    return {change: known[listing] for change, listing in rows.items() if listing in known}


def _changes(session: Session, ids: Sequence[int]) -> Sequence[Change]:
    return session.exec(select(Change).where(col(Change.id).in_(ids)).order_by(col(Change.id))).all()


def _order_keys(session: Session, connection_id: int, order_ids: Sequence[str]) -> list[int]:
    return [
        key
        for part in in_parts(order_ids)
        for key in session.exec(
            select(Order.id).where(Order.connection_id == connection_id, col(Order.order_id).in_(part))
        )
        if key is not None
    ]


def _check_variant(session: Session, connection_id: int, variant: VariantKey) -> None:
    if session.get(Variant, (connection_id, *variant)) is not None:
        return
    known = session.exec(
        select(Variant.id_product_attribute)
        .where(Variant.connection_id == connection_id, Variant.id_product == variant[0])
        .order_by(col(Variant.id_product_attribute))
    ).all()
    if known:
        names = ", ".join(_variant_name((variant[0], one)) for one in known[:10])
        raise CannotMend(f"Product {variant[0]} has no variant {_variant_name(variant)}. It has: {names}")
    raise CannotMend(
        f"No product {variant[0]} is known. A new one is known after: connector run catalog_upload --dry-run"
    )


def _variant_name(variant: VariantKey) -> str:
    return f"{variant[0]}:{variant[1]}" if variant[1] else str(variant[0])
