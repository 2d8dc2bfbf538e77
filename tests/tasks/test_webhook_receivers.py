"""Whose signature on a webhook counts: that of connections with an app, never one made with an empty secret."""

from __future__ import annotations

import pytest

from config.secret_box import SecretBox
from config.settings import settings
from models.database import Database
from tasks.webhooks import receivers
from tests.models.rows import make_connection


@pytest.mark.parametrize(("app_key", "secret", "counts"), [("app", "s3", True), ("", "", False), ("app", "", False)])
def test_a_connection_without_an_app_receives_nothing(
    sqlite_database: Database, app_key: str, secret: str, counts: bool
) -> None:
    box = SecretBox.open(settings())
    with sqlite_database.write() as session:
        connection = make_connection()
        connection.app_key, connection.app_secret_secret = app_key, box.encrypt(secret)
        session.add(connection)
    assert bool(receivers()) is counts
