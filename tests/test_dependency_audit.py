"""The audit fails for a finding and for nothing that is not one: stand-ins for pip-audit say what it would."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[1] / ".ci" / "audit"


def audit(*tool: str) -> tuple[int, str]:
    """Exit status and text for what the tool does."""
    environment = {**os.environ, "AUDIT_SECONDS": "0.5"}
    ended = subprocess.run([AUDIT, *tool], capture_output=True, text=True, env=environment, timeout=20, check=False)
    return ended.returncode, ended.stdout


def shell(script: str) -> tuple[int, str]:
    """The same for a tool that does this."""
    return audit("sh", "-c", script)


def test_nothing_found_passes() -> None:
    assert shell("echo fine >&2")[0] == 0


def test_a_finding_fails_and_is_shown() -> None:
    status, text = shell("echo 'acme 1.0 CVE-1 1.1'; exit 1")
    assert status == 1
    assert "CVE-1" in text


@pytest.mark.parametrize(
    "script",
    [
        "echo 'requests.exceptions.ConnectionError: no name' >&2; exit 1",
        "echo 'ERROR: Could not connect to the feed' >&2; exit 1",
        "sleep 30",
    ],
    ids=["no network", "blocked", "hangs"],
)
def test_data_out_of_reach_passes_and_says_so(script: str) -> None:
    status, text = shell(script)
    assert status == 0
    assert "NOT DONE" in text


def test_a_missing_tool_passes_and_says_so() -> None:
    status, text = audit("no-such-program-anywhere")
    assert status == 0
    assert "NOT DONE" in text


def test_a_tool_that_fails_otherwise_fails() -> None:
    status, text = shell("echo 'ERROR: invalid requirements' >&2; exit 1")
    assert status == 1
    assert "invalid requirements" in text
