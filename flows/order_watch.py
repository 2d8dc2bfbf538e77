"""order_watch: what waits for a person, and which orders have to be shipped soon (look → table → one mail)."""

from __future__ import annotations

from prefect import flow
from prefect.utilities.annotations import quote

from flows.time_limits import FREQUENT
from tasks import order_privacy
from tasks import order_watch as watch
from tasks.report import RunResult
from tasks.runs import ends_in_words, publish, publish_table, run_alone
from tasks.shops import utc_now


@flow(
    name="order_watch",
    flow_run_name="watch over orders of {connection}",
    persist_result=False,
    timeout_seconds=FREQUENT,
)
@ends_in_words(RunResult)
def order_watch(connection: str = "", dry_run: bool = False) -> RunResult:
    """Look for what waits for a person, and mail what is new about it to the address of orders.failure_email.

    Buyer data whose time is over are erased too (K18).

    Args:
        connection: name of the connection; may be left out when there is only one.
        dry_run: show it without sending a mail.
    """
    with run_alone(
        "order_watch", connection, {}, dry_run=dry_run, turn="order_watch", without_authorization=True
    ) as run:
        matters = watch.find_matters(run.connection_id)
        report = watch.tell_matters(run, quote(matters), dry_run=dry_run)
        if not dry_run:
            report.count(
                "orders whose buyer data were erased", order_privacy.erase_expired(run.connection_id, utc_now())
            )
        publish(run, report, [], dry_run=dry_run)
        publish_table(run, "deadlines", watch.deadline_rows(run.connection_id), "Orders to be shipped soon")
        publish_table(run, "waiting", watch.matter_rows(matters), "What waits for a person")
        return RunResult.of(run.connection, run.plan, report)
