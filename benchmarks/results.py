"""What a benchmark measures: a figure, what it is held against, and whether the ratio of the two keeps its bound."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table and of `results.json`.

    Attributes:
        name: benchmark and what of it, e.g. "mirror/requests".
        figure: the measured value, in `unit`.
        against: the peer or limit it is held against, with its own value, measured in the same run.
        ratio: the figure as a multiple of that value.
        bound: what the ratio must be, in words; "" when the figure is shown for information.
        met: whether it is.
    """

    name: str
    figure: float
    unit: str
    against: str
    ratio: float
    bound: str
    met: bool


def held_against(
    name: str,
    figure: float,
    unit: str,
    against: str,
    value: float,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> Figure:
    """A figure held against `value` of the same unit; the bounds are bounds of the ratio figure / value."""
    # A limit of nothing at all is kept by nothing at all.
    ratio = figure / value if value else float(figure > 0)
    bounds = [f"at most {at_most:g}"] if at_most is not None else []
    bounds += [f"at least {at_least:g}"] if at_least is not None else []
    met = (at_most is None or ratio <= at_most) and (at_least is None or ratio >= at_least)
    shown = f"{against}: {value:,.4g} {unit}"
    return Figure(name, round(figure, 4), unit, shown, round(ratio, 4), " and ".join(bounds), met)


def failed(name: str, why: str) -> Figure:
    """A benchmark that did not come to its end has not met its bound."""
    return Figure(name, 0.0, "", why, 0.0, "runs to its end", met=False)


def write_results(path: Path, figures: Sequence[Figure]) -> None:
    """The list of figures as JSON."""
    path.write_text(json.dumps([asdict(figure) for figure in figures], indent=2, ensure_ascii=False) + "\n")


def read_results(path: Path) -> list[Figure]:
    """What `write_results` wrote."""
    return [Figure(**record) for record in json.loads(path.read_text())]


Kept = Literal["yes", "NO", ""]


def as_table(figures: Sequence[Figure]) -> Table:
    """The figures for a person."""
    table = Table(title="Benchmarks", title_justify="left")
    for column in ("name", "figure", "against", "ratio", "bound", "met"):
        table.add_column(column, justify="right" if column in {"figure", "ratio"} else "left", overflow="fold")
    for one in figures:
        kept: Kept = ("yes" if one.met else "NO") if one.bound else ""
        table.add_row(one.name, f"{one.figure:,.4g} {one.unit}", one.against, f"{one.ratio:.3g}", one.bound, kept)
    return table
