"""What `connector up` and `connector deploy --watch` do when what they look at is away for a moment."""

from __future__ import annotations

import asyncio
import os
import signal
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from deployments import registration, schedules, up
from deployments.registration import Registered, keep_in_pool
from deployments.schedules import Wanted

ORDERS = Wanted("order_import", "uk", "uk", 120)


class World:
    """A database and a Prefect server that fail first."""

    def __init__(self, *answers: Exception | list[Wanted]) -> None:
        self.answers, self.registered, self.said = list(answers), [], []  # type: ignore[var-annotated]
        self.done = asyncio.Event()

    def wanted(self) -> list[Wanted]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def register(self, wanted: list[Wanted], *_: Any, **__: Any) -> Registered:
        self.registered.append(wanted)
        if len(self.registered) == 1:
            raise httpx.ConnectError("refused")
        self.done.set()
        return Registered()

    async def until_registered(self, keeping: Any) -> None:
        task = asyncio.create_task(keeping)
        await asyncio.wait_for(self.done.wait(), 20)
        task.cancel()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(OperationalError("SELECT", {}, Exception("server closed the connection")), [ORDERS])
    for module in (schedules, registration):
        monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0.01)
        monkeypatch.setattr(module, "wanted_deployments", made.wanted)
    monkeypatch.setattr(registration, "register", made.register)
    monkeypatch.setattr(registration, "register_in_pool", made.register)
    return made


def test_up_goes_on_when_the_database_and_prefect_come_back(world: World) -> None:
    runner: Any = SimpleNamespace(serve=None, serve_only=lambda _: None)
    door: Any = SimpleNamespace(address="http://127.0.0.1:4280")
    asyncio.run(world.until_registered(up._keep_in_step(runner, world.said.append, "http://127.0.0.1:4200", door)))
    assert world.registered == [[ORDERS], [ORDERS]]
    assert world.said[:2] == [
        "The database does not answer (OperationalError); going on.",
        "Not all deployments are registered yet (ConnectError); going on.",
    ]


def test_deployments_of_a_pool_follow_when_both_come_back(world: World) -> None:
    asyncio.run(world.until_registered(keep_in_pool("shops", world.said.append)))
    assert world.registered == [[ORDERS], [ORDERS]]
    assert [line.rsplit("(", 1)[-1] for line in world.said[:2]] == [
        "OperationalError); going on.",
        "ConnectError); going on.",
    ]


def test_a_signal_ends_up_whichever_of_its_tasks_it_meets() -> None:
    async def starting() -> None:
        async def one_of_its_tasks() -> None:
            os.kill(os.getpid(), signal.SIGTERM)

        await asyncio.gather(one_of_its_tasks(), return_exceptions=True)
        await asyncio.sleep(20)

    before = {number: signal.signal(number, up._end) for number in up._SIGNALS}
    try:
        with pytest.raises(up._Ended):
            up._run(starting())
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
