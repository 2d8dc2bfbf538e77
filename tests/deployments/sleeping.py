"""A flow for tests of workers: says what it finds, and stays until it is ended."""

from __future__ import annotations

import os
import time
from pathlib import Path

from prefect import flow
from prefect.settings import get_current_settings


@flow(name="sleeping")
def sleeping(told: str, seconds: float = 0.0) -> None:
    """Write process and heartbeat to a file, then sleep."""
    Path(told).write_text(f"{os.getpid()} {get_current_settings().flows.heartbeat_frequency}")
    time.sleep(seconds)
