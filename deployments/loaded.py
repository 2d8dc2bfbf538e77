"""What the fork server has loaded before it forks the first run: nothing else imports this module."""

from __future__ import annotations

import gc

import prefect.engine
import prefect.flow_engine
import prefect.logging.handlers
import prefect.main

import flows

# What is loaded now stays as it is: pages that the collector does not touch stay shared by all runs.
gc.collect()
gc.freeze()

__all__ = ["flows", "prefect"]
