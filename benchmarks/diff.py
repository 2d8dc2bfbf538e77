"""Which of 100,000 stock rows moved: ours, pandas and SQL side by side, each from rows in memory and a stored table.

Every way loads what is known from the database, compares it with the rows as the client gives them, and has to find
the same 1,000.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import text
from sqlmodel import select

from benchmarks.results import Figure, held_against
from benchmarks.shops import say, timed
from models.catalogue import Variant
from models.connections import Connection
from models.database import database, table_of
from tasks.shops import utc_now
from tasks.stock import KnownStock

ROWS = 100_000
MOVED = 1_000
MOST_SECONDS = 2.0

Rows = Sequence[Mapping[str, Any]]


def run() -> Sequence[Figure]:
    """The best of three each, so that a cold cache counts for nobody."""
    database().upgrade()
    connection_id = _store()
    rows = [_stock_row(number, moved=number % (ROWS // MOVED) == 0) for number in range(1, ROWS + 1)]
    ways: dict[str, Callable[[], int]] = {
        "ours": lambda: _ours(connection_id, rows),
        "pandas": lambda: _pandas(connection_id, rows),
        "SQL": lambda: _sql(connection_id, rows),
    }
    seconds = {}
    for name, way in ways.items():
        took = []
        for _ in range(3):
            spent, found = timed(way)
            if found != MOVED:
                raise RuntimeError(f"{name} found {found} of {MOVED} rows that moved")
            took.append(spent)
        seconds[name] = min(took)
        say(f"{name}: {seconds[name]:.2f} s")
    return [
        held_against("diff/ours", seconds["ours"], "s", "limit", MOST_SECONDS, at_most=1.0),
        held_against("diff/pandas", seconds["pandas"], "s", "ours", seconds["ours"]),
        held_against("diff/SQL", seconds["SQL"], "s", "ours", seconds["ours"]),
    ]


def _store() -> int:
    with database().write() as session:
        connection = Connection(
            name="diff",
            prestashop_url="http://127.0.0.1",
            prestashop_key_secret="",
            region="GB",
            tiktok_api_url="http://127.0.0.1",
            tiktok_auth_url="http://127.0.0.1",
            app_key="",
            app_secret_secret="",
        )
        session.add(connection)
        session.flush()
        empty = dict.fromkeys(("reference", "supplier_reference", "ean13", "upc", "isbn", "mpn", "hash"), "")
        numbers = {"price": 0, "ecotax": 0, "weight": 0, "minimal_quantity": 1, "default_on": True}
        session.connection().execute(
            table_of(Variant).insert(),
            [
                {
                    "connection_id": connection.key,
                    "id_product": number,
                    "id_product_attribute": 0,
                    "quantity": number % 90,
                    "option_value_ids": [],
                    "image_ids": [],
                    "mirrored_at": utc_now(),
                    **empty,
                    **numbers,
                }
                for number in range(1, ROWS + 1)
            ],
        )
        return connection.key


def _stock_row(number: int, *, moved: bool) -> dict[str, int]:
    return {
        "id": number,
        "id_product": number,
        "id_product_attribute": 0,
        "id_shop": 1,
        "id_shop_group": 0,
        "quantity": number % 90 + moved,
        "out_of_stock": 2,
    }


def _ours(connection_id: int, rows: Rows) -> int:
    known = KnownStock(connection_id)
    return sum(known.differs(row) for row in rows)


def _pandas(connection_id: int, rows: Rows) -> int:
    with database().read() as session:
        known = pd.read_sql(
            select(Variant.id_product, Variant.id_product_attribute, Variant.quantity).where(
                Variant.connection_id == connection_id
            ),
            session.connection(),
        )
    both = known.merge(pd.DataFrame(rows), on=["id_product", "id_product_attribute"], suffixes=("", "_now"))
    return int((both["quantity"] != both["quantity_now"]).sum())


def _sql(connection_id: int, rows: Rows) -> int:
    with database().write() as session:
        connection = session.connection()
        connection.execute(text("CREATE TEMP TABLE IF NOT EXISTS now (p INT, a INT, q INT, PRIMARY KEY (p, a))"))
        connection.execute(text("DELETE FROM now"))
        connection.execute(
            text("INSERT INTO now VALUES (:id_product, :id_product_attribute, :quantity)"), [dict(row) for row in rows]
        )
        return int(
            connection.execute(
                text(
                    "SELECT count(*) FROM variant JOIN now ON p = id_product AND a = id_product_attribute "
                    "WHERE connection_id = :connection AND quantity <> q"
                ),
                {"connection": connection_id},
            ).scalar_one()
        )
