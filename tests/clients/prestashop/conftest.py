"""A PrestaShop that answers from the recordings or as told, and a client that talks to it without a network."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import httpx
import pytest
import stamina

from clients.prestashop import PrestaShopClient

DATA = Path(__file__).parents[2] / "data"
KEY = "FAKEKEY0123456789ABCDEFGHIJKLMNO"
PARIS = ZoneInfo("Europe/Paris")

Answering = Callable[[httpx.Request], httpx.Response]


def recording(number: str, version: str = "8.2.1") -> tuple[str, httpx.Response]:
    """The request line's target and the answer of a recorded exchange."""
    suffix = {"8.2.1": "", "9.1.4": "-9"}[version]
    folders = (DATA / f"prestashop-{area}{suffix}" for area in ("recordings", "orders"))
    (file,) = (file for folder in folders for file in folder.glob(f"{number}-*.http"))
    request, answer = file.read_bytes().split(b"=== REQUEST\n", 1)[1].split(b"=== RESPONSE\n", 1)
    head, _, body = answer.partition(b"\n\n")
    status, *lines = head.decode().split("\n")
    headers = [tuple(line.split(": ", 1)) for line in lines if not line.startswith("Transfer-Encoding")]
    response = httpx.Response(int(status.split()[1]), headers=headers, content=body)  # type: ignore[arg-type]
    return request.decode("latin-1").split()[1], response


def query_of(request: httpx.Request) -> dict[str, str]:
    """The query as a server reads it from the raw URL."""
    return dict(parse_qsl(request.url.raw_path.partition(b"?")[2].decode("ascii"), keep_blank_values=True))


class FakeShop:
    """Answers calls in the order told, the last answer again and again, and remembers every request.

    What the client asks about the shop itself (languages, time zone) is answered aside and kept apart in `facts`.
    """

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.facts: list[httpx.Request] = []
        self.languages = [{"id": 1, "active": "1"}]
        self._answers: list[httpx.Response | Exception | Answering] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        if request.method == "GET" and request.url.path.endswith("/languages"):
            self.facts.append(request)
            return self.lists("languages", self.languages)
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(request)
        # A response object can be read once only.
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def answers(self, *answers: httpx.Response | Exception | Answering | str) -> None:
        """Set the answers to come; a text such as "011" or "011 9.1.4" names a recording."""
        self._answers = [recording(*answer.split())[1] if isinstance(answer, str) else answer for answer in answers]

    def lists(self, resource: str, rows: list[dict[str, Any]], **headers: str) -> httpx.Response:
        """A JSON list as the webservice sends it; an empty one is a bare `[]`."""
        body = json.dumps({resource: rows} if rows else []).encode()
        return self.sends(body, "application/json", **headers)

    def sends(self, body: bytes, content_type: str = "text/xml;charset=utf-8", **headers: str) -> httpx.Response:
        """A successful answer of the webservice."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Response(
            200, content=body, headers={"PSWS-Version": "8.2.1", "Content-Type": content_type, **named}
        )

    def refuses(self, status: int, *codes: int) -> httpx.Response:
        """An error answer with these codes, in XML."""
        rows = "".join(f"<error><code><![CDATA[{code}]]></code><message>x</message></error>" for code in codes)
        return httpx.Response(
            status,
            content=f'<?xml version="1.0"?><prestashop><errors>{rows}</errors></prestashop>'.encode(),
            headers={"PSWS-Version": "8.2.1", "Content-Type": "text/xml"},
        )


class Table:
    """A resource that understands filters and limits on the id, for tests of long lists."""

    def __init__(self, shop: FakeShop, resource: str, ids: list[int]) -> None:
        self.shop, self.resource, self.ids = shop, resource, ids
        self.seconds = 3.0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = query_of(request)
        wanted = self.wanted(query)
        if "limit" in query:
            wanted = wanted[: int(query["limit"])]
        fields = query.get("display", "[id]").strip("[]").split(",")
        rows = [{"id": id_, **{field: str(id_) for field in fields if field != "id"}} for id_ in wanted]
        return self.shop.lists(self.resource, rows, Execution_Time=str(self.seconds))

    def wanted(self, query: dict[str, str]) -> list[int]:
        """The ids a request asks for, before its limit."""
        text = query.get("filter[id]", "")
        if found := re.fullmatch(r"\[(\d+),(\d+)\]", text):
            return [id_ for id_ in self.ids if int(found[1]) <= id_ <= int(found[2])]
        if found := re.fullmatch(r">\[(\d+)\]", text):
            return [id_ for id_ in self.ids if id_ > int(found[1])]
        if found := re.fullmatch(r"\[([\d|]+)\]", text):
            listed = set(map(int, found[1].split("|")))
            return [id_ for id_ in self.ids if id_ in listed]
        assert text == ""
        return list(self.ids)


@pytest.fixture
def shop() -> FakeShop:
    """The shop's side."""
    return FakeShop()


@pytest.fixture
def make_client(shop: FakeShop) -> Iterator[Callable[..., PrestaShopClient]]:
    """Builds clients that talk to the fake shop, which is in Paris."""
    with httpx.Client(transport=httpx.MockTransport(shop)) as http:
        yield lambda url="https://shop.example", **options: PrestaShopClient(
            url, KEY, **{"http": http, "timezone": PARIS, **options}
        )


@pytest.fixture
def client(make_client: Callable[..., PrestaShopClient]) -> PrestaShopClient:
    """A client of the fake shop."""
    return make_client()


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


class Reading:
    """What tests read besides: recordings, queries as a server sees them, tables."""

    recording = staticmethod(recording)
    query = staticmethod(query_of)
    table = Table
    data = DATA
    key = KEY


@pytest.fixture
def read() -> Reading:
    """Recordings, queries and tables."""
    return Reading()
