"""apply_plan: send a stored plan exactly as it stands, as far as it is still current (K1)."""

from __future__ import annotations

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from flows.catalog_upload import BATCHES_IN_FLIGHT, mirror_catalogue, send_changes
from tasks.report import BatchReport, RunResult
from tasks.runs import changes_table, plan_connection, planned_products, publish, run_alone


@flow(
    name="apply_plan",
    flow_run_name="plan {plan}",
    persist_result=False,
    task_runner=ThreadPoolTaskRunner(max_workers=BATCHES_IN_FLIGHT),  # type: ignore[arg-type]
)
def apply_plan(plan: int) -> RunResult:
    """Send the changes of a plan that are still planned; those no longer current are superseded, not sent.

    Args:
        plan: number of the plan, as printed by `connector plan`.
    """
    connection = plan_connection(plan)
    with run_alone("apply_plan", connection, {"plan": plan}, dry_run=False, turn="catalogue") as run:
        # Whether a change is still current is judged by what PrestaShop says now, not by what it said at planning.
        report = mirror_catalogue(run, planned_products(plan))
        report = BatchReport.total([report, send_changes(run, plan=plan)])
        publish(run, report, changes_table(run, plan=plan), dry_run=False)
        return RunResult.of(run.connection, plan, report)
