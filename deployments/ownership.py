"""Whose the deployments on a Prefect server are: two who look after them would delete or run each other's."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import VariableCreate, VariableUpdate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterTags,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.exceptions import ObjectAlreadyExists

from config.secret_box import SecretBox, SecretBoxError
from config.settings import settings
from deployments.schedules import TAG
from deployments.server import ServerFailed

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import Variable

MARK: Final = "connector_installation"
"""The Prefect variable that says whose they are: something that only who has the installation's key can read."""


class ServedByWorkers(ServerFailed):
    """The deployments on this Prefect server belong to the workers of a pool."""

    def __init__(self, *pools: str) -> None:
        super().__init__(
            f"The deployments on this Prefect server belong to work pool {', '.join(pools)}, whose workers run them. "
            "To have connector up run them, stop the workers and delete the pool: prefect work-pool delete "
            + " ".join(pools)
        )


class OtherInstallation(ServerFailed):
    """The deployments on this Prefect server are another installation's."""

    def __init__(self) -> None:
        super().__init__(
            "Another installation of the connector has its deployments on this Prefect server: its secret key is not "
            "this one's. Give this one a server of its own (PREFECT_API_URL). If that installation is gone for good: "
            f"prefect variable unset {MARK}"
        )


async def claim(pool: str | None, *, ours_alone: bool = False) -> None:
    """Make sure that nobody else looks after the deployments on this server, before anything is changed there.

    Args:
        pool: a work pool whose workers run them; None for a runner of our own.
        ours_alone: whether the server lives in the home folder of this installation, whatever its key is now.

    Raises:
        OtherInstallation: they are not ours.
        ServedByWorkers: without a pool, while they are in one: both would run what is due.
    """
    box = SecretBox.open(settings())
    async with get_client() as client:
        mark = None if ours_alone else await client.read_variable_by_name(MARK)
        if mark is not None:
            _read(box, mark)
        if pool is None and (pools := await _serving_pools(client)):
            raise ServedByWorkers(*pools)
        if ours_alone:
            return
        # With the first key, so that older ones may go.
        value = box.encrypt("connector")
        if mark is not None:
            await client.update_variable(VariableUpdate(name=MARK, value=value))
            return
        with suppress(ObjectAlreadyExists):
            await client.create_variable(VariableCreate(name=MARK, value=value))
        # Somebody else may have come at the same moment.
        if (mark := await client.read_variable_by_name(MARK)) is not None:
            _read(box, mark)


def _read(box: SecretBox, mark: Variable) -> None:
    try:
        box.decrypt(str(mark.value))
    except SecretBoxError:
        raise OtherInstallation from None


async def _serving_pools(client: PrefectClient) -> list[str]:
    """The pools that have any of our deployments."""
    names = [pool.name for pool in await client.read_work_pools()]
    if not names:
        return []
    found = await client.read_deployments(
        deployment_filter=DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG])),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=names)),
    )
    return sorted({one.work_pool_name for one in found if one.work_pool_name})
