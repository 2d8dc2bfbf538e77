"""listing_actions: activate, deactivate, delete or recover listings (look → plan → send → record)."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import flow
from prefect.utilities.annotations import quote

from flows.time_limits import LONG
from rules.listing_actions import Action
from tasks.listing_action_sending import send_actions
from tasks.listing_actions import (
    LISTINGS_A_TASK,
    plan_batch_of_actions,
    planned_actions,
    unresolved_actions,
    waiting_actions,
)
from tasks.listing_choice import Selection, select_listings
from tasks.planning import template_named
from tasks.report import BatchReport, RunResult
from tasks.runs import Progress, Run, batches, changes_table, ends_in_words, publish, run_alone
from tasks.statuses import follow_statuses


@flow(
    name="listing_actions",
    flow_run_name="{action} listings of {connection}",
    persist_result=False,
    timeout_seconds=LONG,
)
@ends_in_words(RunResult)
def listing_actions(
    action: Action,
    connection: str = "",
    product_ids: list[int] | None = None,
    listing_ids: list[str] | None = None,
    template: str | None = None,
    all_listings: bool = False,
    dry_run: bool = False,
) -> RunResult:
    """Put listings on sale, take them off, delete them or bring deleted ones back. Give exactly one selection.

    Args:
        action: what to do. A deleted listing's product counts as not uploaded; a recovered listing comes back off sale.
        connection: name of the connection; may be left out when there is only one.
        product_ids: the listings of products with these PrestaShop ids.
        listing_ids: the listings with these TikTok ids.
        template: the listings of products of the category template of this name.
        all_listings: every listing that shows a PrestaShop product.
        dry_run: stop after the plan; it can be looked at, and applied later as it stands.

    Raises:
        ValueError: no selection was given, or more than one.
    """
    given = [
        name
        for name, is_given in (
            ("product_ids", product_ids is not None),
            ("listing_ids", listing_ids is not None),
            ("template", template is not None),
            ("all_listings", all_listings),
        )
        if is_given
    ]
    if len(given) != 1:
        raise ValueError(
            "listing_actions needs exactly one of product_ids, listing_ids, template and all_listings; given: "
            + (", ".join(given) or "none")
        )
    parameters = {
        "action": action,
        "product_ids": product_ids,
        "listing_ids": listing_ids,
        "template": template,
        "all_listings": all_listings,
    }
    with run_alone("listing_actions", connection, parameters, dry_run=dry_run, turn="actions") as run:
        template_id = template_named(run.connection_id, template)
        reports = [] if dry_run else [settle_unresolved(run)]
        # What an action may do is judged by where listings stand now, not by what was last heard of them.
        follow_statuses(run.connection_id)
        chosen = select_listings(
            run.connection_id, action, product_ids=product_ids, listing_ids=listing_ids, template_id=template_id
        )
        reports.append(plan_actions(run, action, chosen))
        if not dry_run:
            reports.append(send(run, waiting_actions(run.connection_id, run.plan)))
        report = BatchReport.total(reports)
        publish(run, report, changes_table(run), dry_run=dry_run)
        return RunResult.of(run.connection, run.plan, report)


def settle_unresolved(run: Run) -> BatchReport:
    """What became of actions that a run which died, or an answer that was lost, left open."""
    return send(run, unresolved_actions(run.connection_id))


def plan_actions(run: Run, action: Action, chosen: Selection) -> BatchReport:
    """Which of the chosen listings the action is possible and needed for."""
    report = BatchReport()
    for failure in chosen.missing:
        report.failed(failure, count="not listed")
    parts = batches(chosen.keys, LISTINGS_A_TASK)
    planned = [plan_batch_of_actions(run, action, quote(part), named=chosen.named) for part in parts]
    return BatchReport.total([report, *(one.report for one in planned)])


def send(run: Run, change_ids: Sequence[int]) -> BatchReport:
    """Send changes, a batch after the other: each batch is several calls at a time already.

    What was not answered is looked at once more before the run ends; what does not show then is for the next run.
    """
    parts = batches(change_ids, LISTINGS_A_TASK)
    if not parts:
        return BatchReport()
    progress = Progress("Sending to TikTok Shop")
    reports = []
    for number, part in enumerate(parts, 1):
        report = send_actions(run, quote(part))
        if report.counts.pop("unresolved", 0):
            report = BatchReport.total(
                [report, send_actions(run, quote(unresolved_actions(run.connection_id, part)), only_look=True)]
            )
        reports.append(report)
        progress.reached(number / len(parts))
    return BatchReport.total(reports)


def apply_actions(run: Run, plan: int) -> BatchReport:
    """Send what a stored plan of this flow still holds: the listings that stand as they did when it was made (K1)."""
    reports = [settle_unresolved(run)]
    follow_statuses(run.connection_id)
    return BatchReport.total([*reports, send(run, planned_actions(plan))])
