"""Copies of our database, and putting one back: SQLite by its online backup, PostgreSQL by pg_dump and pg_restore.

A copy is consistent while everything runs. It holds buyer data and credentials, both encrypted; the key is not in it.
Putting one back keeps what it replaces: a file beside the database, or a schema of its own in PostgreSQL.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.errors import InsufficientPrivilege, LockNotAvailable
from psycopg.pq import Conninfo
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel, select

import models.tables  # noqa: F401  # makes every table known
from config.logging import redact
from config.secret_box import SecretBox, SecretBoxError
from config.settings import settings
from models.connections import Connection
from models.database import MIGRATIONS, Busy, Database, database

_SQLITE: Final = b"SQLite format 3\x00"
_POSTGRESQL: Final = b"PGDMP"
_VERSIONS: Final = "alembic_version"
# How long PostgreSQL waits for whoever uses our tables.
_PATIENCE: Final = "3s"
_IN_USE: Final = "The database is in use: wait for runs and commands of the connector to end."


class BackupFailed(Exception):
    """A copy cannot be made or put back; the text says why and what to do. The database is as it was."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy: its file, its size in bytes, and the copy of the key file, if there is one."""

    file: Path
    size: int
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back.

    Attributes:
        replaced: where the database before is: a file, or "schema NAME" of the same database; "" if there was none.
        replaced_key: where the key file before is, if it was replaced.
        readable: whether the present key opens the credentials; None without any.
    """

    replaced: str
    replaced_key: Path | None
    readable: bool | None


def key_beside(file: Path) -> Path:
    """Where the key file of a copy is."""
    return file.with_name(f"{file.name}.key")


def back_up(file: Path, *, with_key: bool = False, overwrite: bool = False) -> Backup:
    """Copy the database into a file that only its owner can read.

    Args:
        file: appears when it is complete.
        with_key: copy the key file too, to FILE.key. Whoever has both can read the credentials.
        overwrite: replace a copy that is there already.

    Raises:
        BackupFailed: saying why.
    """
    store, key = database(), settings().key_file
    if with_key and settings().secret_key.get_secret_value():
        raise BackupFailed("The key is in CONNECTOR_SECRET_KEY, not in a file: keep it where you keep other passwords.")
    if with_key and not key.is_file():
        raise BackupFailed(f"There is no key file {key}: nothing was encrypted yet.")
    targets = [file, key_beside(file)] if with_key else [file]
    for target in targets:
        if target.resolve() in (_path_of(store), key.resolve()):
            raise BackupFailed(f"{target} belongs to the installation itself; choose another file.")
        if target.exists() and not overwrite:
            raise BackupFailed(f"{target} is there already; choose another file, or replace it with --overwrite.")
    if not file.parent.is_dir():
        raise BackupFailed(f"There is no folder {file.parent}.")
    with _draft(file) as draft:
        if store.is_sqlite:
            _copy_sqlite(_path_of(store), draft)
        else:
            names = [f"--table=public.{name}" for name in _our_tables()]
            _run(store, ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", *names, f"--file={draft}"])
    if with_key:
        with _draft(key_beside(file)) as draft:
            draft.write_bytes(key.read_bytes())
    return Backup(file, file.stat().st_size, key_beside(file) if with_key else None)


def restore(file: Path, now: datetime, *, with_key: bool = False) -> Restored:
    """Put a copy in the place of the database, and bring its tables to the newest form.

    Args:
        file: what `back_up` wrote.
        now: names what is replaced.
        with_key: put FILE.key in the place of the key file.

    Raises:
        BackupFailed: the file is no such copy or of a newer version, or somebody uses the database. Nothing changed.
        Busy: `connector up` runs.
    """
    store = database()
    _check_kind(store, file)
    if with_key:
        _check_key(key_beside(file))
    _check_version(_version_of(store, file))
    stamp = f"{now:%Y%m%d_%H%M%S}"
    with _nothing_runs(store):
        replaced = _restore_sqlite(store, file, stamp) if store.is_sqlite else _restore_postgresql(store, file, stamp)
        store.upgrade()
        replaced_key = _restore_key(key_beside(file), stamp) if with_key else None
    return Restored(replaced, replaced_key, _readable(store))


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """A file (mode 0600) that takes the target's place when all went well."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(descriptor)
    draft = Path(name)
    try:
        yield draft
        # pg_dump makes the file anew.
        draft.chmod(0o600)
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _nothing_runs(store: Database) -> Iterator[None]:
    with ExitStack() as held:
        try:
            held.enter_context(store.exclusive("up", patience=0))
        except Busy:
            raise Busy("connector up runs for this installation. Stop it before a backup is restored.") from None
        yield


