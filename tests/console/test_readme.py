"""The README says what the code does: every flow with its parameters, and the rights of a webservice key."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from clients.prestashop.status import NEEDED
from flows import FLOWS

README = (Path(__file__).parents[2] / "README.md").read_text()


def table(heading: str) -> dict[str, list[str]]:
    """The rows of a section's table by their first cell."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:3] == "| `"]
    return {row[0].strip("`"): row[1:] for row in rows}


def test_every_flow_stands_in_it_with_its_parameters() -> None:
    written = {name: set(row[0].split(", ")) for name, row in table("Flows").items()}
    assert written == {name: set(inspect.signature(flow.fn).parameters) for name, flow in FLOWS.items()}


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_the_rights_are_those_that_are_needed(method: str) -> None:
    [sentence] = re.findall(r"make a key with (GET on every resource.+?)\.", README, re.DOTALL)
    [names] = re.findall(rf"{method} on\s+(.+?)(?:, and PATCH|$)", sentence, re.DOTALL)
    written = set(re.split(r",\s+|\s+and\s+", names))
    assert written == {resource for resource, methods in NEEDED.items() if method in methods.split()}
