"""No statement is put together from values: they go to the database as parameters."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("config", "models", "clients", "rules", "tasks", "flows", "deployments", "console")
TAKES_SQL = {"text", "exec_driver_sql", "execute", "executemany", "executescript"}
# Names of schemas and tables cannot be parameters: these are our own and a time stamp. A PRAGMA takes none either.
NAMES_ONLY = {
    ("tasks/backup.py", "_move_tables"),
    ("tasks/housekeeping.py", "tidy"),
    ("tasks/housekeeping.py", "value"),
}


def put_together(source: str) -> Iterator[str]:
    """The functions that hand text made at run time to the database."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and node.args:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                made = isinstance(node.args[0], ast.JoinedStr | ast.BinOp) or (
                    isinstance(node.args[0], ast.Call) and getattr(node.args[0].func, "attr", "") == "format"
                )
                if name in TAKES_SQL and made:
                    yield function.name


@pytest.mark.parametrize("room", ROOMS)
def test_statements_are_written_out(room: str) -> None:
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in (ROOT / room).rglob("*.py")
        for name in put_together(path.read_text(encoding="utf-8"))
    }
    assert found <= NAMES_ONLY


@pytest.mark.parametrize("argument", ['f"SELECT {x}"', '"SELECT " + x', '"SELECT %s" % x', '"SELECT {}".format(x)'])
def test_the_check_sees_what_it_looks_for(argument: str) -> None:
    assert list(put_together(f"def f(x): session.execute(text({argument}))")) == ["f"]
