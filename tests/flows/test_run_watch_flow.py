"""run_watch as a flow over a real Prefect server: three failures in a row are mailed once, by the automation's call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.client.schemas.objects import State
from prefect.states import Completed, Crashed, Failed

from deployments.registration import register
from deployments.schedules import ON_DEMAND, Wanted
from flows.run_watch import run_watch
from models.connections import Connection
from models.database import Database
from tests.models.rows import make_connection, store_connection
from tests.post_office import Postbox
from tests.shared_prefect import give_back

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("prefect")]

ORDERS = Wanted("order_import", "main", "main", 120)
WATCH = Wanted("run_watch", ON_DEMAND, alone=False)
BY_HAND = Wanted("order_import", ON_DEMAND, alone=False)


@pytest.fixture
def deployed(sqlite_database: Database) -> Iterator[None]:
    connection_id = store_connection(sqlite_database)
    with sqlite_database.write() as session:
        session.get_one(Connection, connection_id).contact_email = "shop@example.org"
    asyncio.run(register([ORDERS, WATCH]))
    yield
    give_back()


def ended(*states: State[None], of: str = ORDERS.full_name, connection: str = "main") -> None:
    """Runs of the import that were due a minute apart and ended like that."""

    async def run() -> None:
        async with get_client() as client:
            deployment = await client.read_deployment_by_name(of)
            for state in states:
                made = await client.create_flow_run_from_deployment(
                    deployment.id, parameters={"connection": connection}
                )
                await client.set_flow_run_state(made.id, state, force=True)

    asyncio.run(run())


def watch_runs() -> list[dict[str, object]]:
    """Parameters of the runs that the automation asked for."""
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(
            deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[ON_DEMAND])),
        )
    return [run.parameters for run in runs]


def test_three_in_a_row_are_mailed_once(deployed: None, postbox: Postbox) -> None:
    ended(Failed(message="The shop is closed."), Completed(), Failed(message="one"), Crashed(message="two"))
    assert run_watch(ORDERS.full_name).counts == {"failed in a row": 2}
    ended(Failed(message="The shop is closed."))
    assert run_watch(ORDERS.full_name, dry_run=True).counts == {"failed in a row": 3, "to be told": 1}
    assert run_watch(ORDERS.full_name).counts == {"failed in a row": 3, "told": 1}
    assert run_watch(ORDERS.full_name).counts == {"failed in a row": 3}
    (mail,) = postbox.mails
    assert mail["To"] == "shop@example.org"
    assert mail["Subject"] == "[TikTok Shop] order_import/main failed 3 times in a row"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "The shop is closed." in text.get_content()


def test_runs_on_demand_are_told_to_the_connection_they_were_for(
    deployed: None, postbox: Postbox, sqlite_database: Database
) -> None:
    with sqlite_database.write() as session:
        other = make_connection("other")
        other.contact_email = "other@example.org"
        session.add(other)
    asyncio.run(register([ORDERS, WATCH, BY_HAND]))
    failed: State[None] = Failed(message="The shop is closed.")
    for connection, state in (("main", failed), ("other", failed), ("main", failed), ("other", Completed())) * 2:
        ended(state, of=BY_HAND.full_name, connection=connection)
    assert run_watch(BY_HAND.full_name).counts == {"failed in a row": 4, "told": 1}
    (mail,) = postbox.mails
    assert mail["To"] == "shop@example.org"
    assert mail["Subject"] == "[TikTok Shop] order_import/on demand for main failed 4 times in a row"


def test_a_mail_that_is_not_taken_is_tried_again(deployed: None, postbox: Postbox) -> None:
    ended(*[Failed(message="one")] * 3)
    postbox.data_answer = "451 Later"
    assert run_watch(ORDERS.full_name).counts == {"failed in a row": 3, "mails failed": 1}
    postbox.data_answer = "250 OK"
    assert run_watch(ORDERS.full_name).counts == {"failed in a row": 3, "told": 1}


def test_an_unknown_deployment_is_said(deployed: None) -> None:
    with pytest.raises(LookupError, match="has no deployment 'order_import/nobody'"):
        run_watch("order_import/nobody")


def test_the_automation_calls_it_after_three_failures(deployed: None) -> None:
    now = datetime.now(UTC)
    ended(Failed(message=str(now)), Failed(name="TimedOut"), Crashed(message=str(now)))
    deadline = now + timedelta(seconds=240)
    # One for a deployment of an earlier test may still come.
    while not (calls := [one for one in watch_runs() if one == {"deployment": ORDERS.full_name}]):
        assert datetime.now(UTC) < deadline
        time.sleep(0.5)
    assert len(calls) == 1
