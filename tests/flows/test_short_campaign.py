"""A short campaign of orders; a long one is `make campaign`."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_short_campaign() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.campaign", "--seed", "5", "--orders", "30", "--deaths", "5"],
        capture_output=True,
        text=True,
        timeout=880,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    assert "made" in run.stdout
