"""The benchmarks' frame: every one can be asked for, and what they measured is written down in one form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.registry import BENCHMARKS, Benchmark
from benchmarks.results import Figure, held_against

RECORD = {"name": str, "figure": float, "unit": str, "against": str, "ratio": float, "bound": str, "met": bool}


def run_with(figures: Sequence[Figure], monkeypatch: pytest.MonkeyPatch, results: Path, *names: str) -> int:
    """Run one benchmark of the name "fake" that measured these figures."""
    monkeypatch.setattr(command, "run_apart", lambda _: list(figures))
    return command.main(names, results=results, benchmarks=[Benchmark("fake", "Is it fast?")])


@pytest.mark.parametrize("benchmark_", BENCHMARKS, ids=lambda one: one.name)
def test_every_benchmark_asks_a_question_and_says_how_it_measures(benchmark_: Benchmark) -> None:
    module = import_module(f"benchmarks.{benchmark_.name}")
    assert benchmark_.question.endswith("?")
    assert len(module.__doc__ or "") > 60
    assert benchmark_.load() is module.run


def test_names_are_unique() -> None:
    names = [one.name for one in BENCHMARKS]
    assert sorted(set(names)) == sorted(names)


def test_results_are_a_list_of_records(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    figures = [held_against("fake/time", 1.1, "s", "a raw fetch", 1.0, at_most=1.2)]
    assert run_with(figures, monkeypatch, tmp_path / "results.json") == 0
    (record,) = json.loads((tmp_path / "results.json").read_text())
    assert {name: type(value) for name, value in record.items()} == RECORD
    assert record == {
        "name": "fake/time",
        "figure": 1.1,
        "unit": "s",
        "against": "a raw fetch: 1 s",
        "ratio": 1.1,
        "bound": "at most 1.2",
        "met": True,
    }


@pytest.mark.parametrize(
    ("figure", "bounds", "met"),
    [
        (45.0, {"at_most": 1.0}, True),
        (46.0, {"at_most": 1.0}, False),
        (40.5, {"at_least": 0.9}, True),
        (40.0, {"at_least": 0.9}, False),
        (0.0, {"at_most": 0.0}, True),
        (1.0, {"at_most": 0.0}, False),
        (99.0, {}, True),
    ],
)
def test_a_bound_is_a_bound_of_the_ratio(figure: float, bounds: dict[str, float], met: bool) -> None:
    assert held_against("fake", figure, "calls", "a limit", 45.0, **bounds).met is met


def test_against_nothing_only_nothing_is_enough() -> None:
    assert held_against("fake", 0, "calls", "none", 0, at_most=0.0).met
    assert not held_against("fake", 2, "calls", "none", 0, at_most=0.0).met


def test_a_bound_that_is_not_met_ends_with_status_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = held_against("fake/a", 1, "s", "a peer", 1, at_most=1.2)
    broken = held_against("fake/b", 2, "s", "a peer", 1, at_most=1.2)
    assert run_with([kept, broken], monkeypatch, tmp_path / "results.json") == 1


def test_an_unknown_name_ends_with_status_2_and_lists_the_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_with([], monkeypatch, tmp_path / "results.json", "nonsense") == 2
    assert "fake" in capsys.readouterr().out
    assert not (tmp_path / "results.json").exists()


def test_a_benchmark_that_breaks_off_has_not_met_its_bound(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    # There is no module of this name, so its process ends with an error.
    missing = Benchmark("missing_module", "Does it run?")
    assert command.main([], results=tmp_path / "results.json", benchmarks=[missing]) == 1
    (record,) = json.loads((tmp_path / "results.json").read_text())
    assert (record["name"], record["met"]) == ("missing_module", False)
    assert "Traceback" in capfd.readouterr().err
