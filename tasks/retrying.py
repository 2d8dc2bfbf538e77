"""How tasks are retried: only when the whole batch could not go on, and only for errors worth repeating.

The clients have retried single calls by then, so these are minutes, not milliseconds.
"""

from __future__ import annotations

from typing import Any, Final, TypedDict

from prefect.tasks import exponential_backoff

from clients.errors import Retryable, Silent
from tasks.silent_shops import note_silence, noticed


def _is_retryable(_task: Any, run: Any, state: Any) -> bool:
    """True for a failure that another try may cure; anything else needs a person or a fix in code."""
    try:
        state.result()
    except Retryable as error:
        note_silence(error, run.flow_run_id)
        return not isinstance(error, Silent) or noticed(error, run.flow_run_id)
    except Exception:  # noqa: BLE001  # whatever else it is, repeating the batch does not help
        return False
    return False


class _Retrying(TypedDict):
    retries: int
    retry_delay_seconds: Any
    retry_jitter_factor: float
    retry_condition_fn: Any


on_retryable: Final[_Retrying] = {
    "retries": 3,
    "retry_delay_seconds": exponential_backoff(backoff_factor=5),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": _is_retryable,
}
