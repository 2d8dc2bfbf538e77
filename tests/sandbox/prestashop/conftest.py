"""Shops that several tests of the sandbox PrestaShop start from."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.prestashop.world import World


@pytest.fixture
def two_shops() -> Callable[[], World]:
    """The demo shop with a second shop in the same group, open to the full key."""

    def make() -> World:
        world = World.fixtures()
        world.tables["shops"].insert({"name": "Outlet"})
        world.accounts[world.key].shops = frozenset({1, 2})
        return world

    return make
