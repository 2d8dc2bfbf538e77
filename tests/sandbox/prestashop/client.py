"""A synchronous HTTP client onto the sandbox application, without sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from sandbox.prestashop.app import Faults, prestashop_app
from sandbox.prestashop.world import World


class _InProcess(httpx.BaseTransport):
    def __init__(self, world: World, faults: Faults | None) -> None:
        self._transport = httpx.ASGITransport(prestashop_app(world, faults=faults))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def exchange() -> httpx.Response:
            answer = await self._transport.handle_async_request(
                httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
            )
            return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

        return asyncio.run(exchange())


def client_of(world: World, *, auth: str | None = "full", faults: Faults | None = None) -> httpx.Client:
    """A client of that world: with the full key, with another key, or with none."""
    key = world.key if auth == "full" else auth
    return httpx.Client(
        transport=_InProcess(world, faults), base_url=world.base_url, auth=None if key is None else (key, "")
    )


class Api:
    """Short forms for tests: paths below /api, JSON or XML."""

    def __init__(self, world: World, *, auth: str | None = "full", faults: Faults | None = None) -> None:
        self.world = world
        self.client = client_of(world, auth=auth, faults=faults)

    def get(self, path: str, headers: Mapping[str, str] | None = None, **params: Any) -> httpx.Response:
        return self.client.get(f"/api/{path}", params=params or None, headers=headers)

    def json(self, path: str, **params: Any) -> Any:
        answer = self.get(path, **params, output_format="JSON")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ids(self, resource: str, **params: Any) -> list[int]:
        listed = self.json(resource, **params)
        return [row["id"] for row in listed[resource]] if listed else []

    def send(self, method: str, path: str, xml: str, **params: Any) -> httpx.Response:
        body = f"<prestashop>{xml}</prestashop>"
        return self.client.request(method, f"/api/{path}", content=body.encode(), params=params or None)

    def code(self, answer: httpx.Response) -> tuple[int, int]:
        """(status, first error code) of an XML error answer."""
        start = answer.text.index("<code><![CDATA[") + len("<code><![CDATA[")
        return answer.status_code, int(answer.text[start : answer.text.index("]", start)])
