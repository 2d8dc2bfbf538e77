"""Column kinds every table shares."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Enum, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field
from sqlmodel.sql.sqltypes import UTCDateTime

# JSON that PostgreSQL can index; plain JSON text on SQLite.
Json = JSON().with_variant(JSONB(), "postgresql")


def money(**arguments: Any) -> Any:
    """An amount or a rate: 20 digits, 6 of them decimals, as PrestaShop stores prices."""
    return Field(max_digits=20, decimal_places=6, **arguments)


def later(empty: str) -> dict[str, Any]:
    """For a column that came with a later migration: what rows from before it get, in SQL."""
    return {"server_default": text(empty)}


def json_field(default_factory: Any, **arguments: Any) -> Any:
    """A JSON document with a default."""
    return Field(default_factory=default_factory, sa_type=Json, **arguments)


def choice(values: type[StrEnum], **arguments: Any) -> Any:
    """One of an enumeration, stored as its value in a plain text column (no database enum to migrate)."""
    return Field(
        sa_type=Enum(
            values,
            native_enum=False,
            length=20,
            values_callable=lambda members: [str(m.value) for m in members],
        ),
        **arguments,
    )


def moment(**arguments: Any) -> Any:
    """An aware UTC time, or None until it has happened."""
    return Field(default=None, sa_type=UTCDateTime, **arguments)


Texts = dict[str, str]
"""A multi-language text: {PrestaShop language id as text: text}."""

Moment = datetime | None
