"""What the fork server has loaded before it forks the first run: nothing else imports this module."""

from __future__ import annotations

import gc
import logging
import ssl
from functools import lru_cache
from typing import Any

import httpx
import prefect.engine
import prefect.flow_engine
import prefect.logging.handlers
import prefect.main

import flows
from deployments.engine import end_with_parent
from tasks.runs import OUTCOMES

# First of all: loading takes seconds, and whoever wants it may be gone by then.
end_with_parent()

_make_context = ssl.create_default_context


@lru_cache(maxsize=8)
def _shared_context(cafile: str) -> ssl.SSLContext:
    return _make_context(cafile=cafile)


def _context(purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH, **options: Any) -> ssl.SSLContext:
    """As `ssl.create_default_context`; one for all clients of a run that trust the same file of authorities.

    Reading those takes 35 ms of a core. A run has half a dozen HTTP clients, Prefect's own among them, which make one
    even to speak plain HTTP to this machine.
    """
    if purpose is ssl.Purpose.SERVER_AUTH and options.keys() == {"cafile"} and options["cafile"]:
        return _shared_context(options["cafile"])
    return _make_context(purpose, **options)


ssl.create_default_context = _context
httpx.create_ssl_context()

# One line a run, as Prefect writes its own.
_outcome = logging.StreamHandler()
_outcome.setFormatter(logging.Formatter("%(asctime)s.%(msecs)03d | %(levelname)-7s | %(message)s", "%H:%M:%S"))
logging.getLogger(OUTCOMES).addHandler(_outcome)
logging.getLogger(OUTCOMES).setLevel(logging.INFO)
logging.getLogger(OUTCOMES).propagate = False
# That calls are repeated is their clients' daily work; with CONNECTOR_DEBUG_EXCHANGES the file has them.
logging.getLogger("stamina").setLevel(logging.ERROR)

# What is loaded now stays as it is: pages that the collector does not touch stay shared by all runs.
gc.collect()
gc.freeze()

__all__ = ["flows", "prefect"]
