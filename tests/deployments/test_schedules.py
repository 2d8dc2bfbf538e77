"""Which deployments there should be: one a scheduled flow and connection, and one of every flow to run by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import settings as process_settings
from deployments.registration import version
from deployments.registry import UnknownFlow, WrongParameters, load_flow, validated_parameters
from deployments.schedules import (
    EVERYWHERE,
    ON_DEMAND,
    Wanted,
    interval_to_keep,
    registered_seconds,
    wanted_deployments,
)
from flows import FLOWS
from models.connections import AuthorizationState, Connection, store_settings
from models.database import Database
from models.settings import ConnectionSettings, ScheduleSettings
from tasks.connection_changes import start_connection, stop_connection
from tests.models.rows import NOW, store_connection


def authorize(database: Database, key: int, state: AuthorizationState, shop: str = "7495") -> None:
    with database.write() as session:
        connection = session.get_one(Connection, key)
        connection.authorization, connection.shop_id = state, shop


def test_every_scheduled_flow_has_one_deployment_a_connection(sqlite_database: Database) -> None:
    uk, us = store_connection(sqlite_database, "uk"), store_connection(sqlite_database, "us/2")
    for key in (uk, us):
        authorize(sqlite_database, key, AuthorizationState.AUTHORIZED)
    settings = ConnectionSettings()
    settings.schedules.catalog_upload = 900
    settings.schedules.taxonomy_refresh = 0
    with sqlite_database.write() as session:
        store_settings(session, us, settings, note="", now=NOW)
    wanted = set(wanted_deployments())
    scheduled = set(ScheduleSettings.model_fields) & set(FLOWS)
    assert {one.flow for one in wanted if one.connection == "uk"} == scheduled
    assert {one.flow for one in wanted if one.name == ON_DEMAND} == set(FLOWS)
    assert wanted >= {
        Wanted("catalog_upload", "uk", "uk", 3600),
        Wanted("catalog_upload", "us-2", "us/2", 900),
        Wanted("taxonomy_refresh", "uk", "uk", 24 * 3600),
        Wanted("taxonomy_refresh", "us-2", "us/2", 0),
        Wanted("apply_plan", ON_DEMAND, alone=False),
    }
    assert not any(one.paused for one in wanted)


def test_nothing_is_due_before_the_authorization_and_while_the_connection_is_stopped(
    sqlite_database: Database,
) -> None:
    key = store_connection(sqlite_database, "uk")
    authorize(sqlite_database, key, AuthorizationState.EXPIRED)
    of_uk = [one for one in wanted_deployments() if one.connection]
    assert {one.flow for one in of_uk if not one.paused} <= {"authorization_watch", "doctor"}
    # A consent for several shops, of which none was chosen yet.
    authorize(sqlite_database, key, AuthorizationState.AUTHORIZED, shop="")
    assert [one for one in wanted_deployments() if one.connection] == of_uk
    authorize(sqlite_database, key, AuthorizationState.AUTHORIZED)
    assert not any(one.paused for one in wanted_deployments())
    stop_connection("uk")
    assert [one for one in wanted_deployments() if one.connection] == of_uk
    start_connection("uk")
    assert not any(one.paused for one in wanted_deployments())


def test_without_connections_only_what_needs_none_is_deployed(sqlite_database: Database) -> None:
    assert {one.name for one in wanted_deployments()} <= {EVERYWHERE, ON_DEMAND}


@pytest.mark.parametrize("seconds", [6 * 3600, 0])
def test_housekeeping_has_a_schedule_of_the_installation(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    assert Wanted("housekeeping", EVERYWHERE, seconds=24 * 3600) in wanted_deployments()
    monkeypatch.setenv("CONNECTOR_HOUSEKEEPING_SECONDS", str(seconds))
    process_settings.cache_clear()
    assert Wanted("housekeeping", EVERYWHERE, seconds=seconds) in wanted_deployments()


def test_a_version_tells_what_was_registered() -> None:
    one = Wanted("catalog_upload", "uk", "uk", 900)
    assert registered_seconds(version(one)) == 900
    assert version(one) == version(Wanted("catalog_upload", "uk", "uk", 900))
    others = [Wanted("catalog_upload", "uk", "uk", 900, paused=True), Wanted("catalog_upload", "uk", "gb", 900)]
    assert len({version(one), *map(version, others)}) == 3
    assert registered_seconds("1.0") is None
    assert registered_seconds(None) is None


seconds = st.integers(0, 100_000)


@given(st.none() | seconds, st.none() | seconds, seconds)
def test_neither_side_overwrites_the_other_silently(registered: int | None, present: int | None, wanted: int) -> None:
    kept = interval_to_keep(registered, present, wanted)
    if registered is None or wanted != registered:
        assert kept == wanted, "a change of the settings takes effect"
    elif present != registered:
        assert kept is None, "a change in the Prefect UI stays"
    else:
        assert kept == present


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
