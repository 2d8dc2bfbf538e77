"""Opening the installation a command works on: settings read, logging redacted, tables up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.database import Database


def open_installation() -> Database:
    """The database of this installation, migrated.

    Raises:
        SettingsError: a CONNECTOR_ variable cannot be used.
    """
    from config.logging import set_up_logging
    from config.settings import settings
    from models.database import database

    process = settings()
    set_up_logging(process.log_level if process.debug_exchanges else "WARNING", exchanges=process.debug_exchanges)
    store = database()
    store.upgrade()
    return store
