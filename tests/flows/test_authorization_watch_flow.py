"""authorization_watch as a flow, and flows of a connection that is not authorized: they end, they do not crash."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from flows import FLOWS
from flows.authorization_watch import authorization_watch
from flows.catalog_link import catalog_link
from flows.order_import import order_import
from flows.price_stock_sync import price_stock_sync
from flows.status_sync import status_sync
from models.connections import AuthorizationState, Connection
from models.database import database
from models.listings import Plan
from tasks import authorization
from tasks import runs as frame
from tasks.consent import authorize_connection
from tasks.linking import LinkResult
from tests.flows.keeping_step import Listed, expect_in_step, total

pytestmark = pytest.mark.slow


def state(connection_id: int) -> AuthorizationState:
    with database().read() as session:
        return session.get_one(Connection, connection_id).authorization


def test_it_refreshes_ahead_and_shows_the_days_left(listed: Listed, monkeypatch: pytest.MonkeyPatch) -> None:
    tables: dict[str, Any] = {}
    monkeypatch.setattr(frame, "create_table_artifact", lambda **given: tables.update({given["key"]: given["table"]}))
    listed.clock.advance(days=5)
    listed.sandbox.tiktok.calls.clear()
    assert authorization_watch("sandbox", dry_run=True).counts["days left"] in (359, 360)
    assert not listed.sandbox.tiktok.calls
    result = authorization_watch("sandbox")
    assert result.ok
    assert result.counts["tokens refreshed"] == 1
    (row,) = tables["authorization-watch-sandbox-authorization"]
    assert row["state"] == "authorized"
    assert row["days left"] in (359, 360)


def test_a_withdrawn_consent_ends_every_run_at_once_until_the_next_which_catches_up(listed: Listed) -> None:
    sandbox, connection_id = listed.sandbox, listed.connection_id
    sandbox.tiktok.tokens.revoke_all()
    first = status_sync("sandbox", full=True)
    assert [failure.code for failure in first.failures] == ["not_authorized"]
    assert first.failures[0].fix == "Run: connector connection authorize sandbox"
    assert first.plan is not None
    assert state(connection_id) is AuthorizationState.EXPIRED
    assert authorization.deauthorize(connection_id)
    sandbox.tiktok.calls.clear()
    with database().read() as session:
        plans = len(session.exec(select(Plan)).all())
    for flow in (order_import, price_stock_sync, status_sync):
        result = flow("sandbox")
        assert (result.plan, result.counts, result.connection) == (None, {"not authorized": 1}, "sandbox")
    assert isinstance(catalog_link("sandbox"), LinkResult)
    watched = authorization_watch("sandbox")
    assert [failure.code for failure in watched.failures] == ["not_authorized"]
    assert not sandbox.tiktok.calls
    with database().read() as session:
        assert len(session.exec(select(Plan)).all()) == plans + 1

    # Meanwhile the shop goes on.
    sold_out = listed.simple()
    sandbox.prestashop.set_stock(sold_out, 0)
    listed.clock.advance(minutes=30)
    authorize_connection("sandbox", sandbox.auth_code())
    assert authorization_watch("sandbox").ok
    assert status_sync("sandbox").ok
    assert price_stock_sync("sandbox").ok
    assert total(listed.offers(sold_out)[0]) == 0
    expect_in_step(listed)


NEEDED: dict[str, dict[str, Any]] = {
    "apply_plan": {"plan": 1},
    "listing_actions": {"action": "deactivate"},
    "run_watch": {"deployment": "order_import/uk"},
    "order_ship": {"order_id": "577", "tracking": "1Z"},
    "order_cancel": {"order_ids": ["577"], "reason": "sold out"},
    "order_answer": {"request_ids": ["1"], "order_ids": ["577"], "answer": "approve"},
}


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_every_flow_still_has_its_form_and_its_description(name: str) -> None:
    flow = FLOWS[name]
    given = {key: value for key, value in NEEDED.get(name, {}).items() if key in flow.parameters.properties}
    assert set(flow.parameters.required) <= set(given)
    defaults = {key: one["default"] for key, one in flow.parameters.properties.items() if "default" in one}
    assert flow.validate_parameters(defaults | given) is not None
    assert flow.description
