"""The webservice client of one PrestaShop: 1.7.8, 8 and 9 behave the same through it.

Reads JSON, writes XML. Reads are repeated while that can help; writes never are: one that may have happened raises
`Uncertain`, and the caller looks before it tries again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

import httpx

from clients.budget import CallBudget, Unlimited
from clients.doubt import Doubt
from clients.errors import Rejected
from clients.prestashop import errors
from clients.prestashop.address import shop_url
from clients.prestashop.bodies import Unreadable, xml_root
from clients.prestashop.reading import unreadable
from clients.prestashop.records import Record
from clients.prestashop.status import ShopStatus, api_root, has_patch, missing_rights, shop_infos
from clients.prestashop.transport import Transport
from clients.prestashop.writing import Writes
from clients.receiving import IMAGE_BYTES


def now() -> datetime:
    """The present time."""
    return datetime.now(UTC)


class PrestaShopClient(Writes):
    """One shop's webservice. Thread-safe; keeps one connection pool, so make one per shop and process.

    Args:
        url: the shop's address, with or without `/api`.
        key: webservice key, sent by Basic authentication only and shown nowhere.
        shop_id: of a multistore: the shop every call is about.
        budget: asked before every call, for the classes "read" and "write".
        http: a client to use instead of an own one; it is not closed here.
        timeout: seconds to wait for an answer.
        in_flight: requests at a time, from all threads together. More than two gain nothing (section 11.1).
        timezone: the shop's; read from its settings when not given.
        clock: the present time, aware; for the clock comparison of `check`.
        doubt: that the shop answers at all, cleared up before the first call.

    Raises:
        ConfigurationFault: `url` is not an address.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        shop_id: int | None = None,
        budget: CallBudget = Unlimited(),  # noqa: B008  # has no state
        http: httpx.Client | None = None,
        timeout: float = 60.0,
        in_flight: int = 2,
        timezone: ZoneInfo | None = None,
        clock: Callable[[], datetime] = now,
        doubt: Doubt | None = None,
    ) -> None:
        self._http, self._own_http = http or httpx.Client(), http is None
        transport = Transport(
            shop_url(url),
            key,
            shop_id=shop_id,
            budget=budget,
            http=self._http,
            timeout=timeout,
            in_flight=in_flight,
            clock=clock,
            doubt=doubt,
        )
        super().__init__(transport, timezone=timezone, in_flight=in_flight)

    def __repr__(self) -> str:
        return f"PrestaShopClient({self._transport.url!r}, shop_id={self._transport.shop_id})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back the connections, if they are our own."""
        if self._own_http:
            self._http.close()

    @property
    def version(self) -> str:
        """PrestaShop's version as the last answer gave it, "" before the first."""
        return self._transport.version

    def check(self) -> ShopStatus:
        """Whether the connection works, and what the shop and the key are like.

        Raises:
            AccessDenied: the key is wrong, off, or did not arrive.
            ConfigurationFault: no webservice at the address, a redirect to another one, the webservice switched off,
                a shop that does not exist.
            Unavailable, TimedOut: no answer now.
        """
        # The list of resources is fatal in JSON on PHP 8 (recording 002), so it is read as XML.
        answer = self._repeated(partial(self._transport.exchange, "GET", ""))
        try:
            name, rights = api_root(answer.content)
        except Unreadable as fault:
            raise unreadable("GET", "/", fault) from None
        version = answer.version
        readable = {resource for resource, methods in rights.items() if "GET" in methods}
        urls = self._small_table("shop_urls", readable)
        shops = shop_infos(self._small_table("shops", readable), urls)
        shop_id = self._transport.shop_id or (shops[0].id if shops else 0)
        return ShopStatus(
            version=version,
            name=name,
            url=self._transport.url,
            domain=next((shop.domain for shop in shops if shop.id == shop_id), ""),
            timezone=self.zone().key if "configurations" in readable else "",
            rights=rights,
            patch=has_patch(version) and any("PATCH" in methods for methods in rights.values()),
            missing=missing_rights(rights, version),
            clock_skew=answer.skew,
            shops=shops,
        )

    def required_fields(self, resource: str) -> frozenset[str]:
        """Fields of a resource that must not be empty, those a merchant made obligatory in the back office included.

        From the schema (recordings 063 and 064); what is left out is refused with code 41.
        """
        answer = self._repeated(partial(self._transport.exchange, "GET", resource, {"schema": "synopsis"}))
        try:
            root = xml_root(answer.content)
        except Unreadable as fault:
            raise unreadable("GET", resource, fault) from None
        return frozenset(str(node.tag) for node in root.iter() if node.get("required") == "true")

    def _small_table(self, resource: str, readable: set[str]) -> list[Record]:
        return self.rows(resource) if resource in readable else []

    def images(self, id_product: int) -> list[int]:
        """The ids of a product's images, ascending; none when it has none or does not exist.

        Their order in the shop is that of the product's association `images`.
        """
        path = f"images/products/{int(id_product)}"
        try:
            answer = self._repeated(partial(self._transport.exchange, "GET", path))
            root = xml_root(answer.content)
        except Rejected as fault:
            if fault.code == "http-404":
                return []
            raise
        except Unreadable as fault:
            raise unreadable("GET", path, fault) from None
        return sorted(int(node.get("id", "0")) for node in root.iter("declination"))

    def image(self, id_product: int, id_image: int, image_type: str | None = None) -> bytes:
        """The file of an image: the original, or the size of `image_type` such as "large_default".

        Raises:
            Rejected: no such image ("http-404", "57"), type ("58") or file ("59", "61"), or too large a one.
        """
        path = f"images/products/{int(id_product)}/{int(id_image)}"
        if image_type is not None:
            if not re.fullmatch(r"[\w-]+", image_type, re.ASCII):
                raise ValueError(f"not an image type: {image_type!r}")
            path = f"{path}/{image_type}"
        return self._repeated(partial(self._image, path))

    def _image(self, path: str) -> bytes:
        answer = self._transport.exchange("GET", path, most=IMAGE_BYTES)
        if not answer.content:
            raise errors.truncated("GET", path)
        if not answer.content_type.startswith("image/"):
            raise unreadable("GET", path, Unreadable(page=True))
        return answer.content
