"""`connector run|plan|apply|explain`: running flows by hand, in this process (J1, K1, K2)."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from console.errors import Refused, Status
from console.output import AsJson, ConnectionName, result, say, table

FlowName = Annotated[str, typer.Argument(help="catalog_upload, taxonomy_refresh, …; a wrong name lists them all.")]
Parameters = Annotated[
    list[str] | None, typer.Argument(help="name=value, e.g. template=Mugs product_ids=[1,2]", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(run)
    app.command()(plan)
    app.command()(apply)
    app.command()(explain)


def run(
    flow: FlowName,
    parameters: Parameters = None,
    connection: ConnectionName = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Stop after the plan, send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a flow now and wait for it; ends with 1 when something was parked or failed."""
    given = _parameters(parameters, connection)
    if dry_run:
        given["dry_run"] = True
    outcome = run_flow(flow, given)
    show_outcome(flow, outcome, as_json=as_json)


def plan(
    flow: FlowName, parameters: Parameters = None, connection: ConnectionName = "", as_json: AsJson = False
) -> None:
    """Work out what a flow would change, and store it as a plan: what, from, to, why. Nothing is sent."""
    outcome = run_flow(flow, {**_parameters(parameters, connection), "dry_run": True})
    rows = _changes(outcome.plan)
    if as_json:
        result({**outcome.model_dump(mode="json"), "changes": rows}, as_json=True)
    else:
        table(rows, ["object", "change", "what", "reasons"], as_json=False, empty="Nothing to change.")
        say_counts(outcome)
        say_failures(outcome)
        if rows:
            say(f"Plan {outcome.plan}. Apply it as it stands with: connector apply {outcome.plan}")
    if not outcome.ok:
        raise typer.Exit(_status(outcome))


def apply(plan: Annotated[int, typer.Argument(help="Number of a plan.")], as_json: AsJson = False) -> None:
    """Send the changes of a stored plan that still hold."""
    show_outcome("apply_plan", run_flow("apply_plan", {"plan": plan}), as_json=as_json)


def explain(
    sku: Annotated[str, typer.Argument(help="A SKU or reference; 42 or 42:7 for PrestaShop ids.")],
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Say for one SKU, rule by rule, why it is listed as it is: template, content, price, quantity, or why not."""
    from console.installation import open_installation
    from models.connections import find_connection

    with open_installation().read() as session:
        connection_id = find_connection(session, connection).key
    from tasks.explain import explain as ask

    told = ask(connection_id, sku)
    result(told.model_dump(mode="json"), as_json=as_json, text="\n".join(_explanation(told)))


def _explanation(told: Any) -> list[str]:
    """What `tasks.explain` found, for people."""
    lines = [
        f"{told.sku} is product {told.id_product}, variant {told.id_product_attribute}: {told.title}",
        f"Status: {told.status}" + (", differs from what is live" if told.differs else ""),
        f"Template: {told.template or 'none'}",
        *(f"  · {step.text}" for step in told.content),
        *(f"  ! {step.text} {step.fix}" for step in told.not_ready),
        *(f"  ! {step.text} {step.fix}".rstrip() for step in told.status_reasons),
        *(f"  ! changed on TikTok Shop: {one['field']} {one['ours']} → {one['shown']}" for one in told.hand_changes),
        f"Price {told.price or 'none'}, quantity {told.quantity}",
        *(f"  · {step.text}" for step in told.price_steps),
    ]
    if told.next_boundary:
        lines.append(f"The next special price of the catalogue begins or ends {told.next_boundary}")
    if told.confirmed_at:
        stock = ", ".join(f"{count} in {warehouse}" for warehouse, count in told.confirmed_quantities.items())
        lines.append(f"Confirmed {told.confirmed_at}: {told.confirmed_price or 'no price'}; {stock or 'no stock'}")
    for one in told.changes:
        waiting = f"not before {one.not_before}" if one.not_before and one.state == "planned" else ""
        words = (f"Change {one.kind}:", one.what, one.state, one.at, waiting, one.cause, one.fix)
        lines.append(" ".join(word for word in words if word))
    return lines


def _parameters(words: list[str] | None, connection: str) -> dict[str, Any]:
    from console.arguments import assignments

    given = assignments(words or [])
    if connection:
        if given.get("connection", connection) != connection:
            raise Refused("The connection is given twice, with different names.")
        given["connection"] = connection
    return given


def run_flow(name: str, given: dict[str, Any]) -> Any:
    """Run a flow in this process; on the server of `connector up` when it runs, on a short-lived one otherwise."""
    from console.installation import open_installation
    from deployments.prefect_environment import enter_prefect_environment
    from deployments.server import running_api

    process = enter_prefect_environment(
        # A failing run is told once, by us; its log is with the run.
        PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL="CRITICAL",
        PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="120",
    )
    store = open_installation()
    if "PREFECT_API_URL" not in os.environ and (api := running_api(process)) is not None:
        os.environ["PREFECT_API_URL"] = api
    # Only now: Prefect reads the environment when it is first imported.
    from deployments.registry import load_flow, validated_parameters

    flow = load_flow(name)
    parameters = validated_parameters(flow, given)
    from console.progress import showing_progress
    from models.connections import find_connection

    if "connection" in flow.parameters.properties:
        with store.read() as session:
            parameters["connection"] = find_connection(session, parameters.get("connection", "")).name
    with showing_progress(name):
        return flow(**parameters)


def show_outcome(flow: str, outcome: Any, *, as_json: bool) -> None:
    """Figures and failures of a run; ends with 1 when something was parked or failed."""
    if as_json:
        result({**outcome.model_dump(mode="json"), "ok": outcome.ok}, as_json=True)
    else:
        say_counts(outcome)
        say_failures(outcome)
        ending = "all done" if outcome.ok else f"{len(outcome.failures)} need a person"
        say(f"{flow}: {ending}" + (f"; {len(outcome.not_ready)} products are not ready." if outcome.not_ready else "."))
    if not outcome.ok:
        raise typer.Exit(_status(outcome))


def _status(outcome: Any) -> Status:
    """3 for a connection that is not authorized, 1 for all else that needs a person."""
    from rules.authorization import NOT_AUTHORIZED

    refused = any(failure.code == NOT_AUTHORIZED for failure in outcome.failures)
    return Status.NO_ACCESS if refused else Status.FAILED


def say_counts(outcome: Any) -> None:
    """The figures in one line."""
    say(", ".join(f"{count} {name}" for name, count in outcome.counts.items()) or "Nothing to do.")


def say_failures(outcome: Any) -> None:
    """What needs a person, and what is not ready, as tables."""
    for failures in (outcome.failures, outcome.not_ready):
        if failures:
            table([failure.model_dump() for failure in failures], ["object", "cause", "fix"], as_json=False)


def _changes(plan_id: int | None) -> list[dict[str, Any]]:
    from sqlmodel import col, select

    from models.database import database
    from models.listings import Change
    from tasks.runs import change_text

    if plan_id is None:
        return []
    with database().read() as session:
        changes = session.exec(select(Change).where(Change.plan_id == plan_id).order_by(col(Change.id))).all()
    return [
        {
            "object": change.object,
            "change": change.kind.value,
            "state": change.state.value,
            "title": str(change.after.get("content", {}).get("title", "")),
            "what": change_text(change),
            "reasons": [reason["text"] for reason in change.reasons],
            "before": change.before,
            "after": change.after,
        }
        for change in changes
    ]
