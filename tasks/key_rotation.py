"""Everything that is encrypted, encrypted anew with the newest key, so that older keys can go (docs/security.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Column, Table, bindparam, select, update
from sqlmodel import SQLModel

from config.secret_box import SecretBox
from config.settings import settings
from models.connections import Connection
from models.database import database, table_of
from models.orders import Order
from models.webhooks import CronKey

SEALED: Final[dict[type[SQLModel], tuple[str, ...]]] = {
    Connection: ("prestashop_key_secret", "app_secret_secret", "access_token_secret", "refresh_token_secret"),
    CronKey: ("key_secret",),
    Order: ("buyer_secret", "corrections_secret"),
}
"""Columns that hold tokens of the secret box."""

_PAGE: Final = 500


def encrypt_anew() -> Counter[str]:
    """Encrypt every token with the first of the present keys; answers how many there were, by table.

    It may be broken off and begun again, beside everything that runs: what is written meanwhile is left as it is.

    Raises:
        SecretBoxError: a token was made with none of the present keys.
    """
    box, done = SecretBox.open(settings()), Counter[str]()
    for model, names in SEALED.items():
        table = table_of(model)
        for name in names:
            for page in _pages(table, table.c[name]):
                _replace(table, table.c[name], [(key, token, box.rotate(token)) for key, token in page])
                done[table.name] += len(page)
    return done


def _pages(table: Table, column: Column[str]) -> Iterator[list[tuple[int, str]]]:
    key = next(iter(table.primary_key))
    last = -1
    while True:
        query = select(key, column).where(key > last, column != "").order_by(key).limit(_PAGE)
        with database().read() as session:
            page = [(int(row[0]), str(row[1])) for row in session.connection().execute(query)]
        if not page:
            return
        yield page
        last = page[-1][0]


def _replace(table: Table, column: Column[str], tokens: Sequence[tuple[int, str, str]]) -> None:
    key = next(iter(table.primary_key))
    statement = (
        update(table).where(key == bindparam("of"), column == bindparam("old")).values({column: bindparam("new")})
    )
    rows: list[dict[str, Any]] = [{"of": of, "old": old, "new": new} for of, old, new in tokens]
    with database().write() as session:
        session.connection().execute(statement, rows)
