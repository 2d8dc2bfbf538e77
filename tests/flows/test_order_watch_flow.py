"""order_watch as a flow: tables of what waits, and one mail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flows.order_watch import order_watch
from models.connections import settings_in_force, store_settings
from models.database import Database
from models.orders import Order, OrderStage
from tasks import order_watch as watch
from tasks import runs as frame
from tests.models.rows import NOW, store_connection
from tests.post_office import Postbox

pytestmark = pytest.mark.slow


def test_one_run_shows_and_tells_and_the_next_only_shows(
    prefect: None, postbox: Postbox, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables: dict[str, Any] = {}
    monkeypatch.setattr(watch, "utc_now", lambda: NOW)
    monkeypatch.setattr(frame, "create_table_artifact", lambda **given: tables.update({given["key"]: given["table"]}))
    connection_id = store_connection(sqlite_database)
    with sqlite_database.write() as session:
        _, document = settings_in_force(session, connection_id)
        document.orders.failure_email = "shop@example.org"
        store_settings(session, connection_id, document, note="test", now=NOW)
        for number, parked in ((1, ""), (2, "no_stock")):
            session.add(
                Order(
                    connection_id=connection_id,
                    order_id=f"57700000000000000{number}",
                    status="AWAITING_SHIPMENT",
                    stage=OrderStage.READY if parked else OrderStage.IMPORTED,
                    created_at=NOW,
                    seen_at=NOW,
                    ship_by=None if parked else NOW + timedelta(hours=1),
                    parked_code=parked,
                    parked_cause="No stock.",
                )
            )
    assert order_watch("main", dry_run=True).counts["to be told"] == 2
    assert not postbox.mails
    first, second = order_watch("main"), order_watch("main")
    assert first.ok
    assert first.counts == {"waiting for a person": 2, "near their deadline": 1, "told": 2}
    assert second.counts == {"waiting for a person": 2, "near their deadline": 1}
    assert len(postbox.mails) == 1
    assert [row["order"] for row in tables["order-watch-main-deadlines"]] == ["577000000000000001"]
    assert [row["what"] for row in tables["order-watch-main-waiting"]] == ["Shipping deadline", "Order not imported"]


def test_a_mail_that_fails_is_a_failure_of_the_run_not_an_error(
    prefect: None, postbox: Postbox, sqlite_database: Database
) -> None:
    connection_id = store_connection(sqlite_database)
    with sqlite_database.write() as session:
        _, document = settings_in_force(session, connection_id)
        document.orders.failure_email = "shop@example.org"
        store_settings(session, connection_id, document, note="test", now=NOW)
        session.add(
            Order(
                connection_id=connection_id,
                order_id="577",
                status="AWAITING_SHIPMENT",
                created_at=NOW,
                seen_at=NOW,
                parked_code="no_stock",
                parked_cause="No stock.",
            )
        )
    postbox.rcpt_answer = "550 no"
    result = order_watch("main")
    assert [one.code for one in result.failures] == ["smtp_recipient"]
    postbox.rcpt_answer = ""
    assert order_watch("main").ok
