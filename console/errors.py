"""Expected errors become one message that says what to do, and an exit status; everything else stays a traceback.

Exit status: 0 all done, 1 something parked or failed, 2 wrong use, 3 not authorized or not reachable.
"""

from __future__ import annotations

import sys
from enum import IntEnum
from typing import Any

import typer
from typer.core import TyperGroup

from console.output import say


class Status(IntEnum):
    """What the process ends with."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    NO_ACCESS = 3


class Refused(Exception):
    """A command cannot do what it was asked to; the text says why and what to do."""

    def __init__(self, text: str, status: Status = Status.WRONG_USE) -> None:
        super().__init__(text)
        self.status = status


class Commands(TyperGroup):
    """The top of the command line, where expected errors end."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an expected error ends it with its message and status."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            described = describe(error)
            if described is None:
                raise
            text, status = described
            say(f"Error: {text}")
            raise typer.Exit(status) from None


def describe(error: Exception) -> tuple[str, Status] | None:
    """Message and status of an expected error, None for any other."""
    from sqlalchemy.exc import OperationalError

    from clients.errors import Rejected, ShopError, Uncertain
    from config.logging import redact
    from config.secret_box import SecretBoxError
    from config.settings import SettingsError
    from models.connections import UnknownConnection
    from models.database import Busy
    from rules.market import UnknownRegion
    from tasks.connections import DuplicateConnection

    if isinstance(error, Refused):
        return str(error), error.status
    if isinstance(error, ShopError):
        status = Status.FAILED if isinstance(error, (Rejected, Uncertain)) else Status.NO_ACCESS
        return redact(error.told), status
    if isinstance(error, (SettingsError, SecretBoxError, UnknownConnection, UnknownRegion, DuplicateConnection)):
        return str(error), Status.WRONG_USE
    if isinstance(error, Busy):
        return str(error), Status.FAILED
    if (late := _late(error)) is not None:
        return str(error), late
    if isinstance(error, OperationalError):
        return _database_fault(error), Status.NO_ACCESS
    if isinstance(error, LookupError) and not isinstance(error, (KeyError, IndexError)):
        return str(error), Status.WRONG_USE
    if isinstance(error, OSError) and error.filename:
        return (
            f"{error.filename}: {error.strerror}. Check CONNECTOR_HOME and the rights of that path.",
            Status.WRONG_USE,
        )
    return None


# Errors of modules that take long to import; where a module was not imported, nothing can have raised its errors.
_LATE = {
    ("clients.purses", "PurseUnavailable"): Status.NO_ACCESS,
    ("tasks.inputs", "NotSetUp"): Status.FAILED,
    ("deployments.server", "ServerFailed"): Status.FAILED,
    ("deployments.children", "ChildFailed"): Status.FAILED,
    ("deployments.registry", "UnknownFlow"): Status.WRONG_USE,
    ("deployments.registry", "WrongParameters"): Status.WRONG_USE,
}


def _late(error: Exception) -> Status | None:
    for (module, name), status in _LATE.items():
        if module in sys.modules and isinstance(error, getattr(sys.modules[module], name)):
            return status
    return None


def _database_fault(error: Any) -> str:
    from config.logging import redact

    said = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "no answer"
    return f"The database cannot be used: {redact(said)}. Check CONNECTOR_DATABASE_URL and that the server runs."
