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
    from models.database import database

    set_up_console()
    store = database()
    store.upgrade()
    return store


def set_up_console() -> None:
    """Read the settings and redact whatever is logged; no table is touched.

    Raises:
        SettingsError: a CONNECTOR_ variable cannot be used.
    """
    import logging

    from config.logging import set_up_logging
    from config.settings import settings

    process = settings()
    set_up_logging(process.log_level if process.debug_exchanges else "WARNING", exchanges=process.debug_exchanges)
    for handler in logging.getLogger().handlers:
        # Prefect has handlers of its own; what a run reports reaches people as its result.
        handler.addFilter(lambda record: not record.name.startswith(("prefect", "connector.outcomes")))
