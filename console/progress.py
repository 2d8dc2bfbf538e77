"""A progress bar for a run in this process, drawn from what the run has stored so far."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlmodel import col, func, select

from console.output import people
from models.database import database
from models.listings import Change, ChangeState, Plan

_OPEN = (ChangeState.PLANNED, ChangeState.SENT)


@contextmanager
def showing_progress(name: str) -> Iterator[None]:
    """Show a bar on stderr while the block runs: changes done of those planned. Silent when nobody looks."""
    console = people()
    if not console.is_terminal:
        yield
        return
    with database().read() as session:
        before = session.exec(select(func.max(Plan.id))).one() or 0
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        shown = progress.add_task(name, total=None)
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(0.5):
                done, total = _changes_since(before)
                if total:
                    progress.update(shown, completed=done, total=total)

        watcher = threading.Thread(target=watch, name="progress", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()


def _changes_since(plan: int) -> tuple[int, int]:
    """How many changes of newer plans are done, and how many there are."""
    with database().read() as session:
        counts = session.exec(
            select(Change.state, func.count()).where(col(Change.plan_id) > plan).group_by(Change.state)
        ).all()
    return sum(count for state, count in counts if state not in _OPEN), sum(count for _, count in counts)
