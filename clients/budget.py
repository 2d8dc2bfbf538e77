"""The call budget both clients ask before every call (K10)."""

from __future__ import annotations

from typing import Protocol


class CallBudget(Protocol):
    """Decides when the next call of an endpoint class may be sent.

    One object serves all threads of a process; implementations share their state between processes.
    Nothing else in the code sleeps or counts calls.
    """

    def acquire(self, endpoint_class: str) -> None:
        """Block until a call of this class may be sent."""

    def succeeded(self, endpoint_class: str) -> None:
        """The shop took the call: the rate may grow back slowly."""

    def throttled(self, endpoint_class: str, retry_after: float | None) -> None:
        """The shop refused for too many calls: halve the rate and hold for `retry_after` seconds."""


class Unlimited:
    """No budget at all: for tests and one-off calls."""

    def acquire(self, endpoint_class: str) -> None:
        """Return at once."""

    def succeeded(self, endpoint_class: str) -> None:
        """Nothing to learn."""

    def throttled(self, endpoint_class: str, retry_after: float | None) -> None:
        """Nothing to learn."""
