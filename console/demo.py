"""`connector demo`: the main job on the sandbox, from nothing to a catalogue on TikTok Shop, in a couple of minutes.

Everything is real but the two shops: real HTTP, the real clients, flows, database and Prefect runs, in a folder of
its own that is thrown away at the end.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

# What the demo's own processes read. The sandbox takes more calls a second than a real shop would.
_ENVIRONMENT = {
    "CONNECTOR_TIKTOK_READS_PER_SECOND": "100",
    "CONNECTOR_TIKTOK_WRITES_PER_SECOND": "60",
    "CONNECTOR_PRESTASHOP_CALLS_PER_SECOND": "500",
    "CONNECTOR_LOG_LEVEL": "WARNING",
    "PREFECT_LOGGING_LEVEL": "ERROR",
    # Starting Prefect takes seconds on a quiet machine; on a busy one nobody is helped by giving up.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
}
# Audits on the sandbox take this long; the summary waits for them.
_AUDIT_SECONDS = 3.0


def demo(*, products: int = 200, seed: int = 1, region: str = "GB", console: Console | None = None) -> int:
    """Run the demo; answer the exit status (0: every product is accounted for)."""
    console = console or Console()
    with tempfile.TemporaryDirectory(prefix="connector-demo-") as folder:
        os.environ.update(_ENVIRONMENT, CONNECTOR_HOME=folder, PREFECT_HOME=str(Path(folder) / "prefect"))
        os.environ.pop("CONNECTOR_DATABASE_URL", None)
        os.environ.pop("PREFECT_API_URL", None)
        return _run(Path(folder), products, seed, region, console)


def _run(folder: Path, products: int, seed: int, region: str, console: Console) -> int:
    # Imported late: Prefect and the settings read the environment when they are first imported.
    from config.settings import settings
    from console.demo_day import show_daily_work
    from console.demo_orders import show_orders
    from console.demo_shop import add_templates, connect_sandbox
    from flows.apply_plan import apply_plan
    from flows.catalog_upload import catalog_upload
    from flows.taxonomy_refresh import taxonomy_refresh
    from models.database import database
    from sandbox.server import Sandbox

    settings.cache_clear()
    begun = time.monotonic()
    console.rule("[bold]PrestaShop ↔ TikTok Shop connector, on the sandbox")
    with Sandbox(products=products, seed=seed, region=region, audit_seconds=_AUDIT_SECONDS) as sandbox:
        database().upgrade()
        console.print(f"PrestaShop simulator  {sandbox.prestashop_url}  {products} products, seed {seed}")
        console.print(f"TikTok Shop simulator {sandbox.tiktok_url}  market {region}")
        connection_id = connect_sandbox(sandbox.settings(), sandbox.auth_code())
        console.print("Connected and authorized both shops.")
        with console.status("Reading categories, brands and warehouses …"):
            templates = add_templates(connection_id, folder / "documents")
            read = taxonomy_refresh("sandbox")
        console.print(
            f"TikTok Shop offers {read.counts['categories']} categories and {read.counts['brands']} brands; "
            f"{templates} category templates are set up."
        )
        with console.status("Planning: what would change on TikTok Shop, and why …"):
            plan = catalog_upload("sandbox", dry_run=True)
        if plan.plan is None:
            return 1
        _show_plan(console, plan.plan, plan.counts)
        with _progress(console, connection_id, plan.plan, plan.counts.get("to create", 0)):
            sent = apply_plan(plan.plan)
        _await_audits(connection_id, console)
        accounted = _show_summary(console, connection_id, sent.counts)
        with console.status("Once more: nothing has changed, so nothing should be sent …"):
            again = catalog_upload("sandbox")
        resent = again.counts.get("to create", 0) + again.counts.get("to edit", 0)
        console.print(
            f"Second run: {again.counts.get('unchanged', 0)} listings unchanged, {resent} changes, "
            f"{again.counts.get('confirmed', 0)} sent."
        )
        kept_in_step = show_daily_work(sandbox, connection_id, console)
        sold = show_orders(sandbox, connection_id, console)
        console.print(
            f"[bold]Done in {time.monotonic() - begun:.0f} s.[/bold] Next: connector up --sandbox, or README.md."
        )
        return 0 if accounted and not resent and kept_in_step and sold else 1


def _show_plan(console: Console, plan: int, counts: dict[str, int]) -> None:
    from sqlmodel import col, select

    from models.database import database
    from models.listings import Change

    with database().read() as session:
        changes = session.exec(select(Change).where(Change.plan_id == plan).order_by(col(Change.id)).limit(8)).all()
    table = Table(title=f"Plan {plan}: {counts.get('to create', 0)} listings to create (the first {len(changes)})")
    for heading in ("object", "change", "title", "SKUs", "images", "why"):
        table.add_column(heading, overflow="ellipsis", no_wrap=True)
    for change in changes:
        content = change.after["content"]
        table.add_row(
            change.object,
            change.kind.value,
            content["title"][:40],
            str(len(content["skus"])),
            str(len(content["image_ids"])),
            "; ".join(reason["text"] for reason in change.reasons)[:44],
        )
    console.print(table)


class _progress:  # noqa: N801  # reads as a word in the with statement
    """A bar that follows the changes of a plan while its flow runs in the foreground."""

    def __init__(self, console: Console, connection_id: int, plan: int, total: int) -> None:
        import threading

        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._plan, self._connection_id = plan, connection_id
        self._bar = Progress(
            TextColumn("Sending to TikTok Shop"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._task = self._bar.add_task("send", total=total)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> None:
        self._bar.start()
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._show()
        self._bar.stop()

    def _follow(self) -> None:
        while not self._ended.wait(0.5):
            self._show()

    def _show(self) -> None:
        from sqlmodel import col, func, select

        from models.database import database
        from models.listings import Change, ChangeState

        with database().read() as session:
            done = session.exec(
                select(func.count()).where(
                    Change.plan_id == self._plan,
                    col(Change.state).in_([ChangeState.CONFIRMED, ChangeState.PARKED, ChangeState.SUPERSEDED]),
                )
            ).one()
        self._bar.update(self._task, completed=done)


def _await_audits(connection_id: int, console: Console) -> None:
    """Read statuses until no audit is running, for as long as the sandbox takes at most."""
    from models.listings import ListingStatus
    from tasks.statuses import read_statuses, status_counts

    with console.status("Waiting for TikTok Shop's audit …"):
        deadline = time.monotonic() + 10 * _AUDIT_SECONDS
        while time.monotonic() < deadline:
            read_statuses.fn(connection_id, 0)
            if not status_counts(connection_id)[ListingStatus.PROCESSING]:
                return
            time.sleep(1.0)


def _show_summary(console: Console, connection_id: int, counts: dict[str, int]) -> bool:
    """Where every product stands and why; True when each one is accounted for."""
    from collections import Counter

    from sqlmodel import col, func, select

    from models.catalogue import Product
    from models.database import database
    from models.listings import Assignment, Change, ChangeState, Listing, ListingStatus
    from tasks.statuses import status_counts

    statuses = status_counts(connection_id)
    table = Table(title="Where the catalogue stands on TikTok Shop")
    table.add_column("status")
    table.add_column("products", justify="right")
    for status, number in statuses.items():
        if number or status in (ListingStatus.LIVE, ListingStatus.PROCESSING, ListingStatus.REJECTED):
            table.add_row(status.value.replace("_", " "), str(number))
    console.print(table)
    causes: Counter[tuple[str, str]] = Counter()
    example: dict[tuple[str, str], tuple[str, str]] = {}

    def note(kind: str, code: str, text: str, fix: str) -> None:
        causes[kind, code] += 1
        example.setdefault((kind, code), (text, fix))

    with database().read() as session:
        products = session.exec(
            select(func.count()).select_from(Product).where(Product.connection_id == connection_id)
        ).one()
        for assignment in session.exec(select(Assignment).where(Assignment.connection_id == connection_id)):
            for finding in assignment.findings[:1]:
                note("not ready", finding["code"], finding["text"], finding["fix"])
        for listing in session.exec(select(Listing).where(Listing.connection_id == connection_id)):
            for reason in listing.status_reasons[:1]:
                note("rejected", reason["code"], reason["text"], reason["fix"])
        for change in session.exec(
            select(Change).where(Change.connection_id == connection_id, col(Change.state) == ChangeState.PARKED)
        ):
            note("parked", change.code, change.cause, change.fix)
    why = Table(title="Why, with the first product of each cause, and what to do", show_lines=True)
    for heading in ("status", "products", "cause", "fix"):
        why.add_column(heading, overflow="fold")
    for (kind, code), number in causes.most_common():
        why.add_row(kind, str(number), *example[kind, code])
    console.print(why)
    total = sum(statuses.values())
    console.print(
        f"{products} products: {total} accounted for; "
        f"{counts.get('confirmed', 0)} sent and confirmed, {counts.get('parked', 0)} parked."
    )
    return total == products and not statuses[ListingStatus.NOT_UPLOADED]
