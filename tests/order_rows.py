"""Rows of orders for tests of lists and commands: nine orders that stand everywhere an order can stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlmodel import Session, select

from models.catalogue import Product, ShopRecord, Variant
from models.database import Database
from models.listings import Change, ChangeKind, ChangeState, Listing, ListingSku, Plan
from models.orders import AfterSale, AfterSaleKind, Order, OrderEvent, OrderLine, OrderStage
from models.taxonomy import DeliveryOption, ShippingProvider
from tasks.order_record import BuyerData, seal_buyer, secret_box

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
BUYER = BuyerData(
    {
        "name": "Ada Lovelace",
        "phone_number": "+447700900123",
        "region_code": "GB",
        "postal_code": "SW1Y 4JH",
        "post_town": "London",
        "address_line1": "12 St James's Square",
    },
    "ada@relay.example",
    "Please ring twice",
)
PERSONAL = ("Ada", "Lovelace", "St James", "SW1Y", "7700900123", "ada@relay", "ring twice")
FIRST = "577000000000000001"

# number, status, stage, PrestaShop order and state, reference, parked code
ORDERS: list[tuple[int, str, OrderStage, int, int, str, str]] = [
    (1, "AWAITING_SHIPMENT", OrderStage.IMPORTED, 81, 11, "XKBKNABJK", ""),
    (2, "AWAITING_SHIPMENT", OrderStage.READY, 0, 0, "", "unknown_sku"),
    (3, "IN_TRANSIT", OrderStage.IMPORTED, 83, 4, "OHSATSERP", ""),
    (4, "DELIVERED", OrderStage.IMPORTED, 84, 5, "UOYEVOLI", ""),
    (5, "COMPLETED", OrderStage.IMPORTED, 85, 5, "FFATNOMMJ", ""),
    (6, "CANCELLED", OrderStage.CANCELLED, 0, 0, "", "stale_code"),
    (7, "ON_HOLD", OrderStage.ON_HOLD, 0, 0, "", ""),
    (8, "AWAITING_SHIPMENT", OrderStage.IGNORED, 0, 0, "", ""),
    (9, "AWAITING_SHIPMENT", OrderStage.ADDRESS, 0, 0, "", "address_incomplete"),
]


def order_id(number: int) -> str:
    """TikTok's id of one of them."""
    return f"57700000000000000{number}"


def fill_orders(store: Database, connection_id: int) -> dict[int, int]:
    """Store them, and the shop's statuses and carriers; answers our keys by number."""
    box = secret_box()
    with store.write() as session:
        _shop(session, connection_id)
        keys = {}
        for number, status, stage, id_order, state, reference, code in ORDERS:
            order = Order(
                connection_id=connection_id,
                order_id=order_id(number),
                status=status,
                stage=stage,
                fulfillment_type="FULFILLMENT_BY_TIKTOK" if stage is OrderStage.IGNORED else "FULFILLMENT_BY_SELLER",
                user_id=f"u{number}",
                created_at=NOW - timedelta(days=10 - number),
                seen_at=NOW,
                currency="GBP",
                total_paid=Decimal("22.50"),
                id_order=id_order or None,
                id_address=70 + number if stage in (OrderStage.IMPORTED, OrderStage.ADDRESS) else None,
                prestashop_state=state,
                reference=reference,
                buyer_secret=seal_buyer(box, BUYER),
                reasons=[{"code": "ready", "text": "it is paid and ready to be shipped"}],
                parked_code=code,
                parked_cause=f"Cause {code}." if code else "",
                parked_fix=f"Fix {code}." if code else "",
                parked_request_id="req-1" if code else "",
                parked_at=NOW - timedelta(hours=number) if code else None,
                imported_at=NOW if stage is OrderStage.IMPORTED else None,
            )
            session.add(order)
            session.flush()
            keys[number] = order.key
            for piece in (1, 2):
                session.add(_unit(order, f"{number}{piece}", paid="9.99"))
            session.add(OrderEvent(order_key=order.key, at=NOW, text="Seen as AWAITING_SHIPMENT"))
        first = session.get_one(Order, keys[1])
        first.total_expected, first.prestashop_total = Decimal("22.50"), Decimal("22.50")
        first.parcels = [{"id": 1, "carrier": 7, "tracking": "AA1"}]
        first.ledger = _ledger()
        session.add(first)
        session.add(_unit(first, "13", sku="TRAY", sku_id="s2", title="Tray", paid="2.52"))
    return keys


def _unit(
    order: Order, line_id: str, *, sku: str = "MUG", sku_id: str = "s1", title: str = "Mug", paid: str
) -> OrderLine:
    return OrderLine(
        connection_id=order.connection_id,
        order_key=order.key,
        line_id=line_id,
        sku_id=sku_id,
        seller_sku=sku,
        title=title,
        variant="blue",
        status=order.status,
        original=Decimal("12"),
        paid=Decimal(paid),
    )


