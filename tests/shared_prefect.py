"""The Prefect server that all tests of a process share, left as it was found."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from unittest.mock import patch

from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from benchmarks.installation import free_port
from deployments.ownership import MARK
from deployments.registration import register


@contextmanager
def prefect_of_tests() -> Iterator[None]:
    """A server for as long as the block lasts; no heartbeat thread, which would cost a second a flow."""
    with (
        # Prefect's own choice is free for anybody until its server listens, seconds later.
        patch("prefect.testing.utilities._find_available_port", free_port),
        prefect_test_harness(server_startup_timeout=240),
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
    ):
        yield


def give_back(*pools: str) -> None:
    """Without deployments, these pools and the mark of the test's installation: the next test has another one."""
    with get_client(sync_client=True) as client:
        for pool in pools:
            with suppress(ObjectNotFound):
                client.delete_work_pool(pool)
    asyncio.run(register([]))
    with get_client(sync_client=True) as client, suppress(ObjectNotFound):
        client.delete_variable_by_name(MARK)
