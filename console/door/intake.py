"""Messages of TikTok Shop on their way into the table: checked, and stored before they are answered (J2)."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from config.settings import settings
from rules.webhooks import Message, is_genuine, read_message
from tasks.webhooks import Receiver, receivers, store_messages

# Connections and their apps are read again after this time.
_KNOWN_SECONDS: Final = 5.0


class Intake:
    """Takes messages in. What comes while a transaction is under way goes into the next one together.

    Args:
        wake: called after something new was stored.
        clock: the time.
    """

    def __init__(self, wake: Callable[[], None], clock: Callable[[], datetime]) -> None:
        self._wake = wake
        self._clock = clock
        self._receivers: list[Receiver] = []
        self._read_at = float("-inf")
        self._waiting: list[tuple[list[tuple[int, Message]], asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self.counts: Counter[str] = Counter(received=0, repeated=0, ignored=0, refused=0)

    async def take(self, body: bytes, header: str) -> int:
        """Take one message in; answers the HTTP status: 200 stored or of no interest, 400 no message, 401 forged."""
        try:
            message = read_message(body)
        except ValueError:
            self.counts["refused"] += 1
            return 400
        known = await self._known()
        # A shop that is not connected here has no app of its own: any of ours may have signed.
        asked = [one for one in known if one.shop_id == message.shop_id] or known
        apps = {(one.app_key, one.app_secret) for one in asked}
        signers = {key for key, secret in apps if is_genuine(header, key, secret, body)}
        if not signers:
            self.counts["refused"] += 1
            return 401
        meant = _meant(known, message, signers)
        if not meant:
            # Its shop may have been chosen a moment ago.
            self._read_at = float("-inf")
            meant = _meant(await self._known(), message, signers)
        if not meant or self._is_old(message):
            self.counts["ignored"] += 1
            return 200
        await self._store([(connection_id, message) for connection_id in meant])
        return 200

    def _is_old(self, message: Message) -> bool:
        """Older than messages are remembered: it may have been handled already. TikTok Shop gives up within a day."""
        kept = timedelta(days=settings().keep_webhooks_days)
        return bool(message.sent) and message.sent < (self._clock() - kept).timestamp()

    async def _known(self) -> list[Receiver]:
        now = time.monotonic()
        if now - self._read_at > _KNOWN_SECONDS:
            self._receivers = await asyncio.to_thread(receivers)
            self._read_at = now
        return self._receivers

    async def _store(self, rows: list[tuple[int, Message]]) -> None:
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, stored))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await stored

    async def _write(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting, []
            rows = [row for some, _ in together for row in some]
            try:
                new = await asyncio.to_thread(store_messages, rows, self._clock())
            except Exception as error:  # noqa: BLE001  # goes to those who wait for it
                for _, stored in together:
                    if not stored.done():
                        stored.set_exception(error)
                continue
            self.counts["received"] += new
            self.counts["repeated"] += len(rows) - new
            self._wake()
            for _, stored in together:
                if not stored.done():
                    stored.set_result(None)


def _meant(known: list[Receiver], message: Message, signers: set[str]) -> list[int]:
    """The connections that a message is for."""
    return [one.connection_id for one in known if one.shop_id == message.shop_id and one.app_key in signers]
