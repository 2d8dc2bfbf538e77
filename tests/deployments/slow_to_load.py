"""A flow for tests of workers whose runs never come to begin: their process stays with the import."""

from __future__ import annotations

import os
import time
from pathlib import Path

from prefect import flow


@flow(name="sleeping")
def never(told: str, seconds: float = 0.0) -> None:
    """Never called."""


Path(os.environ["TOLD"]).write_text(f"{os.getpid()} never")
time.sleep(300)
