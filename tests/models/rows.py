"""Rows that tests of tables start from."""

from __future__ import annotations

from datetime import UTC, datetime

from models.connections import Connection
from models.database import Database

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def make_connection(name: str = "main") -> Connection:
    """A connection with what its table requires."""
    return Connection(
        name=name,
        prestashop_url="https://shop.example",
        prestashop_key_secret="encrypted",
        region="GB",
        tiktok_api_url="https://api.example",
        tiktok_auth_url="https://auth.example",
        app_key="app",
        app_secret_secret="encrypted",
    )


def store_connection(database: Database, name: str = "main") -> int:
    """Store one and answer its id."""
    with database.write() as session:
        connection = make_connection(name)
        session.add(connection)
        session.flush()
        return connection.key
