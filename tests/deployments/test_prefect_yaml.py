"""prefect.yaml says the same as what `connector deploy` registers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.settings import PREFECT_API_URL

from deployments.prefect_yaml import POOL, prefect_yaml
from deployments.registration import register, register_in_pool
from deployments.schedules import ON_DEMAND, Wanted, wanted_deployments
from flows import FLOWS
from models.database import Database
from tests.shared_prefect import give_back

ROOT = Path(__file__).parents[2]


def test_the_file_in_the_repository_is_in_step(sqlite_database: Database) -> None:
    written = (ROOT / "prefect.yaml").read_text()
    assert written == prefect_yaml(wanted_deployments()), f"Write it again: connector deploy --pool {POOL} --yaml …"
    by_hand = [one["entrypoint"].split(".")[-1] for one in yaml.safe_load(written)["deployments"]]
    assert set(by_hand) == set(FLOWS)


@pytest.mark.slow
def test_prefect_itself_makes_the_same_of_it(prefect: None, tmp_path: Path) -> None:
    wanted = [
        Wanted("order_import", "uk", "uk", 120),
        Wanted("catalog_upload", "uk", "uk", 3600, paused=True),
        Wanted("order_import", ON_DEMAND, alone=False),
    ]
    (tmp_path / "prefect.yaml").write_text(prefect_yaml(wanted, "machines"))
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name="machines", type="process"))
        try:
            environment = {**os.environ, "PREFECT_API_URL": PREFECT_API_URL.value(), "PYTHONPATH": str(ROOT)}
            made = subprocess.run(
                [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert made.returncode == 0, made.stdout + made.stderr
            by_prefect = [client.read_deployment_by_name(one.full_name) for one in wanted]
            assert asyncio.run(register_in_pool(wanted, "machines")).written == 0
            asyncio.run(register([], pool="machines"))
            asyncio.run(register_in_pool(wanted, "machines"))
            by_us = [client.read_deployment_by_name(one.full_name) for one in wanted]
        finally:
            give_back("machines")
    for theirs, ours in zip(by_prefect, by_us, strict=True):
        for what in (
            "name",
            "flow_id",
            "version",
            "entrypoint",
            "parameters",
            "enforce_parameter_schema",
            "tags",
            "description",
            "paused",
            "work_pool_name",
            "job_variables",
            "concurrency_options",
        ):
            assert getattr(theirs, what) == getattr(ours, what), (ours.name, what)
        assert theirs.parameter_openapi_schema is not None
        assert ours.parameter_openapi_schema is not None
        assert theirs.parameter_openapi_schema["properties"] == ours.parameter_openapi_schema["properties"]
        assert [one.schedule for one in theirs.schedules] == [one.schedule for one in ours.schedules]
        limits = [one.global_concurrency_limit and one.global_concurrency_limit.limit for one in (theirs, ours)]
        assert limits[0] == limits[1]
