"""status_sync: where listings stand on TikTok Shop, and what was changed there by hand (search → compare → record)."""

from __future__ import annotations

from prefect import flow
from prefect.utilities.annotations import quote

from flows.time_limits import LONG
from tasks.listing_action_sending import send_actions
from tasks.listing_actions import LISTINGS_A_TASK, unresolved_actions
from tasks.report import BatchReport, RunResult
from tasks.runs import batches, ends_in_words, publish, run_alone
from tasks.shops import utc_now
from tasks.statuses import follow_statuses, look_up_statuses, sweep_is_due, sweep_statuses


@flow(name="status_sync", flow_run_name="statuses of {connection}", persist_result=False, timeout_seconds=LONG)
@ends_in_words(RunResult)
def status_sync(connection: str = "", product_ids: list[int] | None = None, full: bool = False) -> RunResult:
    """Read where listings stand on TikTok Shop, why some are refused, and what somebody changed there by hand.

    Listing actions that were asked for and never answered are brought to their end too.

    Args:
        connection: name of the connection; may be left out when there is only one.
        product_ids: PrestaShop ids of the products to look at; what TikTok Shop updated since the last run when left
            out.
        full: look at every listing now; happens once a day by itself.
    """
    parameters = {"product_ids": product_ids, "full": full}
    with run_alone("status_sync", connection, parameters, dry_run=False, turn="statuses") as run:
        # Prices and edits wait for them, and the flow that sends them has no schedule.
        settled = [
            send_actions(run, quote(part)) for part in batches(unresolved_actions(run.connection_id), LISTINGS_A_TASK)
        ]
        if product_ids is not None:
            statuses = look_up_statuses(run.connection_id, quote(product_ids))
        elif full or sweep_is_due(run.connection_id, utc_now()):
            statuses = sweep_statuses(run.connection_id, even_if_all_are_gone=full)
        else:
            statuses = follow_statuses(run.connection_id)
        report = BatchReport.total([*settled, statuses.report])
        publish(run, report, statuses.by_hand, dry_run=False)
        return RunResult.of(run.connection, run.plan, report)
