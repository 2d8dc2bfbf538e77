"""Fixtures: an authorised app before a simulated shop."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.tiktok.seller_app import SellerApp


@pytest.fixture
def app_in() -> Iterator[Callable[..., SellerApp]]:
    """Makes an authorised app in the given market."""
    opened: list[SellerApp] = []

    def make(region: str = "GB", **options: Any) -> SellerApp:
        opened.append(SellerApp(region, **options))
        return opened[-1]

    yield make
    for app in opened:
        app.http.close()


@pytest.fixture
def app(app_in: Callable[..., SellerApp]) -> SellerApp:
    """An authorised app of a British shop."""
    return app_in("GB")
