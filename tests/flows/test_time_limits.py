"""No run may hang for ever: it would keep the only slot of its deployment."""

from __future__ import annotations

import pytest

from flows import FLOWS
from flows.time_limits import HOUR, UPLOAD


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_every_flow_has_a_time_limit(name: str) -> None:
    limit = FLOWS[name].timeout_seconds
    assert limit is not None
    assert HOUR < limit <= UPLOAD
