"""How long the seller's consent lasts, and which notice about it is due (A7, K9; tiktok-shop-api.md 1.3, 1.4, 8.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from models.connections import AuthorizationState
from rules.letters import letter

COUNTDOWN: Final = (30, 14, 7, 1)
"""Days before the end of a consent on which it is told, each once."""

NOT_AUTHORIZED: Final = "not_authorized"
KEYS: Final = "authorization:"
"""What the keys of these notices begin with."""

_DAY: Final = timedelta(days=1)
# Ends that are told differently by token and webhook are of one consent; consents last for months.
_SAME_CONSENT: Final = timedelta(days=30)
# An access token is replaced when this share of its life is left.
_SHARE_LEFT: Final = 3
_ACCESS_LIFE: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about an authorization that a person is told once.

    Attributes:
        key: what it is stored under when it was told, such as "authorization:14:2026-12-04".
        title: in a few words.
    """

    key: str
    title: str
    cause: str
    fix: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing runs on a connection; `fix` is a command."""

    code: str
    cause: str
    fix: str


def fix_of(connection: str) -> str:
    """What a person does about an authorization that is missing or ends."""
    name = f'"{connection}"' if " " in connection else connection
    return f"Run: connector connection authorize {name}"


def not_authorized(connection: str, state: AuthorizationState) -> Refusal:
    """Why a connection in that state, without tokens or without a shop, does not run."""
    fix = fix_of(connection)
    match state:
        case AuthorizationState.AUTHORIZED:
            cause = f"Which TikTok shop connection {connection!r} is for was not chosen yet."
            fix = f"{fix} --shop NAME (a name that is none of them lists them all)"
        case AuthorizationState.EXPIRED:
            cause = f"TikTok Shop no longer takes the authorization of connection {connection!r}."
        case AuthorizationState.REVOKED:
            cause = f"The seller withdrew the TikTok Shop authorization of connection {connection!r}."
        case _:
            cause = f"Connection {connection!r} has no TikTok Shop authorization yet."
    return Refusal(NOT_AUTHORIZED, cause, fix)


def consent_until(stored: datetime | None, told: datetime | None, now: datetime) -> datetime | None:
    """When a consent ends, None when nobody knows.

    Args:
        stored: what came with the tokens; a date decades away in some shops.
        told: what TikTok Shop warned of. A warned end that passed without consequence was no end.
        now: the time.
    """
    return min((one for one in (stored, told if told and told > now else None) if one is not None), default=None)


def days_left(state: AuthorizationState, until: datetime | None, now: datetime) -> int | None:
    """Whole days that an authorization still lasts, 0 on its last; None when there is none or its end is not known."""
    if state is not AuthorizationState.AUTHORIZED or until is None:
        return None
    return max(0, (until - now) // _DAY)


def refresh_left(issued: datetime | None, expires: datetime) -> timedelta:
    """With how much of its life left an access token is replaced: a third.

    Args:
        issued: when it was handed out; None counts as the usual seven days.
        expires: when it ends.
    """
    life = expires - issued if issued is not None and issued < expires else _ACCESS_LIFE
    return life / _SHARE_LEFT


def notice_due(
    connection: str, state: AuthorizationState, until: datetime | None, now: datetime, told: Iterable[str]
) -> Notice | None:
    """What has to be told now about an authorization and was not told yet; at most one thing.

    A countdown that was missed is made up for by the step that holds now, not by all that passed.

    Args:
        connection: its name.
        state: as stored.
        until: when the consent ends.
        now: the time.
        told: keys of notices told since the consent was given.
    """
    if state is AuthorizationState.NONE:
        return None
    if state is AuthorizationState.AUTHORIZED:
        if until is None or until - now > COUNTDOWN[0] * _DAY:
            return None
        if until > now:
            step = min(days for days in COUNTDOWN if until - now <= days * _DAY)
            notice = _counted(connection, step, until, now)
        else:
            notice = _ended(connection, state, until, now)
    else:
        notice = _ended(connection, state, until, now)
    return None if any(_is_same(notice.key, key) for key in told) else notice


def _counted(connection: str, step: int, until: datetime, now: datetime) -> Notice:
    left = (until - now) // _DAY
    span = "less than a day" if left == 0 else "1 day" if left == 1 else f"{left} days"
    return Notice(
        f"{KEYS}{step}:{until.astimezone(UTC):%Y-%m-%d}",
        f"the authorization ends in {span}",
        f"The seller's consent ends on {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC, in {span}. "
        "From then on nothing is kept in step: no orders, no stock, no prices.",
        f"{fix_of(connection)}, and approve with the seller account of the shop.",
    )


def _ended(connection: str, state: AuthorizationState, until: datetime | None, now: datetime) -> Notice:
    fix = f"{fix_of(connection)}, and approve with the seller account of the shop. Everything is caught up with then."
    if state is AuthorizationState.REVOKED:
        return Notice(
            f"{KEYS}withdrawn:{now.astimezone(UTC):%Y-%m-%d}",
            "the authorization was withdrawn",
            "The seller withdrew the consent. The connection is stopped: no orders, no stock, no prices.",
            fix,
        )
    if until is not None and until <= now:
        return Notice(
            f"{KEYS}expired:{until.astimezone(UTC):%Y-%m-%d}",
            "the authorization ran out",
            f"The seller's consent ended on {until.astimezone(UTC):%Y-%m-%d}. "
            "The connection is stopped: no orders, no stock, no prices.",
            fix,
        )
    return Notice(
        f"{KEYS}refused:{now.astimezone(UTC):%Y-%m-%d}",
        "the authorization is no longer accepted",
        "TikTok Shop refuses the connector's tokens before their time; the consent was probably withdrawn. "
        "The connection is stopped: no orders, no stock, no prices.",
        fix,
    )


def _is_same(key: str, told: str) -> bool:
    """Whether two keys are of the same step of the same consent; ends told only once have no other consent."""
    name, _, day = key.rpartition(":")
    told_name, _, told_day = told.rpartition(":")
    if name != told_name:
        return False
    if name in (f"{KEYS}withdrawn", f"{KEYS}refused"):
        return True
    return abs(date.fromisoformat(day) - date.fromisoformat(told_day)) < _SAME_CONSENT


def letter_of(connection: str, notice: Notice) -> tuple[str, str, str]:
    """A mail about a notice: subject, plain text, HTML."""
    return letter(f"[TikTok Shop] {connection}: {notice.title}", notice.cause, f"What to do: {notice.fix}")
