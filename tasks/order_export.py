"""Tables for the bookkeeper: the audit of some days (K5) and the money ledger of their orders (K6), as CSV or XLSX.

Nothing of a buyer is in them: columns are named one by one, and of a ledger only amounts are taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from sqlmodel import col, select

from config.logging import redact
from models.database import database
from models.orders import Order
from rules.order_audit import DAY_AMOUNTS, Audited
from tasks.order_audit import Audit
from tasks.order_record import lines_of
from tasks.shops import open_shops

Row = Mapping[str, Any]

_SUFFIXES: Final = (".csv", ".xlsx")
# A spreadsheet takes text that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
# Orders whose units are read at once.
_PART: Final = 500


def export_audit(audit: Audit, path: Path) -> list[Path]:
    """Write an audit: the figures of each day, and every order.

    Args:
        audit: what `compare_orders` answered.
        path: ends in .csv or .xlsx; CSV becomes two files, the second named `…-days.csv`.

    Raises:
        ValueError: the path ends otherwise.
    """
    orders = [_audited(one, audit) for one in audit.orders]
    days = [
        {name: Decimal(str(value)) if name in DAY_AMOUNTS else value for name, value in row.items()}
        for row in audit.day_rows()
    ]
    return _write(path, {"orders": orders, "days": days}, audit.decimals)


def export_ledger(connection_id: int, path: Path, first: date, last: date) -> list[Path]:
    """Write the money of orders placed from `first` to `last` (days of the shop): one row an order, one a unit.

    Args:
        connection_id: whose.
        path: ends in .csv or .xlsx; CSV becomes two files, the second named `…-units.csv`.
        first: the first day.
        last: the last day, itself included.

    Raises:
        ValueError: the path ends otherwise.
    """
    shops = open_shops(connection_id)
    zone, decimals = shops.prestashop.zone(), shops.market.decimals
    start, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, last + timedelta(days=1)))
    with database().read() as session:
        orders = session.exec(
            select(Order)
            .where(Order.connection_id == connection_id, Order.created_at >= start, Order.created_at < end)
            .order_by(col(Order.created_at), col(Order.id))
        ).all()
    ledger = [
        {**_order(order, decimals), "day": order.created_at.astimezone(zone).date().isoformat()} for order in orders
    ]
    return _write(path, {"orders": ledger, "units": list(_units(orders, decimals))}, decimals)


def check_path(path: Path) -> str:
    """The path's ending.

    Raises:
        ValueError: nothing that can be written ends so.
    """
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise ValueError(f"{path.name} must end in .csv or .xlsx")
    return suffix


def _audited(one: Audited, audit: Audit) -> dict[str, Any]:
    return {
        "day": one.created_at.astimezone(audit.window.zone).date().isoformat(),
        "placed_at": one.created_at.isoformat(timespec="seconds"),
        "tiktok_order": one.order_id,
        "prestashop_orders": " ".join(str(id_order) for id_order in one.id_orders),
        "verdict": one.verdict.value,
        "code": one.code if not one.is_fine else "",
        "cause": redact(one.cause) if not one.is_fine else "",
        "fix": one.fix if not one.is_fine else "",
        "tiktok_status": one.status,
        "stage": one.stage,
        "currency": audit.currency,
        "paid": _amount(one.paid, audit.decimals),
        "expected": _amount(one.expected, audit.decimals),
        "prestashop_total": _amount(one.total, audit.decimals),
    }


def _order(order: Order, decimals: int) -> dict[str, Any]:
    total, expected = order.prestashop_total, order.total_expected
    return {
        "day": "",
        "placed_at": order.created_at.isoformat(timespec="seconds"),
        "tiktok_order": order.order_id,
        "tiktok_status": order.status,
        "stage": order.stage.value,
        "prestashop_order": order.id_order,
        "reference": order.reference,
        "currency": order.currency,
        "paid": _amount(order.total_paid, decimals),
        "expected": _amount(expected, decimals),
        "prestashop_total": _amount(total, decimals),
        "difference": None if total is None or expected is None else _amount(total - expected, decimals),
        **{f"ledger_{name}": _amount(amount, decimals) for name, amount in _amounts(order.ledger)},
    }


def _amounts(ledger: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Decimal]]:
    """The amounts of a ledger by name; what stands in a part of it carries the part's name."""
    for name, value in ledger.items():
        if isinstance(value, Mapping):
            yield from _amounts(value, f"{before}{name}_")
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            try:
                amount = Decimal(str(value))
            except InvalidOperation:
                continue
            if amount.is_finite():
                yield f"{before}{name}", amount


def _units(orders: Sequence[Order], decimals: int) -> Iterator[dict[str, Any]]:
    for begin in range(0, len(orders), _PART):
        part = orders[begin : begin + _PART]
        units = lines_of([order.key for order in part])
        for order in part:
            for unit in units[order.key]:
                yield {
                    "tiktok_order": order.order_id,
                    "prestashop_order": order.id_order,
                    "unit": unit.line_id,
                    "tiktok_sku": unit.sku_id,
                    "seller_sku": unit.seller_sku,
                    "title": unit.title,
                    "variant": unit.variant,
                    "status": unit.status,
                    "id_product": unit.id_product,
                    "id_product_attribute": unit.id_product_attribute,
                    "currency": order.currency,
                    **{
                        name: _amount(getattr(unit, name), decimals)
                        for name in ("original", "seller_discount", "platform_discount", "paid", "tax")
                    },
                }


def _amount(amount: Decimal | None, decimals: int) -> Decimal | None:
    return None if amount is None else round(amount, decimals)


def _write(path: Path, tables: Mapping[str, Sequence[Row]], decimals: int) -> list[Path]:
    """Write tables, the first one under the path's own name; a file that is there is replaced as a whole."""
    suffix = check_path(path)
    # Half a second that only exports need to take.
    import pandas

    frames = {
        name: pandas.DataFrame(_shown(rows), columns=_columns(rows), dtype=object) for name, rows in tables.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.stem}.part{suffix}")
    if suffix == ".xlsx":
        with pandas.ExcelWriter(draft, engine="openpyxl") as writer:
            for name, frame in frames.items():
                frame.to_excel(writer, sheet_name=name, index=False, freeze_panes=(1, 0))
                for cell in (cell for row in writer.sheets[name].iter_rows(min_row=2) for cell in row):
                    if isinstance(cell.value, float | Decimal):
                        cell.number_format = f"0.{'0' * decimals}" if decimals else "0"
        return [draft.replace(path)]
    written: list[Path] = []
    for number, (name, frame) in enumerate(frames.items()):
        # With the mark that makes spreadsheets read it as UTF-8.
        frame.to_csv(draft, index=False, encoding="utf-8-sig", lineterminator="\n")
        written.append(draft.replace(path if number == 0 else path.with_name(f"{path.stem}-{name}{path.suffix}")))
    return written


def _columns(rows: Sequence[Row]) -> list[str]:
    """All names, in the order they come up."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _shown(rows: Iterable[Row]) -> list[dict[str, Any]]:
    return [{name: _text(value) if isinstance(value, str) else value for name, value in row.items()} for row in rows]


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
