"""Health, metrics, who may look, and what no answer tells."""

from __future__ import annotations

import asyncio
import base64
import logging
from datetime import timedelta
from decimal import Decimal

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Message

from config.settings import Settings, SettingsError, read_settings, settings
from console.door import guards
from console.door.app import check_exposure, door_app
from console.errors import Refused
from models.connections import Connection
from models.database import Database
from models.listings import Change, ChangeKind, ChangeState, Plan, RunOutcome, Touched
from models.orders import AfterSale, AfterSaleKind, Order, OrderStage
from tasks.authorization import note_expiry
from tasks.metrics import figures, lag
from tests.door_messages import NOW, Prefect, TestClient

TOKEN = "let-me-in"


def test_health(door: TestClient, main: int, sqlite_database: Database) -> None:
    answer = door.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "healthy": True,
        "database": True,
        "migrated": True,
        "prefect": None,
        "seconds_since_last_run": None,
    }
    with sqlite_database.write() as session:
        session.add(Plan(connection_id=main, flow="order_import", created_at=NOW - timedelta(seconds=90)))
    assert door.get("/health").json()["seconds_since_last_run"] == 90


def test_details_of_health_are_for_operators(
    door: TestClient, protected: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert door.get("/health", headers={"X-Forwarded-For": "203.0.113.9"}).json() == {"healthy": True}
    assert protected.get("/health").json() == {"healthy": True}
    assert "database" in protected.get("/health", headers={"Authorization": f"Bearer {TOKEN}"}).json()
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    answer = protected.get("/health")
    assert (answer.status_code, answer.json()) == (503, {"healthy": False})


def test_an_old_schema_and_a_silent_prefect_are_not_healthy(
    door: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    answer = door.get("/health")
    assert (answer.status_code, answer.json()["prefect"]) == (503, False)
    monkeypatch.delenv("PREFECT_API_URL")
    with sqlite_database.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    answer = door.get("/health")
    assert (answer.status_code, answer.json()["migrated"]) == (503, False)


def fill(session_of: Database, connection_id: int) -> None:
    """One of everything that is counted."""
    with session_of.write() as session:
        connection = session.get_one(Connection, connection_id)
        connection.refresh_expires_at = NOW + timedelta(days=12)
        plan = Plan(connection_id=connection_id, flow="price_stock_sync", created_at=NOW)
        session.add(plan)
        for outcome, hours in [
            (RunOutcome.COMPLETED, 0.1),
            (RunOutcome.COMPLETED, 0.2),
            (RunOutcome.PARTLY, 0.3),
            (RunOutcome.FAILED, 0.4),
            (RunOutcome.FAILED, 2),
        ]:
            ended = NOW - timedelta(hours=hours)
            session.add(
                Plan(
                    connection_id=connection_id, flow="order_import", created_at=ended, ended_at=ended, outcome=outcome
                )
            )
        session.flush()
        for number, (kind, state, code, took, waited) in enumerate(
            [
                (ChangeKind.PRICE, ChangeState.CONFIRMED, "", 4, None),
                (ChangeKind.PRICE, ChangeState.CONFIRMED, "", 8, 60),
                (ChangeKind.STOCK, ChangeState.PLANNED, "", None, None),
                (ChangeKind.CREATE, ChangeState.PARKED, "brand", 1, None),
            ]
        ):
            planned = NOW - timedelta(minutes=5)
            session.add(
                Change(
                    connection_id=connection_id,
                    plan_id=plan.key,
                    kind=kind,
                    object=f"product:{number}",
                    state=state,
                    code=code,
                    noticed_at=None if waited is None else planned - timedelta(seconds=waited),
                    created_at=planned,
                    finished_at=None if took is None else planned + timedelta(seconds=took),
                )
            )
        for number, (stage, code, took) in enumerate(
            [(OrderStage.IMPORTED, "", 30), (OrderStage.READY, "unknown_sku", None), (OrderStage.CART, "", None)]
        ):
            placed = NOW - timedelta(minutes=3)
            session.add(
                Order(
                    connection_id=connection_id,
                    order_id=str(number),
                    status="AWAITING_SHIPMENT",
                    stage=stage,
                    parked_code=code,
                    created_at=placed,
                    seen_at=placed,
                    total_paid=Decimal(1),
                    imported_at=None if took is None else placed + timedelta(seconds=took),
                )
            )
        session.add(
            AfterSale(
                connection_id=connection_id,
                kind=AfterSaleKind.RETURN,
                request_id="1",
                order_id="1",
                created_at=NOW,
                parked_code="refund",
            )
        )
        noticed = NOW - timedelta(seconds=7)
        session.add(Touched(connection_id=connection_id, id_product=1, since=NOW, noticed_at=noticed))


def test_figures_on_both_databases(database: Database) -> None:
    from tests.models.rows import store_connection

    key = store_connection(database)
    fill(database, key)
    (one,) = figures(NOW)
    assert (one.connection, one.authorized, one.authorization_days) == ("main", False, 12)
    assert (one.orders.count, one.orders.longest) == (1, 30)
    assert one.waiting_order_seconds == 180
    assert (one.changes["price"].count, one.changes["price"].p50, one.changes["price"].longest) == (2, 4, 68)
    assert one.runs == {
        ("order_import", "completed"): 2,
        ("order_import", "partly"): 1,
        ("order_import", "failed"): 1,
    }
    assert one.backlog == {"stock": 1, "order": 1}
    assert one.parked == {("create", "brand"): 1, ("order", "unknown_sku"): 1, ("return", "refund"): 1}
    assert one.outcomes == {("price", "confirmed"): 2, ("create", "parked"): 1}
    assert (one.touched, one.touched_seconds) == (1, 7)
    assert one.budgets["tiktok", "read"].rate > 0
    # TikTok Shop warns of an earlier end.
    note_expiry(key, NOW + timedelta(days=3))
    (one,) = figures(NOW)
    assert one.authorization_days == 3


def test_metrics_are_what_prometheus_reads(door: TestClient, main: int, sqlite_database: Database) -> None:
    fill(sqlite_database, main)
    answer = door.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    of_main = ("connection", "main")
    assert samples["connector_up", ()] == 1
    assert samples["connector_order_import_lag_seconds", (of_main, ("quantile", "0.99"))] == 30
    assert samples["connector_change_lag_seconds", (of_main, ("kind", "price"), ("quantile", "1"))] == 68
    assert samples["connector_order_import_oldest_seconds", (of_main,)] == 180
    order_import = ("flow", "order_import")
    assert samples["connector_runs_ended", (of_main, order_import, ("outcome", "completed"))] == 2
    assert samples["connector_runs_ended", (of_main, order_import, ("outcome", "failed"))] == 1
    assert samples["connector_parked", (("code", "brand"), of_main, ("kind", "create"))] == 1
    assert samples["connector_authorization_days_left", (of_main,)] == 12
    assert samples["connector_call_budget_rate", (("class", "write"), of_main, ("shop", "tiktok"))] > 0


def test_lags_by_nearest_rank() -> None:
    found = lag(range(1, 101))
    assert (found.count, found.p50, found.p99, found.longest) == (100, 50, 99, 100)
    assert lag([]).count == 0
    assert lag([-3]).longest == 0


@pytest.mark.parametrize("path", ["/metrics", "/cron"])
def test_operators_pages_need_the_token(protected: TestClient, path: str) -> None:
    basic = base64.b64encode(f"me:{TOKEN}".encode()).decode()
    wrong = base64.b64encode(b"me:guess").decode()
    for header in ("", "Bearer guess", f"Basic {wrong}", "Basic !", f"Digest {TOKEN}", TOKEN):
        answer = protected.get(path, headers={"Authorization": header} if header else {})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Basic realm="connector"')
    for header in (f"Bearer {TOKEN}", f"Basic {basic}"):
        assert protected.get(path, headers={"Authorization": header}).status_code == 200


@pytest.mark.parametrize("path", ["/metrics", "/cron"])
def test_without_a_token_they_are_for_this_machine_alone(
    door: TestClient, prefect: Prefect, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    assert door.get(path).status_code == 200
    assert door.get(path, headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
    assert door.get(path, headers={"Host": "evil.example"}).status_code == 403
    monkeypatch.setenv("CONNECTOR_DOOR_URL", "https://connector.example")
    settings.cache_clear()
    behind_a_proxy = TestClient(door_app(hands=prefect.hands), base_url="http://127.0.0.1:4280")
    assert behind_a_proxy.get(path).status_code == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "connector.example"])
def test_beyond_this_machine_it_does_not_open_without_a_token(host: str) -> None:
    with pytest.raises(Refused, match="CONNECTOR_DOOR_TOKEN"):
        check_exposure(Settings(door_host=host))
    check_exposure(Settings(door_host=host, door_token=TOKEN))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_this_machine_it_does(host: str) -> None:
    check_exposure(Settings(door_host=host))


def test_an_address_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_DOOR_URL", "connector.example")
    with pytest.raises(SettingsError, match="CONNECTOR_DOOR_URL"):
        read_settings()


def test_answers_tell_nothing_of_the_inside(
    door: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("console.door.app.figures", fail)
    caplog.set_level(logging.DEBUG)
    answer = door.get("/metrics")
    assert (answer.status_code, answer.text) == (500, "Something went wrong here; the log says what.\n")
    assert "RuntimeError" in caplog.text
    assert "hunter2" not in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_pages_there_are_not(door: TestClient) -> None:
    assert door.get("/").status_code == 404
    assert door.get("/tiktok/webhooks").status_code == 405
    assert door.post("/health").status_code == 405


def test_headers(door: TestClient) -> None:
    headers = door.get("/cron").headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]


def test_a_body_that_does_not_end(main: int, prefect: Prefect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "BODY_SECONDS", 0.01)
    answered: list[Message] = []

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(said: Message) -> None:
        answered.append(said)

    scope = {"type": "http", "method": "POST", "path": "/tiktok/webhooks", "headers": [], "query_string": b""}
    asyncio.run(door_app(hands=prefect.hands)(scope, never, send))
    assert answered[0]["status"] == 408


def test_an_answer_that_does_not_come(door: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "ANSWER_SECONDS", 0.0)
    assert door.get("/health").status_code == 408
