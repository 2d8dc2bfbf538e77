"""Which deployments there should be, and how: one a flow and connection, typed, on its own schedule, one at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prefect.client.schemas.objects import ConcurrencyLimitStrategy

from deployments.registry import UnknownFlow, WrongParameters, load_flow, validated_parameters
from deployments.schedules import Wanted, build, wanted_deployments
from flows import FLOWS
from models.connections import store_settings
from models.database import Database
from models.settings import ConnectionSettings
from tests.models.rows import NOW, store_connection


def test_every_flow_has_one_deployment_a_connection(sqlite_database: Database) -> None:
    store_connection(sqlite_database, "uk")
    us = store_connection(sqlite_database, "us/2")
    settings = ConnectionSettings()
    settings.schedules.catalog_upload = 900
    settings.schedules.taxonomy_refresh = 0
    with sqlite_database.write() as session:
        store_settings(session, us, settings, note="", now=NOW)
    wanted = set(wanted_deployments())
    assert {one.flow for one in wanted} == set(FLOWS)
    assert len(wanted) == 1 + 2 * (len(FLOWS) - 1)
    assert wanted >= {
        Wanted("apply_plan", "installation", "", 0),
        Wanted("catalog_upload", "uk", "uk", 3600),
        Wanted("catalog_upload", "us-2", "us/2", 900),
        Wanted("taxonomy_refresh", "uk", "uk", 24 * 3600),
        Wanted("taxonomy_refresh", "us-2", "us/2", 0),
        Wanted("price_stock_sync", "uk", "uk", 60),
        Wanted("status_sync", "uk", "uk", 600),
    }


def test_without_connections_only_flows_that_need_none_are_deployed(sqlite_database: Database) -> None:
    assert [one.full_name for one in wanted_deployments()] == ["apply_plan/installation"]


def test_a_deployment_is_typed_scheduled_and_alone() -> None:
    deployment = build(Wanted("catalog_upload", "uk", "uk", 900))
    assert deployment.entrypoint == "flows.catalog_upload.catalog_upload"
    assert deployment.parameters == {"connection": "uk"}
    assert deployment.enforce_parameter_schema
    assert deployment.concurrency_limit == 1
    assert deployment.concurrency_options is not None
    assert deployment.concurrency_options.collision_strategy is ConcurrencyLimitStrategy.CANCEL_NEW
    assert deployment.schedules
    assert deployment.schedules[0].schedule.interval == timedelta(seconds=900)  # type: ignore[union-attr]
    properties = deployment._parameter_openapi_schema.properties
    assert {"connection", "product_ids", "template", "dry_run"} <= set(properties)
    assert properties["dry_run"]["type"] == "boolean"
    assert "secret" not in str(properties).lower()


def test_seconds_0_means_by_hand_only() -> None:
    assert not build(Wanted("catalog_upload", "uk", "uk", 0)).schedules


def test_parameters_become_the_types_a_flow_declares() -> None:
    flow = load_flow("catalog_upload")
    assert validated_parameters(flow, {"product_ids": ["1", 2], "dry_run": "true"}) == {
        "product_ids": [1, 2],
        "dry_run": True,
    }


def test_a_wrong_parameter_is_named_and_its_value_not_repeated() -> None:
    with pytest.raises(WrongParameters) as caught:
        validated_parameters(load_flow("catalog_upload"), {"product_ids": "hunter2", "speed": 1})
    assert "product_ids: " in str(caught.value)
    assert "no parameter speed" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_unknown_flow_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownFlow, match="catalog_upload"):
        load_flow("catalogue_upload")
