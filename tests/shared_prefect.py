"""The Prefect server that all tests of a process share, left as it was found."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound

from deployments.ownership import MARK
from deployments.registration import register


def give_back(*pools: str) -> None:
    """Without deployments, these pools and the mark of the test's installation: the next test has another one."""
    with get_client(sync_client=True) as client:
        for pool in pools:
            with suppress(ObjectNotFound):
                client.delete_work_pool(pool)
    asyncio.run(register([]))
    with get_client(sync_client=True) as client:
        client.delete_variable_by_name(MARK)
