"""What a batch and a run answer: counts, and failures as data. A task raises only when its whole batch cannot go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Self

from pydantic import BaseModel, Field

from clients.errors import ShopError


class Failure(BaseModel):
    """One object that did not get where it should, in the merchant's words."""

    object: str
    code: str
    cause: str
    fix: str = ""
    request_id: str = ""

    @classmethod
    def of(cls, name: str, error: ShopError) -> Self:
        """The failure that an error of a shop is for one object."""
        return cls(object=name, code=error.code, cause=error.cause, fix=error.fix, request_id=error.request_id)


class BatchReport(BaseModel):
    """Counts by name ("planned", "confirmed", …), the failures among them, and what is not ready to be sent (G13)."""

    counts: dict[str, int] = Field(default_factory=dict)
    failures: list[Failure] = Field(default_factory=list)
    not_ready: list[Failure] = Field(default_factory=list)

    def count(self, name: str, by: int = 1) -> None:
        """Add to one of the counts."""
        if by:
            self.counts[name] = self.counts.get(name, 0) + by

    def failed(self, failure: Failure, *, count: str = "parked") -> None:
        """Record a failure, and count it."""
        self.failures.append(failure)
        self.count(count)

    @classmethod
    def total(cls, reports: Iterable[BatchReport]) -> BatchReport:
        """All of them as one."""
        counts: Counter[str] = Counter()
        failures: list[Failure] = []
        not_ready: list[Failure] = []
        for report in reports:
            counts.update(report.counts)
            failures.extend(report.failures)
            not_ready.extend(report.not_ready)
        return cls(counts=dict(counts), failures=failures, not_ready=not_ready)


class RunResult(BaseModel):
    """What a flow returns: the same figures as its artifact."""

    connection: str
    plan: int | None = None
    counts: dict[str, int] = Field(default_factory=dict)
    failures: list[Failure] = Field(default_factory=list)
    not_ready: list[Failure] = Field(default_factory=list)

    @classmethod
    def of(cls, connection: str, plan: int | None, report: BatchReport) -> Self:
        """The result of a run whose batches answered this."""
        return cls(connection=connection, plan=plan, **dict(report))

    @property
    def ok(self) -> bool:
        """Nothing was parked and nothing failed; products that lack something are no failure of the run."""
        return not self.failures
