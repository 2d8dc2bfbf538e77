"""Whatever the connector writes is its owner's alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from console import cli


def test_files_that_a_command_writes_are_for_their_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "export.yaml"
    monkeypatch.setattr(cli, "app", lambda: file.write_text("orders"))
    before = os.umask(0o022)
    try:
        cli.main()
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
