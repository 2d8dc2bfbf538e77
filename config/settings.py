"""Process settings: read once from the environment (prefix CONNECTOR_) and `.env`, never from the database.

What belongs to one PrestaShop ↔ TikTok Shop pair is a connection's own settings (models/settings.py).
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from config.errors import ForPeople

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in LOOPBACK


def make_private(folder: Path) -> None:
    """Make a folder that only its owner can look into; one that is there stays as somebody set it up."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


class SettingsError(ForPeople):
    """A process setting has a value that cannot be used. The text names the variable and says what to write."""


class Settings(BaseSettings):
    """Everything a process of the connector needs to know before it can open its database."""

    model_config = SettingsConfigDict(
        env_prefix="CONNECTOR_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    home: Path = Field(
        default=Path(".connector"),
        description="Folder for the database, the key file, the call budget and Prefect's own files.",
    )
    database_url: str = Field(
        default="",
        description="SQLAlchemy URL of our tables; empty means SQLite in the home folder. "
        "PostgreSQL: postgresql+psycopg://user:password@host/database",
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="Key that encrypts credentials in the database. Several, separated by commas, "
        "to rotate: the first encrypts, all of them decrypt. Empty: the key file in the home folder.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    debug_exchanges: bool = Field(
        default=False, description="Log every API exchange, with secrets and personal data redacted (A6)."
    )
    prefect_port: int = Field(default=4200, ge=1, le=65535, description="Port of `connector up`'s Prefect UI.")
    prefect_host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address `connector up`'s Prefect server listens on. Beyond this machine it needs a login.",
    )
    prefect_login: SecretStr = Field(
        default=SecretStr(""),
        description='"user:password" that the Prefect UI and API ask for, with every Prefect process of ours.',
    )
    door_host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address the door listens on. Beyond this machine it needs a token.",
    )
    door_port: int = Field(default=4280, ge=1, le=65535, description="Port of the door.")
    door_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="The door's address as the internet sees it, https://…; for redirect, webhook and cron links.",
    )
    door_token: SecretStr = Field(
        default=SecretStr(""), description="What the door's pages for operators ask for: Bearer, or password."
    )
    tiktok_reads_per_second: float = Field(default=10.0, gt=0, le=1000)
    tiktok_writes_per_second: float = Field(default=3.0, gt=0, le=1000)
    prestashop_calls_per_second: float = Field(default=50.0, gt=0, le=1000)
    smtp_host: str = Field(default="", description="Server that mails about failed orders are handed to (C1).")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="587 for starttls, 465 for tls, 25 for none.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="Encryption of the way to the server; its certificate is checked."
    )
    smtp_user: str = Field(default="", description="Empty: the server takes mail without a login.")
    smtp_password: SecretStr = SecretStr("")
    smtp_from: str = Field(default="", description="Sender of the mails; empty: the user, if that is an address.")
    smtp_timeout: float = Field(
        default=20.0, gt=0, le=300, description="Seconds to wait for each answer of the server."
    )

    housekeeping_seconds: int = Field(
        default=24 * 3600, ge=0, description="Between runs of housekeeping, which belongs to no connection; 0 for none."
    )
    keep_runs_days: int = Field(
        default=30, ge=1, le=3650, description="Finished runs and their logs in Prefect, deleted by housekeeping later."
    )
    keep_changes_days: int = Field(
        default=180, ge=1, le=3650, description="What was changed, and what happened to finished orders."
    )
    keep_webhooks_days: int = Field(default=14, ge=1, le=3650, description="Messages of TikTok Shop, to know repeats.")
    keep_plans_days: int = Field(default=1, ge=1, le=3650, description="Records of runs that had nothing to change.")

    @field_validator("home")
    @classmethod
    def _absolute_home(cls, home: Path) -> Path:
        return home.expanduser().resolve()

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if not url:
            return url
        if url.startswith("postgres://"):
            url = "postgresql://" + url.removeprefix("postgres://")
        if url.startswith("postgresql://"):
            url = "postgresql+psycopg://" + url.removeprefix("postgresql://")
        try:
            backend = make_url(url).get_backend_name()
        except ArgumentError:
            raise ValueError("is not a database URL; write sqlite:///path or postgresql://…") from None
        if backend not in ("sqlite", "postgresql"):
            raise ValueError("must be a SQLite or PostgreSQL URL")
        return url

    @field_validator("prefect_login")
    @classmethod
    def _user_and_password(cls, login: SecretStr) -> SecretStr:
        user, colon, password = login.get_secret_value().partition(":")
        if login.get_secret_value() and not (user and colon and password):
            raise ValueError("must be user:password")
        return login

    @model_validator(mode="after")
    def _nothing_open_to_others(self) -> Self:
        if not is_loopback(self.prefect_host) and not self.prefect_login.get_secret_value():
            raise ValueError(
                "CONNECTOR_PREFECT_HOST lets others reach the Prefect server; set CONNECTOR_PREFECT_LOGIN=user:password"
            )
        return self

    @property
    def database(self) -> str:
        """The URL of our tables, never empty."""
        return self.database_url or f"sqlite:///{self.home / 'connector.db'}"

    @property
    def key_file(self) -> Path:
        """Where the encryption key lives when it is not in the environment."""
        return self.home / "secret.key"

    @property
    def budget_file(self) -> Path:
        """State of the call budgets, shared by all processes of the installation."""
        return self.home / "budget.db"


def read_settings() -> Settings:
    """Read the settings, turning every unusable value into one sentence per variable.

    Raises:
        SettingsError: naming the variable, what was wrong with it and never its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_input=False, include_url=False):
            name = "CONNECTOR_" + "_".join(str(part) for part in fault["loc"]).upper() + " " if fault["loc"] else ""
            faults.append(f"{name}{fault['msg'].removeprefix('Value error, ')}")
        raise SettingsError("; ".join(faults)) from None


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read at first use."""
    return read_settings()
