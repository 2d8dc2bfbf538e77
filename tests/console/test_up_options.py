"""`connector up`: what is asked of the sandbox is checked before anything starts."""

from __future__ import annotations

import pytest

from tests.console.conftest import Cli


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--faults", "throttle=0.1"), "Add --sandbox"),
        (("--timing", "measured"), "Add --sandbox"),
        (("--sandbox", "--timing", "slow"), "none or measured"),
        (("--sandbox", "--faults", "nonsense=0.5"), "unknown fault"),
    ],
)
def test_a_wrong_choice_is_said(cli: Cli, words: tuple[str, ...], says: str) -> None:
    ran = cli("up", *words)
    assert ran.status == 2
    assert says in ran.stderr
