"""Secrets encrypted anew: afterwards the old key can go, and what is written meanwhile is left alone."""

from __future__ import annotations

import pytest
from sqlmodel import SQLModel, select

from config.secret_box import SecretBox, SecretBoxError, new_key
from config.settings import settings
from models.connections import Connection
from models.database import Database
from models.orders import Order
from models.webhooks import CronKey
from tasks import key_rotation
from tasks.key_rotation import SEALED, encrypt_anew
from tests.models.rows import NOW, make_connection


@pytest.fixture
def old_key(database: Database) -> str:
    """All of these secrets were encrypted with it; there are three pages of orders."""
    key = new_key()
    seal = SecretBox([key]).encrypt
    with database.write() as session:
        connection = make_connection()
        for name in SEALED[Connection]:
            setattr(connection, name, seal(name))
        connection.refresh_token_secret = ""
        session.add(connection)
        session.flush()
        session.add(CronKey(connection_id=connection.key, key_secret=seal("cron"), made_at=NOW))
        for number in range(5):
            session.add(
                Order(
                    connection_id=connection.key,
                    order_id=str(number),
                    status="UNPAID",
                    created_at=NOW,
                    seen_at=NOW,
                    buyer_secret=seal(f"buyer {number}") if number else "",
                )
            )
    return key


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_rotation, "_PAGE", 2)


def use_keys(monkeypatch: pytest.MonkeyPatch, *keys: str) -> None:
    monkeypatch.setenv("CONNECTOR_SECRET_KEY", ",".join(keys))
    settings.cache_clear()


def opened(database: Database, key: str) -> list[str]:
    """Everything that is encrypted, read with that key alone."""
    box = SecretBox([key])
    with database.read() as session:
        rows: list[SQLModel] = [row for model in SEALED for row in session.exec(select(model))]
        tokens = [getattr(row, name) for row in rows for name in SEALED[type(row)]]
    return sorted(box.decrypt(token) for token in tokens if token)


def test_the_old_key_can_go(database: Database, old_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, key = opened(database, old_key), new_key()
    use_keys(monkeypatch, key, old_key)
    for _ in range(2):
        assert encrypt_anew() == {"connection": 3, "cron_key": 1, "tiktok_order": 4}
        assert opened(database, key) == before


def test_what_is_written_meanwhile_stays(database: Database, old_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key()
    use_keys(monkeypatch, key, old_key)
    rotate = SecretBox.rotate

    def slowly(box: SecretBox, token: str) -> str:
        with database.write() as session:
            session.exec(select(Connection)).one().access_token_secret = SecretBox([key]).encrypt("refreshed meanwhile")
        return rotate(box, token)

    monkeypatch.setattr(SecretBox, "rotate", slowly)
    encrypt_anew()
    assert "refreshed meanwhile" in opened(database, key)


def test_without_the_old_key_nothing_is_touched(
    database: Database, old_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = opened(database, old_key)
    use_keys(monkeypatch, new_key())
    with pytest.raises(SecretBoxError, match="any of the given keys"):
        encrypt_anew()
    assert opened(database, old_key) == before


def test_no_column_is_forgotten() -> None:
    there = {
        (table.name, column.name)
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_secret")
    }
    assert there == {(str(model.__tablename__), name) for model, names in SEALED.items() for name in names}
