"""What waits for a person is mailed once, by a real SMTP server, and noticed as told only when that has accepted it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from benchmarks.installation import free_port
from models.connections import settings_in_force, store_settings
from models.database import Database
from models.listings import Change, ChangeKind, ChangeState, Plan
from models.orders import AfterSale, AfterSaleKind, Notice, Order, OrderStage
from tasks import order_watch
from tasks.order_watch import deadline_rows, find_matters, matter_rows, tell_matters
from tasks.report import BatchReport
from tasks.runs import Run
from tests.models.rows import NOW, store_connection
from tests.post_office import Postbox, mail_through

BUYER = ("Ada Lovelace", "12 St James's Square", "ada@example.org")


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_watch, "utc_now", lambda: NOW)


@pytest.fixture
def run(database: Database) -> Run:
    """A run on a connection that wants to be told."""
    connection_id = store_connection(database)
    with database.write() as session:
        _, document = settings_in_force(session, connection_id)
        document.orders.failure_email = "shop@example.org"
        document.back_office_url = "https://shop.example/admin1"
        store_settings(session, connection_id, document, note="test", now=NOW)
        plan = Plan(connection_id=connection_id, flow="order_watch", created_at=NOW)
        session.add(plan)
        session.flush()
        return Run("order_watch", "main", connection_id, plan.key, int(NOW.timestamp()))


@pytest.fixture
def add(database: Database, run: Run) -> Callable[..., int]:
    """Stores an order that waits, and answers its key."""

    def make(number: int = 1, **changes: Any) -> int:
        given: dict[str, Any] = {
            "connection_id": run.connection_id,
            "order_id": f"57700000000000{number:04}",
            "status": "AWAITING_SHIPMENT",
            "stage": OrderStage.READY,
            "created_at": NOW - timedelta(hours=2),
            "seen_at": NOW,
            "parked_code": "unknown_sku",
            "parked_cause": "SKU MUG-1 is not known here.",
            "parked_fix": "Link it.",
            "parked_at": NOW - timedelta(hours=1),
            # What must never be told.
            "buyer_secret": " ".join(BUYER),
        }
        with database.write() as session:
            order = Order(**given | changes)
            session.add(order)
            session.flush()
            return order.key

    return make


def change(database: Database, key: int, **values: Any) -> None:
    with database.write() as session:
        order = session.get_one(Order, key)
        for name, value in values.items():
            setattr(order, name, value)
        session.add(order)


def watch(run: Run, **arguments: Any) -> BatchReport:
    return tell_matters.fn(run, find_matters.fn(run.connection_id), **arguments)


def notices(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(session.exec(select(Notice.key)))


def test_nothing_to_tell_is_no_mail_and_no_failure(database: Database, run: Run, postbox: Postbox) -> None:
    assert watch(run) == BatchReport()
    assert not postbox.mails


def test_a_failed_order_is_told_once_with_everything_needed(
    database: Database, run: Run, postbox: Postbox, add: Callable[..., int]
) -> None:
    add(id_order=88, parked_request_id="REQ-1")
    assert watch(run).counts["told"] == 1
    (mail,) = postbox.mails
    assert mail["To"] == "shop@example.org"
    whole = "".join(part.get_content() for part in mail.iter_parts())
    for part in (
        "577000000000000001",
        "SKU MUG-1 is not known here.",
        "Link it.",
        "REQ-1",
        "https://seller-uk.tiktok.com/order/detail?order_no=577000000000000001",
        "https://shop.example/admin1/index.php/sell/orders/88/view",
    ):
        assert whole.count(part) >= 2
    assert not any(part in bytes(mail).decode() for part in BUYER)
    assert notices(database) == ["order:577000000000000001:unknown_sku"]
    assert watch(run).counts == {"waiting for a person": 1}
    assert len(postbox.mails) == 1


def test_another_cause_is_told_again_and_so_is_what_comes_back(
    database: Database, run: Run, postbox: Postbox, add: Callable[..., int]
) -> None:
    key = add()
    watch(run)
    change(database, key, parked_code="no_stock")
    assert watch(run).counts["told"] == 1
    assert notices(database) == ["order:577000000000000001:no_stock"]
    # Being tried again is not yet being settled.
    change(database, key, parked_code="")
    assert watch(run).counts == {}
    change(database, key, parked_code="no_stock")
    assert "told" not in watch(run).counts
    change(database, key, parked_code="", stage=OrderStage.IMPORTED)
    assert watch(run).counts == {"settled": 1}
    assert notices(database) == []
    change(database, key, parked_code="no_stock")
    assert watch(run).counts["told"] == 1
    assert len(postbox.mails) == 3


def test_what_was_deleted_from_the_tool_or_cancelled_waits_for_nobody(run: Run, add: Callable[..., int]) -> None:
    add(1, stage=OrderStage.IGNORED, ship_by=NOW)
    add(2, stage=OrderStage.CANCELLED, ship_by=NOW)
    assert find_matters.fn(run.connection_id) == []


def test_five_hundred_failures_are_one_mail(
    database: Database, run: Run, postbox: Postbox, add: Callable[..., int]
) -> None:
    with database.write() as session:
        session.add_all(
            Order(
                connection_id=run.connection_id,
                order_id=f"5770000000000{number:05}",
                status="AWAITING_SHIPMENT",
                created_at=NOW,
                seen_at=NOW,
                parked_code="unknown_sku",
                parked_cause="SKU",
            )
            for number in range(500)
        )
    assert watch(run).counts == {"waiting for a person": 500, "told": 500}
    (mail,) = postbox.mails
    assert "500 new matters" in mail["Subject"]
    assert "450 more are not listed here: unknown_sku (450)." in next(iter(mail.iter_parts())).get_content()
    assert len(notices(database)) == 500
    assert "told" not in watch(run).counts


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"rcpt_answer": "550 5.1.1 unknown"}, "smtp_recipient"),
        ({"data_answer": "451 4.7.1 later"}, "smtp_refused"),
    ],
)
def test_a_refused_mail_is_a_failure_of_the_run_and_is_tried_again(
    database: Database, run: Run, postbox: Postbox, add: Callable[..., int], fault: dict[str, str], code: str
) -> None:
    add()
    for name, value in fault.items():
        setattr(postbox, name, value)
    report = watch(run)
    assert [failure.code for failure in report.failures] == [code]
    assert report.counts["mails failed"] == 1
    assert notices(database) == []
    postbox.rcpt_answer, postbox.data_answer = "", "250 OK"
    assert watch(run).counts["told"] == 1


def test_a_server_that_is_down(
    database: Database, run: Run, add: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    add()
    mail_through(monkeypatch, free_port())
    assert [failure.code for failure in watch(run).failures] == ["smtp_unreachable"]
    assert notices(database) == []


def test_an_address_without_a_server_is_said(run: Run, add: Callable[..., int]) -> None:
    assert not watch(run).failures
    add()
    (failure,) = watch(run).failures
    assert failure.code == "smtp_not_set"
    assert "CONNECTOR_SMTP_HOST" in failure.fix


def test_without_an_address_nobody_is_told_and_everything_still_is_once_there_is_one(
    database: Database, run: Run, postbox: Postbox, add: Callable[..., int]
) -> None:
    def address(value: str) -> None:
        with database.write() as session:
            _, document = settings_in_force(session, run.connection_id)
            document.orders.failure_email = value
            store_settings(session, run.connection_id, document, note="test", now=NOW)

    add()
    address("")
    assert watch(run).counts == {"waiting for a person": 1, "not told: no address": 1}
    assert not postbox.mails
    address("shop@example.org")
    assert watch(run).counts["told"] == 1


def test_a_process_that_dies_after_the_server_accepted_tells_the_same_twice_never_nothing(
    database: Database, run: Run, postbox: Postbox, add: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    add()
    with monkeypatch.context() as patch:
        patch.setattr(order_watch, "_note", die)
        with pytest.raises(Killed):
            watch(run)
    assert (len(postbox.mails), notices(database)) == (1, [])
    assert watch(run).counts["told"] == 1
    assert len(postbox.mails) == 2
    assert "told" not in watch(run).counts


def test_a_dry_run_tells_nobody_and_forgets_nothing(
    database: Database, run: Run, postbox: Postbox, add: Callable[..., int]
) -> None:
    key = add(1)
    watch(run)
    change(database, key, parked_code="", stage=OrderStage.IMPORTED)
    add(2)
    assert watch(run, dry_run=True).counts == {"waiting for a person": 1, "to be told": 1}
    assert (len(postbox.mails), len(notices(database))) == (1, 1)


def test_notices_of_others_stay(database: Database, run: Run, postbox: Postbox) -> None:
    with database.write() as session:
        session.add(Notice(connection_id=run.connection_id, key="authorization:7", told_at=NOW))
    watch(run)
    assert notices(database) == ["authorization:7"]


def test_deadlines_come_first_and_a_missed_one_is_told_again(
    database: Database, run: Run, postbox: Postbox, add: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    fine: dict[str, Any] = {"parked_code": "", "stage": OrderStage.IMPORTED}
    add(1, **fine, ship_by=NOW + timedelta(hours=5), id_order=88)
    add(2, **fine, ship_by=NOW + timedelta(hours=13))
    add(3, **fine, ship_by=NOW - timedelta(hours=1), status="IN_TRANSIT")
    add(4, ship_by=NOW + timedelta(minutes=20))
    add(5)
    assert deadline_rows(run.connection_id) == [
        {
            "order": "577000000000000004",
            "PrestaShop order": None,
            "status": "AWAITING_SHIPMENT",
            "ship by": "2026-11-20 09:50 UTC",
            "time left": "20 min left",
        },
        {
            "order": "577000000000000001",
            "PrestaShop order": 88,
            "status": "AWAITING_SHIPMENT",
            "ship by": "2026-11-20 14:30 UTC",
            "time left": "5 h left",
        },
    ]
    matters = find_matters.fn(run.connection_id)
    assert [(one.order_id[-1], one.code) for one in matters] == [
        ("4", "ship_by_near"),
        ("1", "ship_by_near"),
        ("4", "unknown_sku"),
        ("5", "unknown_sku"),
    ]
    assert [row["order"][-1] for row in matter_rows(matters)] == ["4", "1", "4", "5"]  # type: ignore[index]
    assert watch(run).counts == {"waiting for a person": 4, "near their deadline": 2, "told": 4}
    monkeypatch.setattr(order_watch, "utc_now", lambda: NOW + timedelta(minutes=10))
    assert "told" not in watch(run).counts
    monkeypatch.setattr(order_watch, "utc_now", lambda: NOW + timedelta(minutes=30))
    assert watch(run).counts["told"] == 1
    assert "had to be shipped by 2026-11-20 09:50 UTC" in next(iter(postbox.mails[-1].iter_parts())).get_content()


def _stored(database: Database, *rows: Any) -> None:
    with database.write() as session:
        session.add_all(rows)


def test_requests_and_changes_that_wait(
    database: Database, run: Run, postbox: Postbox, add: Callable[..., int]
) -> None:
    for number, status in ((1, "AWAITING_SHIPMENT"), (2, "DELIVERED"), (3, "CANCELLED")):
        add(number, parked_code="", stage=OrderStage.IMPORTED, status=status, id_order=80 + number)

    def parked(
        kind: ChangeKind, name: str, at: datetime = NOW, state: ChangeState = ChangeState.PARKED, code: str = "refused"
    ) -> Change:
        return Change(
            connection_id=run.connection_id,
            plan_id=run.plan,
            kind=kind,
            object=name,
            state=state,
            code=code,
            cause=f"{kind.value} refused",
            created_at=at,
            finished_at=at,
        )

    first, second, third = (f"order:57700000000000000{number}" for number in (1, 2, 3))
    _stored(
        database,
        AfterSale(
            connection_id=run.connection_id,
            kind=AfterSaleKind.CANCELLATION,
            request_id="403",
            order_id="577000000000000001",
            created_at=NOW,
            answer_by=NOW + timedelta(hours=3),
            parked_code="ask",
            parked_cause="The buyer asks to cancel.",
            parked_fix="Answer.",
            parked_at=NOW,
        ),
        parked(ChangeKind.SHIP, f"{first}:AA1", NOW),
        # Delivered meanwhile, by whatever number.
        parked(ChangeKind.SHIP, f"{second}:BB1", NOW),
        parked(ChangeKind.STATE, third, NOW + timedelta(minutes=1)),
        parked(ChangeKind.CANCEL, third, NOW),
        parked(ChangeKind.ANSWER, "request:403", NOW + timedelta(minutes=2)),
        # Settled by a newer one, or not about orders.
        parked(ChangeKind.STATE, first, NOW),
        parked(ChangeKind.PRICE, "listing:7", NOW),
        parked(ChangeKind.IMPORT, first, NOW),
    )
    _stored(database, parked(ChangeKind.STATE, first, NOW, ChangeState.CONFIRMED, code=""))
    matters = find_matters.fn(run.connection_id)
    assert [(one.key, one.id_order, one.moment) for one in matters] == [
        ("request:cancellation:403:ask", 81, "3 h left"),
        ("change:ship:order:577000000000000001:AA1:refused", 81, "since 2026-11-20 09:30 UTC"),
        ("change:state:order:577000000000000003:refused", 83, "since 2026-11-20 09:31 UTC"),
        ("change:answer:request:403:refused", 81, "since 2026-11-20 09:32 UTC"),
    ]
    assert watch(run).counts["told"] == 4
    with database.write() as session:
        for one in session.exec(select(Change).where(col(Change.state) == ChangeState.PARKED)):
            one.state = ChangeState.SUPERSEDED
    assert watch(run).counts == {"waiting for a person": 1, "settled": 3}


def test_keys_are_never_longer_than_their_column(database: Database, run: Run, postbox: Postbox) -> None:
    _stored(
        database,
        Change(
            connection_id=run.connection_id,
            plan_id=run.plan,
            kind=ChangeKind.CANCEL,
            object="order:" + "9" * 74,
            state=ChangeState.PARKED,
            code="c" * 40,
            cause="x",
            created_at=NOW,
        ),
    )
    assert watch(run).counts["told"] == 1


def test_what_slipped_into_a_cause_does_not_leave_the_house(
    run: Run, postbox: Postbox, add: Callable[..., int]
) -> None:
    add(parked_cause="The address1: 12 St James's Square, mail ada@example.org is refused.")
    watch(run)
    whole = "".join(part.get_content() for part in postbox.mails[0].iter_parts())
    assert "is refused" in whole or "•••" in whole
    assert not any(part in whole for part in ("James", "ada@"))
