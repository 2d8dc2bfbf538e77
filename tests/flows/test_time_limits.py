"""No run may hang for ever: it would keep the only slot of its deployment."""

from __future__ import annotations

import pytest

from deployments import starting
from flows import FLOWS
from flows.time_limits import HOUR, UPLOAD
from rules import webhooks


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_every_flow_has_a_time_limit(name: str) -> None:
    limit = FLOWS[name].timeout_seconds
    assert limit is not None
    assert HOUR < limit <= UPLOAD


def test_a_run_that_messages_asked_for_is_given_up_after_its_limit_alone() -> None:
    limits = [FLOWS[step.value].timeout_seconds or 0 for step in webhooks.FLOWS]
    assert max(limits) <= starting._LOST.total_seconds()
