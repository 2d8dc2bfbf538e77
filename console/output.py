"""What commands print: results for machines on stdout with --json, words and tables for people otherwise."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
ConnectionName = Annotated[
    str, typer.Option("--connection", "-c", help="Name of the connection; may be left out when there is only one.")
]

# Rows a table shows to a person; --json always has all of them.
_MOST_ROWS = 60


def people() -> Console:
    """Where words for people go: stderr, so that stdout can be piped."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def say(text: str) -> None:
    """One line for people."""
    people().print(text, markup=False, soft_wrap=True)


def result(data: Any, *, as_json: bool, text: str = "") -> None:
    """A command's result: JSON for machines, or `text` for people."""
    if as_json:
        sys.stdout.write(json.dumps(data, indent=2, default=str, ensure_ascii=False) + "\n")
    elif text:
        say(text)


def table(rows: Sequence[Mapping[str, Any]], columns: Iterable[str], *, as_json: bool, empty: str = "Nothing.") -> None:
    """Rows as a table; as JSON they are printed whole, not only the columns."""
    if as_json:
        result(list(rows), as_json=True)
        return
    if not rows:
        say(empty)
        return
    from rich.table import Table
    from rich.text import Text

    names = list(columns)
    drawn = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        # Numbers to be typed into the next command are never cut.
        longest = max(len(_cell(row.get(name))) for row in rows[:_MOST_ROWS]) if _is_number(name) else 0
        drawn.add_column(name, min_width=max(longest, 1), no_wrap=longest > 0, overflow="fold")
    for row in rows[:_MOST_ROWS]:
        drawn.add_row(*(Text(_cell(row.get(name))) for name in names))
    people().print(drawn)
    if len(rows) > _MOST_ROWS:
        say(f"… and {len(rows) - _MOST_ROWS} more (--json shows all)")


def _is_number(column: str) -> bool:
    return column == "id" or column.endswith("_id") or column.startswith("id_")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_cell(item) for item in value)
    return str(value)