def _path_of(store: Database) -> Path:
    return Path(make_url(store.url).database or "").resolve() if store.is_sqlite else Path()


def _our_tables() -> list[str]:
    return [*SQLModel.metadata.tables, _VERSIONS]


def _check_kind(store: Database, file: Path) -> None:
    try:
        with file.open("rb") as opened:
            head = opened.read(16)
    except OSError as error:
        raise BackupFailed(f"{file} cannot be read: {error.strerror}.") from None
    kinds = {True: ("SQLite", head == _SQLITE), False: ("PostgreSQL", head.startswith(_POSTGRESQL))}
    if kinds[store.is_sqlite][1]:
        return
    if kinds[not store.is_sqlite][1]:
        raise BackupFailed(
            f"{file} is a copy of a {kinds[not store.is_sqlite][0]} database, and this installation is on "
            f"{kinds[store.is_sqlite][0]} (CONNECTOR_DATABASE_URL). A copy goes back to the kind it came from."
        )
    raise BackupFailed(f"{file} is not a file that connector backup wrote.")


def _check_key(file: Path) -> None:
    if settings().secret_key.get_secret_value():
        raise BackupFailed("CONNECTOR_SECRET_KEY is set and goes before any key file; take it away first.")
    try:
        SecretBox(file.read_text(encoding="utf-8").split())
    except OSError:
        raise BackupFailed(f"There is no key file {file}; it is made by: connector backup --with-key") from None
    except (SecretBoxError, UnicodeDecodeError):
        raise BackupFailed(f"{file} is no key file.") from None


def _version_of(store: Database, file: Path) -> str:
    """The schema version of a copy whose contents were checked."""
    if not store.is_sqlite:
        said = _run(store, ["pg_restore", "--data-only", f"--table={_VERSIONS}", "--file=-", str(file)], connects=False)
        found = re.search(r"^COPY \S*alembic_version .*\n(\S+)\n", said, re.MULTILINE)
        return found[1] if found else ""
    try:
        with closing(_open_copy(file)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise BackupFailed(f"{file} is damaged. Use another copy.")
            # Ours has none; one of somebody else would run with everything that is written from now on.
            if connection.execute("SELECT 1 FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchone():
                raise BackupFailed(f"{file} holds triggers or views, which no copy of the connector does.")
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return str(row[0]) if row else ""
    except sqlite3.OperationalError:
        return ""
    except sqlite3.DatabaseError:
        raise BackupFailed(f"{file} is damaged. Use another copy.") from None


def _open_copy(file: Path) -> sqlite3.Connection:
    # A copy is one whole file: "immutable" leaves no other files beside it.
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro&immutable=1", uri=True)


def _check_version(version: str) -> None:
    if not version:
        raise BackupFailed("The file holds no database of the connector.")
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    known = {script.revision for script in ScriptDirectory.from_config(configuration).walk_revisions()}
    if version not in known:
        raise BackupFailed(
            f"The copy was made by a newer version of the connector (tables {version}). Install that version first."
        )


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.is_file():
        raise BackupFailed(f"There is no database {source} yet. Check CONNECTOR_HOME.")
    try:
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, timeout=30)) as present,
            closing(sqlite3.connect(target)) as copy,
        ):
            # In one go: under WAL it reads one state and keeps nobody from writing; in steps it would begin anew with
            # every write.
            present.backup(copy)
            # One whole file, without a write-ahead log beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
            if copy.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise BackupFailed("The database is damaged; the copy was not kept. Restore an earlier one.")
    except sqlite3.DatabaseError as error:
        raise BackupFailed(f"The database cannot be copied: {error}.") from None


def _restore_sqlite(store: Database, file: Path, stamp: str) -> str:
    path = _path_of(store)
    store.dispose()
    _settle_log(path)
    replaced = path.with_name(f"{path.name}.replaced-{stamp}")
    arrived = path.with_name(f"{path.name}.new")
    with (
        _draft(arrived) as draft,
        closing(_open_copy(file)) as copy,
        closing(sqlite3.connect(draft)) as target,
    ):
        copy.backup(target)
    # What is in the log of a damaged database belongs to that one.
    present = [one for one in (path, Path(f"{path}-wal"), Path(f"{path}-shm")) if one.exists()]
    for old in present:
        old.replace(replaced.with_name(replaced.name + old.name.removeprefix(path.name)))
    arrived.replace(path)
    return str(replaced) if present else ""


