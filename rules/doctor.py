"""What the doctor says (K19): findings with their fix, and those about the installation itself.

What fails keeps the connector from its work, what warns does not or not always. Facts are those of both shops' APIs as
the clients normalise them (rules.doctor_prestashop, rules.doctor_tiktok), and of this machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Level(StrEnum):
    """How bad a finding is, the worst last."""

    PASS = "pass"  # noqa: S105  # no password
    WARN = "warn"
    FAIL = "fail"


class Area(StrEnum):
    """Where a check looks, in the order of the list."""

    INSTALLATION = "Installation"
    ACCESS = "PrestaShop: access"
    CATALOGUE = "PrestaShop: money and places"
    ORDERS = "PrestaShop: orders"
    TIKTOK = "TikTok Shop"
    MAPPINGS = "Mappings and templates"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: its stable name, the same whatever it finds.
        fix: what to do about it; "" when it passes.
    """

    area: Area
    check: str
    level: Level
    found: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """Makes the findings of one check."""

    area: Area
    check: str

    def passed(self, found: str) -> Finding:
        """Nothing is wrong."""
        return Finding(self.area, self.check, Level.PASS, found)

    def warn(self, found: str, fix: str) -> Finding:
        """Something may go wrong."""
        return Finding(self.area, self.check, Level.WARN, found, fix)

    def fail(self, found: str, fix: str) -> Finding:
        """The connector cannot do its work."""
        return Finding(self.area, self.check, Level.FAIL, found, fix)


# TikTok Shop refuses requests 30 seconds ahead of its clock and 300 behind it (tiktok-shop-api.md 1.6).
_TOLERATED_SKEW: Final = 30.0
_DISK_FAIL, _DISK_WARN = 200 * 2**20, 2 * 2**30


def listed(names: Iterable[str], most: int = 8) -> str:
    """Some names, and how many more there are."""
    all_names = list(names)
    more = f" and {len(all_names) - most} more" if len(all_names) > most else ""
    return ", ".join(all_names[:most]) + more


def judge_database(*, reached: bool, revision: str, newest: str, kind: str) -> Finding:
    """Whether our tables are there and in the newest form; `kind` is "SQLite" or "PostgreSQL"."""
    check = Check(Area.INSTALLATION, "database")
    if not reached:
        return check.fail(
            f"The {kind} database cannot be reached.",
            "Check CONNECTOR_DATABASE_URL (or CONNECTOR_HOME), and that the server runs and the file may be written.",
        )
    if revision != newest:
        return check.fail(
            f"The tables are in form {revision or 'none'}, this version needs {newest}.", "Run: connector db upgrade"
        )
    return check.passed(f"{kind}, tables in form {revision}")


def judge_secret_key(*, present: bool, fault: str, needed: bool) -> Finding:
    """Whether stored credentials can be decrypted; `fault` is the secret box's own sentence, "" for none."""
    check = Check(Area.INSTALLATION, "secret key")
    if fault:
        return check.fail(fault, "Restore the key that the credentials were encrypted with (CONNECTOR_SECRET_KEY).")
    if not present and needed:
        return check.fail(
            "The key that the stored credentials were encrypted with is gone.",
            "Restore secret.key in the home folder, or set CONNECTOR_SECRET_KEY.",
        )
    return check.passed("decrypts the stored credentials" if needed else "nothing is encrypted yet")


def judge_key_file(mode: int | None, path: str) -> Finding:
    """The rights of the key file; None when the key comes from the environment or there is none."""
    check = Check(Area.INSTALLATION, "key file")
    if mode is None:
        return check.passed("not used")
    if mode & 0o077:
        return check.fail(f"The key file can be read by others (rights {mode:04o}).", f"Run: chmod 600 {path}")
    return check.passed(f"rights {mode:04o}")


def judge_disk(free: int) -> Finding:
    """Free bytes where the database and Prefect's files are."""
    check, text = Check(Area.INSTALLATION, "disk"), f"{free / 2**30:.1f} GB free in the home folder"
    if free < _DISK_FAIL:
        return check.fail(f"Only {free // 2**20} MB are free in the home folder.", "Make room on this disk now.")
    if free < _DISK_WARN:
        return check.warn(f"{text}.", "Make room on this disk, or shorten how long history is kept.")
    return check.passed(text)


def judge_prefect(*, url: str, reached: bool) -> Finding:
    """The Prefect server; `url` is "" when none is set and none was started here."""
    check = Check(Area.INSTALLATION, "Prefect server")
    if not url:
        return check.warn("No Prefect server runs: nothing happens on schedule.", "Start it with: connector up")
    if not reached:
        return check.fail(
            "The Prefect server does not answer.", "Start it, or correct PREFECT_API_URL (it ends with /api)."
        )
    return check.passed("answers")


def judge_connections(stopped: Iterable[str]) -> Finding:
    """Whether all connections run by themselves; `stopped` are the names of those that do not."""
    check = Check(Area.INSTALLATION, "connections")
    names = listed(stopped)
    if names:
        return check.warn(f"Stopped, nothing of it runs by itself: {names}.", "Run: connector connection start NAME")
    return check.passed("none is stopped")


def judge_mail(addresses: Mapping[str, str], *, configured: bool, cause: str = "", fix: str = "") -> Finding:
    """The mail server, and whom it is for.

    Args:
        addresses: whom to tell about each connection, by its name; "" for nobody.
        configured: there is a mail server.
        cause: why the login failed, with its fix.
    """
    check = Check(Area.INSTALLATION, "mail")
    if cause:
        return check.fail(cause, fix)
    if any(addresses.values()) and not configured:
        return check.fail(
            "There is an address for mails, but no mail server.",
            "Set CONNECTOR_SMTP_HOST and the other CONNECTOR_SMTP_ variables.",
        )
    untold = [name for name, address in addresses.items() if not address]
    if untold:
        return check.warn(
            f"Nobody is told when the consent of {listed(untold)} ends or runs keep failing: there is no address.",
            "Run: connector connection change NAME --contact-email ADDRESS",
        )
    if configured:
        return check.passed("the mail server takes our login (no mail was sent)")
    return check.passed("no mail server is set, and nobody wants mails")


def judge_answer(area: Area, check: str, cause: str, fix: str) -> Finding:
    """A check that ended with an error of its shop is a finding of its own."""
    return Check(area, check).fail(cause, fix)


def not_looked(area: Area, check: str, because: str) -> Finding:
    """What could not be looked at for a reason that another finding tells."""
    return Check(area, check).warn(f"Not looked at: {because}", "Put that right, then run the doctor again.")


def judge_clock(area: Area, skew: float | None, whose: str) -> Finding:
    """A shop's clock minus ours in seconds; None when it does not say."""
    check = Check(area, "clock")
    if skew is None:
        return check.warn(f"{whose} does not tell its time.", "Compare the clocks by hand; use NTP on this machine.")
    if abs(skew) > _TOLERATED_SKEW:
        return check.fail(
            f"The clocks of {whose} and of this machine differ by {abs(skew):.0f} seconds.",
            "Synchronise this machine (and your shop's server) with a time server (NTP).",
        )
    return check.passed(f"{skew:+.0f} s to ours")
