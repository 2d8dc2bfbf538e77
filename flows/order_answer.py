"""order_answer: a person answers buyers who ask to cancel (I12)."""

from __future__ import annotations

from typing import Literal

from prefect import flow

from flows.time_limits import FREQUENT
from rules.cancellations import Answer
from tasks import after_sales, after_sales_sending, order_changes, order_requests
from tasks.report import BatchReport, RunResult
from tasks.runs import Run, batches, changes_table, ends_in_words, publish, run_alone

ORDERS_A_BATCH = 50


@flow(
    name="order_answer",
    flow_run_name="{answer} requests of {connection}",
    persist_result=False,
    timeout_seconds=FREQUENT,
)
@ends_in_words(RunResult)
def order_answer(
    order_ids: list[str], answer: Literal["approve", "reject"], connection: str = "", dry_run: bool = False
) -> RunResult:
    """Approve or reject the cancellation that the buyers of these orders asked for.

    Args:
        order_ids: TikTok order ids.
        answer: approve cancels the order; reject keeps it, because its parcel has left.
        connection: name of the connection; may be left out when there is only one.
        dry_run: stop after the plan.
    """
    parameters = {"order_ids": order_ids, "answer": answer}
    with run_alone("order_answer", connection, parameters, dry_run=dry_run, turn="orders") as run:
        # What was answered meanwhile, by whomever, is not answered again.
        reports = [after_sales.read_after_sales(run)]
        asked = order_requests.requests_of(run.connection_id, order_ids)
        reports.append(asked.report)
        for part in batches(asked.keys, ORDERS_A_BATCH):
            reports.append(after_sales_sending.answer_buyers(run, part, dry_run=dry_run, decided=Answer(answer)))
        report = BatchReport.total(reports)
        publish(run, report, changes_table(run), dry_run=dry_run)
        return RunResult.of(run.connection, run.plan, report)


def apply_answers(run: Run, plan: int) -> BatchReport:
    """Give the answers of a stored plan to the buyers who still wait for one (K1)."""
    decided = Answer(order_changes.plan_parameters(plan)["answer"])
    reports = [after_sales.read_after_sales(run)]
    waiting = set(order_changes.planned_requests(plan)).intersection(
        after_sales_sending.requests_to_answer(run.connection_id)
    )
    for part in batches(sorted(waiting), ORDERS_A_BATCH):
        reports.append(after_sales_sending.answer_buyers(order_changes.applying(run, plan), part, decided=decided))
    return BatchReport.total([*reports, order_changes.close_plan(plan)])