def _ledger() -> dict[str, Any]:
    unit = {"id": "11", "list": "12", "seller_discount": "2.01", "platform_discount": "0", "order_discount": "0"}
    unit |= {"payment_discount": "0", "tax": "0"}
    return {"currency": "GBP", "units": [unit, unit], "shipping": "3.99", "fees": "0", "paid": "22.50"}


def _shop(session: Session, connection_id: int) -> None:
    for number, name in ((11, "Remote payment accepted"), (4, "Shipped"), (5, "Delivered"), (6, "Canceled")):
        session.add(_record(connection_id, "order_states", number, name={"1": name, "2": f"{name} fr"}, deleted="0"))
    session.add(_record(connection_id, "order_states", 99, name={"1": "Old"}, deleted="1"))
    for number, reference, name, deleted in (
        (12, 7, "Evri Standard", "0"),
        (13, 8, "Royal Mail 48", "0"),
        (9, 7, "Evri", "1"),
    ):
        session.add(
            _record(connection_id, "carriers", number, id_reference=reference, name=name, active="1", deleted=deleted)
        )
    own = {"PS_OS_SHIPPING": "4", "PS_OS_DELIVERED": "5", "PS_OS_CANCELED": "6"}
    session.add(_record(connection_id, "configurations", 0, **own))
    session.add(DeliveryOption(connection_id=connection_id, warehouse_id="w", id="o1", name="Standard"))
    session.add(DeliveryOption(connection_id=connection_id, warehouse_id="w", id="o2", name="Express"))
    for option, provider, name in (("o1", "301", "Evri"), ("o2", "302", "Evri"), ("o1", "401", "Royal Mail")):
        session.add(ShippingProvider(connection_id=connection_id, delivery_option_id=option, id=provider, name=name))


def _record(connection_id: int, resource: str, number: int, **data: Any) -> ShopRecord:
    return ShopRecord(connection_id=connection_id, resource=resource, id=number, data={"id": number, **data})


def fill_products(store: Database, connection_id: int) -> None:
    """Product 42 with combinations 7 and 8, product 43 without; a listing whose SKU s1 is not linked."""
    with store.write() as session:
        for id_product, attribute in ((42, 7), (42, 8), (43, 0)):
            session.merge(Product(connection_id=connection_id, id_product=id_product))
            session.add(Variant(connection_id=connection_id, id_product=id_product, id_product_attribute=attribute))
        listing = Listing(connection_id=connection_id, product_id="1729000000000000001", title="Mug")
        session.add(listing)
        session.flush()
        session.add(ListingSku(connection_id=connection_id, listing_id=listing.key, sku_id="s1", seller_sku="MUG-OLD"))


def park_more(store: Database, connection_id: int) -> dict[str, int]:
    """A request and changes of most kinds that wait; answers the changes' keys by their kind."""
    with store.write() as session:
        session.add(
            AfterSale(
                connection_id=connection_id,
                kind=AfterSaleKind.CANCELLATION,
                request_id="403",
                order_id=FIRST,
                status="CANCELLATION_REQUEST_PENDING",
                created_at=NOW,
                parked_code="buyer_asks_to_cancel",
                parked_cause="The buyer asks to cancel.",
                parked_fix="Answer.",
                parked_at=NOW,
            )
        )
        plan = Plan(connection_id=connection_id, flow="any", created_at=NOW)
        session.add(plan)
        session.flush()
        listing = session.exec(select(Listing.id).where(Listing.product_id == "1729000000000000001")).one()
        keys: dict[str, int] = {}
        for kind, name, id_product in (
            (ChangeKind.SHIP, f"order:{FIRST}:11:AA1", None),
            # Over: it is delivered by whatever number.
            (ChangeKind.SHIP, f"order:{order_id(4)}:41:BB1", None),
            # Left out.
            (ChangeKind.SHIP, f"order:{order_id(8)}", None),
            (ChangeKind.STATE, f"order:{order_id(3)}", None),
            (ChangeKind.ANSWER, "cancellation:403", None),
            (ChangeKind.EDIT, "product:42", 42),
            (ChangeKind.CREATE, "product:43", 43),
            (ChangeKind.STOCK, f"listing:{listing}", 42),
            (ChangeKind.PRICE, f"listing:{listing}", None),
            (ChangeKind.DEACTIVATE, f"listing:{listing}", None),
            (ChangeKind.DELETE, "product:44", 44),
        ):
            change = Change(
                connection_id=connection_id,
                plan_id=plan.key,
                kind=kind,
                object=name,
                id_product=id_product,
                state=ChangeState.PARKED,
                code="12052" if kind is not ChangeKind.DELETE else "",
                cause=f"{kind.value} refused.",
                fix="Mend it.",
                request_id="req-2",
                created_at=NOW,
                finished_at=NOW,
            )
            session.add(change)
            session.flush()
            keys.setdefault(kind.value, change.key)
        # A newer one took the place of this deletion.
        session.add(
            Change(
                connection_id=connection_id,
                plan_id=plan.key,
                kind=ChangeKind.DELETE,
                object="product:44",
                state=ChangeState.CONFIRMED,
                created_at=NOW,
            )
        )
    return keys
