"""A flow run in a process of its own that costs almost nothing to start: forked from one that has everything loaded.

Importing Prefect and the flows costs three CPU seconds, more than most runs do. A fork server (multiprocessing's own)
imports them once; each run is a fork of it: as isolated as before, killed or crashed alone. docs/decisions/0011-runs.md
has the numbers.
"""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import cast
from uuid import UUID

_PR_SET_PDEATHSIG = 1


def fork_server() -> ForkServerContext:
    """The context whose processes are forks of a server that has the flows loaded; it is started now."""
    # What runs do stands in the UI, a line a step; a terminal or journal gets what they came to.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "WARNING")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["deployments.loaded"])
    # From this thread, which lives as long as what it serves (`end_with_parent`); it loads while others still start.
    forkserver.ensure_running()
    return context


def end_with_parent() -> None:
    """Have this process killed when the thread that started it ends: nothing is to work on unseen.

    Multiprocessing's own fork server would live as long as one of its processes does.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start(context: ForkServerContext, flow_run: UUID, environment: Mapping[str, str]) -> ForkServerProcess:
    """Start a flow run; `environment` is added to that of the fork server."""
    process = context.Process(target=_run, args=(flow_run, dict(environment)), name=f"flow run {flow_run}")
    process.start()
    return process


def _run(flow_run_id: UUID, environment: Mapping[str, str]) -> None:
    """What `python -m prefect.engine` does, in a process that is there already."""
    # A run must not outlive what would report its end: it ends with the fork server, which ends with what started it.
    end_with_parent()
    # Ctrl-C reaches the whole group of the terminal; runs are ended by the runner, which gives them time.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(environment)
    from prefect._internal.control_listener import configure_from_env
    from prefect.context import refresh_global_settings_context
    from prefect.engine import handle_engine_signals
    from prefect.flow_engine import load_flow, load_flow_run, run_flow
    from prefect.logging.loggers import flow_run_logger

    if any(name.startswith("PREFECT_") and not name.startswith("PREFECT__") for name in environment):
        # Settings of a pool or a deployment, which differ from what the fork server read.
        refresh_global_settings_context()
    configure_from_env()
    with handle_engine_signals(flow_run_id):
        flow_run = load_flow_run(flow_run_id=flow_run_id)
        logger = flow_run_logger(flow_run=flow_run)
        try:
            flow = load_flow(flow_run)
        except Exception:
            logger.exception("The flow of this run cannot be loaded")
            raise
        # Its state says how it ended.
        run_flow(flow, flow_run=flow_run, return_type="state", error_logger=cast(logging.Logger, logger))
