"""Errors that say everything themselves."""

from __future__ import annotations


class ForPeople(Exception):
    """Says what happened and what to do about it. Where in the code that was noticed would only hide it."""

    @property
    def told(self) -> str:
        """The words for people."""
        return str(self)
