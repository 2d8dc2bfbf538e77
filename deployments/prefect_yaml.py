"""The same deployments as Prefect's own `prefect deploy` takes them: prefect.yaml, written from what is registered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import prefect
import yaml

from deployments.registration import ALONE, entrypoint, job_variables, parameters, schedules, tags, version
from deployments.registry import load_flow
from deployments.schedules import Wanted

POOL = "shops"

_HEAD = """\
# The deployments of the connector for `prefect deploy --all`. Written by `connector deploy --yaml`, checked by a test:
# change deployments/schedules.py or a connection's settings and write it again. The file in the repository is that of
# an installation without connections; with some, `connector deploy` registers theirs and needs no file.
"""


def prefect_yaml(wanted: Sequence[Wanted], pool: str = POOL) -> str:
    """The text of a prefect.yaml that registers these in a work pool."""
    document = {
        "name": "connector",
        "prefect-version": prefect.__version__,
        # The code is installed where the workers are: nothing is built, pushed or pulled.
        "build": [],
        "push": [],
        "pull": [],
        "deployments": [_deployment(want, pool) for want in wanted],
    }
    return _HEAD + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def _deployment(want: Wanted, pool: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": want.name,
        "version": version(want),
        "entrypoint": entrypoint(load_flow(want.flow)),
        "parameters": parameters(want),
        "tags": tags(want),
        "enforce_parameter_schema": True,
        "work_pool": {"name": pool, "job_variables": job_variables(pool)},
    }
    if want.alone:
        found["concurrency_limit"] = {"limit": 1, "collision_strategy": ALONE.collision_strategy.value}
    if want.seconds:
        found["schedules"] = [
            {"interval": int(schedule.interval.total_seconds()), "anchor_date": schedule.anchor_date.isoformat()}
            for schedule in schedules(want, want.seconds)
        ]
    if want.paused:
        found["paused"] = True
    return found
