"""Webhook subscriptions of the shop (tiktok-shop-api.md section 6.1). Times are Unix seconds."""

from __future__ import annotations

from clients.tiktok import endpoints
from clients.tiktok.answers import Json
from clients.tiktok.calls import Calls, rows_of
from clients.tiktok.results import Accepted


class WebhookCalls(Calls):
    """Which events the shop tells, and to which address."""

    def webhooks(self) -> list[Json]:
        """The subscriptions of the shop: event_type, address, create_time, update_time."""
        return rows_of(self._call(endpoints.WEBHOOKS), "webhooks")

    def subscribe(self, event_type: str, address: str) -> Accepted:
        """Tell an event to an address from now on; an earlier address of the event is replaced.

        Args:
            event_type: a name of section 6.4, such as ORDER_STATUS_CHANGE.
            address: https, a host name, no port, at most 255 characters.

        Raises:
            Rejected: 11050001, the event or the address is not taken.
        """
        body: Json = {"event_type": event_type, "address": address}
        return Accepted.read(self._call(endpoints.SUBSCRIBE, body=body))

    def unsubscribe(self, event_type: str) -> Accepted:
        """Tell an event no longer; done too when it was not told before."""
        return Accepted.read(self._call(endpoints.UNSUBSCRIBE, body={"event_type": event_type}))
