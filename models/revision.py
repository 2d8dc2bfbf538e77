"""Which form the tables have, and which one this version needs."""

from __future__ import annotations

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import Session

from models.database import MIGRATIONS


def newest_revision() -> str:
    """The form of the tables that this version works with."""
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(configuration).get_current_head() or ""


def stored_revision(session: Session) -> str:
    """The form the tables have; "" for an empty database."""
    return MigrationContext.configure(session.connection()).get_current_revision() or ""
