"""Flows that are asked for and not run: what commands would run, and with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

from deployments.registry import load_flow, validated_parameters
from tasks.report import Failure, RunResult


@dataclass
class FlowRuns:
    """Flows by name with the parameters they were given, in order; the flows themselves accept these parameters."""

    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failing: Mapping[str, Failure] = field(default_factory=dict)

    def __call__(self, name: str, given: dict[str, Any]) -> RunResult:
        validated_parameters(load_flow(name), given)
        self.asked.append((name, given))
        failures = [self.failing[name]] if name in self.failing else []
        return RunResult(connection="main", plan=1, counts={"confirmed": 1}, failures=failures)

    @property
    def last(self) -> tuple[str, dict[str, Any]]:
        """The newest."""
        return self.asked[-1]

    @classmethod
    def instead_of(cls, monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> FlowRuns:
        """In the place of what runs flows for these commands."""
        runs = cls()
        for module in modules:
            monkeypatch.setattr(module, "run_flow", runs)
        return runs
