"""A short scenario: a day of a merchant, every SKU compared with the oracle after every step (`make scenario`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.scenario import Scenario
from tests.scenario import LEFT_OUT, days


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "region", "currency"), [(1, "GB", "GBP"), (2, "DE", "EUR")])
def test_no_difference_outlives_the_run_that_should_remove_it(
    prefect: None, tmp_path: Path, seed: int, region: str, currency: str
) -> None:
    scenario = Scenario(seed, days=1, without=LEFT_OUT, sales_known=False)
    with days(tmp_path / "home", products=40, seed=seed, region=region, currency=currency) as played:
        assert played.play(scenario, say=lambda words: None) >= scenario.steps_per_day