def _settle_log(path: Path) -> None:
    """Bring the write-ahead log of the database home, which only works while nobody else has it open."""
    if not path.is_file():
        return
    try:
        with closing(sqlite3.connect(path, timeout=1)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise BackupFailed(_IN_USE) from None
    except sqlite3.DatabaseError:
        # A damaged database is a reason to restore one.
        return


def _restore_postgresql(store: Database, file: Path, stamp: str) -> str:
    """The present tables move into a schema of their own, in one transaction; back again if the copy does not fit."""
    schema = f"connector_replaced_{stamp}"
    moved = _move_tables(store, "public", schema)
    try:
        _run(store, ["pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges",
                     f"--dbname={make_url(store.url).database}", str(file)])  # fmt: skip
    except BackupFailed:
        if moved:
            _move_tables(store, schema, "public")
        raise
    return f"schema {schema}" if moved else ""


def _move_tables(store: Database, source: str, target: str) -> int:
    """Move our tables, with their indexes and sequences, from one schema to another; answers how many."""
    names = text("SELECT tablename FROM pg_tables WHERE schemaname = :source AND tablename = ANY(:names)")
    try:
        with store.write() as session:
            connection = session.connection()
            # A run that is at work holds a lock on what it reads and writes.
            connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
            present = connection.execute(names.bindparams(source=source, names=_our_tables())).scalars().all()
            if not present:
                return 0
            if target != "public":
                connection.execute(text(f'CREATE SCHEMA "{target}"'))
            for name in present:
                connection.execute(text(f'ALTER TABLE "{source}"."{name}" SET SCHEMA "{target}"'))
            if source != "public":
                connection.execute(text(f'DROP SCHEMA "{source}"'))
            return len(present)
    except DBAPIError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise BackupFailed(_IN_USE) from None
        if isinstance(error.orig, InsufficientPrivilege):
            raise BackupFailed(
                "The database's user may not make the schema that what is replaced is kept in. Let its owner run: "
                "GRANT CREATE ON DATABASE … TO …"
            ) from None
        raise


def _restore_key(file: Path, stamp: str) -> Path | None:
    key, replaced = settings().key_file, None
    if key.exists():
        if key.read_bytes() == file.read_bytes():
            return None
        replaced = key.with_name(f"{key.name}.replaced-{stamp}")
        with _draft(replaced) as draft:
            draft.write_bytes(key.read_bytes())
    with _draft(key) as draft:
        draft.write_bytes(file.read_bytes())
    return replaced


def _readable(store: Database) -> bool | None:
    with store.read() as session:
        token = session.exec(select(Connection.prestashop_key_secret).limit(1)).first()
    if not token:
        return None
    try:
        SecretBox.open(settings()).decrypt(token)
    except SecretBoxError:
        return False
    return True


def _run(store: Database, command: Sequence[str], *, connects: bool = True) -> str:
    """Run a program of PostgreSQL; the password and where to go stand in its environment, not in the process list."""
    program = shutil.which(command[0])
    if program is None:
        raise BackupFailed(
            f"{command[0]} is not installed here. It comes with PostgreSQL's client programs "
            "(Debian: apt install postgresql-client), in the server's version."
        )
    environment = {**os.environ, **(_connection_variables(store) if connects else {})}
    ended = subprocess.run([program, *command[1:]], capture_output=True, text=True, env=environment, check=False)  # noqa: S603
    if ended.returncode:
        said = next((line for line in ended.stderr.splitlines() if "error:" in line), ended.stderr.strip()[:300])
        raise BackupFailed(f"{command[0]} failed: {redact(said)}")
    return ended.stdout


def _connection_variables(store: Database) -> dict[str, str]:
    """PGHOST, PGPASSWORD, PGSSLMODE, …: what the database's URL says."""
    url = make_url(store.url)
    said: dict[str, Any] = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
        **url.query,
    }
    names = {one.keyword.decode(): one.envvar.decode() for one in Conninfo.get_defaults() if one.envvar}
    return {names[name]: str(value) for name, value in said.items() if value is not None and name in names}
