"""What comes in through the door: messages of TikTok Shop (J2), and the keys of cron URLs (D2)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel, UniqueConstraint

from models.columns import Moment, json_field, moment


class Webhook(SQLModel, table=True):
    """A message of TikTok Shop with a right signature: which objects it is about, never what else it says of them."""

    __table_args__ = (
        UniqueConstraint("connection_id", "notification_id"),
        # The few that still have to be acted upon, among all that are kept to know repeats.
        Index(
            "ix_webhook_unhandled",
            "connection_id",
            sqlite_where=text("handled_at IS NULL"),
            postgresql_where=text("handled_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE")
    # TikTok's id of the message; where it has none, a hash of the message.
    notification_id: str = Field(max_length=80)
    # As TikTok numbers them (6.4)
    type: int
    # TikTok's ids of the orders or products.
    objects: list[str] = json_field(list)
    # Status of the order as the message spells it; Unix seconds of the end of an authorization.
    status: str = Field(default="", max_length=60)
    # By TikTok's clock; None when the message does not say.
    sent_at: Moment = moment()
    received_at: datetime = moment(nullable=False, index=True)
    handled_at: Moment = moment()
    # The run that was started for it, or the last of several; "" when none was needed.
    flow_run_id: str = Field(default="", max_length=40)
    attempts: int = 0
    # Not tried again before.
    not_before: Moment = moment()

    @property
    def said_at(self) -> datetime:
        """When TikTok Shop said so, as far as that is known: deliveries are repeated for hours."""
        return self.sent_at or self.received_at

    @property
    def key(self) -> int:
        """The id of a stored message."""
        if self.id is None:
            raise ValueError("this message was not stored yet")
        return self.id


class CronKey(SQLModel, table=True):
    """The key in the cron URLs of a connection, as a token of the secret box."""

    __tablename__ = "cron_key"

    connection_id: int = Field(foreign_key="connection.id", ondelete="CASCADE", primary_key=True)
    key_secret: str
    made_at: datetime = moment(nullable=False)
