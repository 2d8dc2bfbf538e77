"""The figures in Prometheus' text format (K22)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from tasks.metrics import Figures, Lag

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def exposition(all_figures: Iterable[Figures], counts: Mapping[str, int]) -> bytes:
    """Everything as text.

    Args:
        all_figures: of the connections.
        counts: messages since the door was opened, by what became of them: received, repeated, refused, …
    """
    metrics = _Metrics()
    metrics.of("up", "The door answers.").set(1)
    for outcome, count in counts.items():
        metrics.of("door_webhooks", "Messages since the door opened, by what became of them.", outcome=outcome).set(
            count
        )
    for one in all_figures:
        _add(metrics, one)
    return generate_latest(metrics.collectors)


class _Metrics:
    """Gauges by name, made when they are first needed."""

    def __init__(self) -> None:
        self.collectors = CollectorRegistry()
        self._gauges: dict[str, Gauge] = {}

    def of(self, name: str, text: str, **labels: str) -> Gauge:
        """The gauge of that name with these labels."""
        if name not in self._gauges:
            self._gauges[name] = Gauge(name, text, list(labels), "connector", "", "", self.collectors)
        return self._gauges[name].labels(**labels) if labels else self._gauges[name]


def _add(metrics: _Metrics, one: Figures) -> None:
    name = one.connection
    metrics.of("stopped", "1 while nothing of it runs by itself.", connection=name).set(int(one.stopped))
    metrics.of("authorized", "1 while TikTok Shop lets the connection in.", connection=name).set(int(one.authorized))
    if one.authorization_days is not None:
        metrics.of("authorization_days_left", "Days until a person has to consent again.", connection=name).set(
            one.authorization_days
        )
    _add_lag(metrics, "order_import", "From placed to imported, orders of the last hour", one.orders, connection=name)
    metrics.of(
        "order_import_oldest_seconds",
        "Since the oldest order that waits to be imported was placed; 0 when none does.",
        connection=name,
    ).set(one.waiting_order_seconds)
    for kind, lag in one.changes.items():
        _add_lag(
            metrics, "change", "From noticed to confirmed, changes of the last hour", lag, connection=name, kind=kind
        )
    for (flow, outcome), count in one.runs.items():
        metrics.of(
            "runs_ended",
            "Runs that ended within the last hour: completed, partly (something parked or failed), or failed.",
            connection=name,
            flow=flow,
            outcome=outcome,
        ).set(count)
    metrics.of("touched_products", "Products whose price or stock has to be worked out.", connection=name).set(
        one.touched
    )
    metrics.of("touched_oldest_seconds", "How long the oldest of them waits.", connection=name).set(one.touched_seconds)
    for kind, count in one.backlog.items():
        metrics.of("backlog", "Open changes and orders under way, by kind.", connection=name, kind=kind).set(count)
    for (kind, code), count in one.parked.items():
        metrics.of("parked", "What waits for a person, by kind and cause.", connection=name, kind=kind, code=code).set(
            count
        )
    for (kind, state), count in one.outcomes.items():
        metrics.of(
            "changes_ended", "Changes that ended within the last hour.", connection=name, kind=kind, state=state
        ).set(count)
    for (number, state), count in one.webhooks.items():
        metrics.of(
            "webhooks", "Messages of TikTok Shop that are kept.", connection=name, type=str(number), state=state
        ).set(count)
    for (shop, kind), budget in one.budgets.items():
        labels = {"connection": name, "shop": shop, "class": kind}
        metrics.of("call_budget_rate", "Calls a second that are allowed now.", **labels).set(budget.rate)
        metrics.of("call_budget_used", "Calls a second over the last ten seconds.", **labels).set(budget.used)
        metrics.of("call_budget_held", "1 while the shop refuses calls.", **labels).set(
            int(budget.held_until is not None)
        )


def _add_lag(metrics: _Metrics, name: str, text: str, lag: Lag, **labels: str) -> None:
    metrics.of(f"{name}_count", f"{text}: how many.", **labels).set(lag.count)
    if lag.count:
        for quantile, seconds in (("0.5", lag.p50), ("0.99", lag.p99), ("1", lag.longest)):
            metrics.of(f"{name}_lag_seconds", f"{text}.", **labels, quantile=quantile).set(seconds)
