"""From stored messages to runs: a thread that starts one run for what came in together (J2)."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from models.database import Busy, database, working_on
from models.webhooks import Webhook
from rules.webhooks import FLOWS, Step, expiry, steps
from tasks.shops import utc_now
from tasks.webhooks import connection_name, linked_products, mark_handled, may_start_runs, put_off, unhandled

log = logging.getLogger(__name__)

ON_DEMAND: Final = "on demand"
# Messages come in swarms: what came within this time makes one run.
_TOGETHER_SECONDS: Final = 0.5
# Without a signal: for what waits for a run to end, was put off, or stored by a door that has ended since.
_LOOK_AGAIN_SECONDS: Final = 2.0
# Ids a run is given at once; Prefect takes parameters up to half a megabyte.
_IDS_A_RUN: Final = 200


class StartRun(Protocol):
    """Asks for a run and answers its id (deployments.starting.start_run)."""

    def __call__(self, flow: str, connection: str, parameters: Mapping[str, Any], *, deployment: str) -> str:
        """Raise NotStarted when nobody takes it."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What the drain does things with."""

    start_run: StartRun
    is_at_work: Callable[[str, str], bool]
    deauthorize: Callable[[int, datetime], object]
    note_expiry: Callable[[int, datetime, datetime], object]
    clock: Callable[[], datetime] = utc_now


class Drain:
    """The thread; within `with` it works."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._something = threading.Event()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)

    def __enter__(self) -> Drain:
        """Begin, with what an earlier process left."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End after what is under way; the rest waits in the table for the next start."""
        self._end.set()
        self._something.set()
        self._thread.join(timeout=10)

    def wake(self) -> None:
        """There is something new."""
        self._something.set()

    def _work(self) -> None:
        while not self._end.is_set():
            try:
                drain_once(self._hands)
            except Exception as error:  # noqa: BLE001  # the thread has to outlive whatever a moment brings
                log.error("Messages of TikTok Shop have to wait: %s", type(error).__name__)
                self._end.wait(_LOOK_AGAIN_SECONDS)
            self._something.wait(_LOOK_AGAIN_SECONDS)
            if self._something.is_set():
                self._end.wait(_TOGETHER_SECONDS)
            self._something.clear()


def drain_once(hands: Hands) -> int:
    """Let follow what has to from all messages that wait; answers how many were handled.

    With doors in several processes one drains at a time.
    """
    with suppress(Busy), database().exclusive("webhooks", patience=0):
        waiting: dict[int, list[Webhook]] = defaultdict(list)
        for message in unhandled(hands.clock()):
            waiting[message.connection_id].append(message)
        return sum(_drain_connection(connection_id, messages, hands) for connection_id, messages in waiting.items())
    return 0


def _drain_connection(connection_id: int, messages: Sequence[Webhook], hands: Hands) -> int:
    with working_on(connection_id):
        return _let_follow(connection_id, messages, hands)


def _let_follow(connection_id: int, messages: Sequence[Webhook], hands: Hands) -> int:
    none = frozenset[Step]() if may_start_runs(connection_id) else FLOWS
    due = {message.key: set(steps(message.type, tuple(message.objects), message.status)) - none for message in messages}
    at_work = _at_work(connection_id, {step for some in due.values() for step in some}, hands)
    messages = [message for message in messages if not at_work.intersection(due[message.key])]
    by_step: dict[Step, list[Webhook]] = defaultdict(list)
    for message in messages:
        for step in due[message.key]:
            by_step[step].append(message)
    failed: set[int] = set()
    followed: dict[int, set[Step]] = defaultdict(set)
    runs: dict[int, str] = {}
    # The end of an authorization first: what else there is can only fail after it.
    for step in sorted(by_step, key=lambda step: step is not Step.DEAUTHORIZE):
        part, action = _action(connection_id, step, by_step[step], hands)
        try:
            run = action()
        except Exception as error:  # noqa: BLE001  # whatever it is, the messages wait and others go on
            log.warning("%s for messages of TikTok Shop is tried again: %s", step.value, type(error).__name__)
            failed.update(message.key for message in part)
        else:
            for message in part:
                followed[message.key].add(step)
                runs[message.key] = run
    now = hands.clock()
    done: dict[str, list[int]] = defaultdict(list)
    for message in messages:
        # What is left of more than one run takes waits until that one has ended.
        if followed[message.key].issuperset(due[message.key]):
            done[runs.get(message.key, "")].append(message.key)
    for run, keys in done.items():
        mark_handled(keys, now, flow_run_id=run)
    put_off([message for message in messages if message.key in failed], now)
    return sum(len(keys) for keys in done.values())


def _at_work(connection_id: int, due: Iterable[Step], hands: Hands) -> set[Step]:
    """Steps whose last run has not ended: what came meanwhile makes one run together, as soon as it has.

    A second run would wait for its turn in a place that other connections need.
    """
    name = connection_name(connection_id)
    try:
        return {step for step in due if step in FLOWS and hands.is_at_work(step.value, name)}
    except Exception:  # noqa: BLE001  # whatever it is, starting a run will say it
        return set()


def _action(
    connection_id: int, step: Step, messages: Sequence[Webhook], hands: Hands
) -> tuple[Sequence[Webhook], Callable[[], str]]:
    """What to do for one step now, and the messages it is for; doing it answers the id of its run."""
    said_at = max(message.said_at for message in messages)
    if step is Step.DEAUTHORIZE:
        return messages, lambda: _without_run(hands.deauthorize(connection_id, said_at))
    if step is Step.NOTE_EXPIRY:
        ends = [end for end in (expiry(message.status) for message in messages) if end is not None]
        return messages, lambda: _without_run(hands.note_expiry(connection_id, max(ends), said_at))
    if not all(message.objects for message in messages):
        # One that names no order: the flow finds out itself, among what changed since it last looked.
        return messages, lambda: _start(hands, step, connection_id, {})
    part, ids = _part(messages)
    return part, lambda: _start(hands, step, connection_id, _parameters(step, connection_id, ids))


def _part(messages: Sequence[Webhook]) -> tuple[list[Webhook], list[str]]:
    """The first messages, as many as one run takes, with the ids they are about, each id once."""
    part: list[Webhook] = []
    ids: dict[str, None] = {}
    for message in messages:
        if part and len({*ids, *message.objects}) > _IDS_A_RUN:
            break
        part.append(message)
        ids.update(dict.fromkeys(message.objects))
    return part, list(ids)


def _parameters(step: Step, connection_id: int, ids: Sequence[str]) -> dict[str, Any]:
    if step is Step.ORDERS:
        return {"order_ids": list(ids), "only_due": True}
    if step in (Step.ORDER_STATUSES, Step.CANCELLATIONS):
        return {"order_ids": list(ids)}
    # Of a product that is not linked the flow finds out itself, among what changed since it last looked.
    products = linked_products(connection_id, ids)
    return {} if products is None else {"product_ids": products}


def _start(hands: Hands, step: Step, connection_id: int, parameters: Mapping[str, Any]) -> str:
    return hands.start_run(step.value, connection_name(connection_id), parameters, deployment=ON_DEMAND)


def _without_run(_: object) -> str:
    return ""
