"""An app that signs its calls by hand, in process: what the tests of the simulated TikTok Shop talk through."""

import asyncio
import hashlib
import hmac
import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from starlette.applications import Starlette

from sandbox.faults import Faults
from sandbox.tiktok.app import tiktok_app
from sandbox.tiktok.world import TikTokWorld

EXAMPLES = Path(__file__).parents[2] / "data" / "tiktok-shop-examples"
WAREHOUSE = "7400000000000000011"


def example(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return content


def picture(width: int = 600, height: int = 600, form: str = "PNG") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(content, form)
    return content.getvalue()


class InProcess(httpx.BaseTransport):
    """Runs the ASGI app for a synchronous client."""

    def __init__(self, app: Starlette) -> None:
        self._transport = httpx.ASGITransport(app, client=("192.0.2.10", 4000))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def answer() -> tuple[httpx.Response, bytes]:
            response = await self._transport.handle_async_request(request)
            return response, await response.aread()

        response, content = asyncio.run(answer())
        return httpx.Response(response.status_code, headers=response.headers, content=content)


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime(2026, 9, 22, 10, 15, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **spent: float) -> None:
        self.now += timedelta(**spent)


class SellerApp:
    """One market's simulator with an authorised app in front of it."""

    def __init__(self, region: str = "GB", **options: Any) -> None:
        self.clock = Clock()
        self.faults = Faults()
        self.world = TikTokWorld(region, 7, clock=self.clock, **options)
        self.http = httpx.Client(
            transport=InProcess(tiktok_app(self.world, faults=self.faults)), base_url="http://tiktok.test"
        )
        self.token = self.exchange(self.world.auth_code()).json()["data"]["access_token"]
        self._key = 0

    def exchange(self, code: str, grant_type: str = "authorized_code") -> httpx.Response:
        return self._token_call("get", auth_code=code, grant_type=grant_type)

    def refresh(self, refresh_token: str) -> httpx.Response:
        return self._token_call("refresh", refresh_token=refresh_token, grant_type="refresh_token")

    def _token_call(self, action: str, **query: str) -> httpx.Response:
        query |= {"app_key": self.world.app_key, "app_secret": self.world.app_secret}
        return self.http.get(f"/api/v2/token/{action}", params=query)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        cipher: bool | str = True,
        query: list[tuple[str, str]] | None = None,
        changes: dict[str, str | None] | None = None,
        files: Any = None,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """A signed request. `changes` alters query parameters after signing; None takes one away."""
        pairs = [*(query or []), ("app_key", self.world.app_key), ("timestamp", str(int(self.clock().timestamp())))]
        if cipher:
            pairs.append(("shop_cipher", self.world.shop_cipher if cipher is True else cipher))
        raw = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        text = path + "".join(key + value for key, value in sorted(pairs, key=lambda pair: pair[0]))
        secret = self.world.app_secret
        message = secret.encode() + text.encode() + raw + secret.encode()
        pairs.append(("sign", hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()))
        for key, value in (changes or {}).items():
            pairs = [pair for pair in pairs if pair[0] != key]
            if value is not None:
                pairs.append((key, value))
        sent = {"x-tts-access-token": self.token, **(headers or {})}
        if body is not None:
            sent.setdefault("content-type", "application/json")
        return self.http.request(
            method, path, params=tuple(pairs), content=raw or None, files=files, data=form, headers=sent
        )

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        """The envelope of a signed request."""
        envelope: dict[str, Any] = self.send(method, path, body, **options).json()
        return envelope

    def data(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        envelope = self.ask(method, path, body, **options)
        assert envelope["code"] == 0, envelope
        return envelope["data"]

    def upload(self, content: bytes, use_case: str = "MAIN_IMAGE") -> dict[str, Any]:
        return self.ask(
            "POST",
            "/product/202309/images/upload",
            cipher=False,
            files={"data": ("image.png", content, "image/png")},
            form={"use_case": use_case},
        )

    def image(self, width: int = 600, height: int = 600, use_case: str = "MAIN_IMAGE") -> str:
        """The uri of an uploaded image."""
        return str(self.upload(picture(width, height), use_case)["data"]["uri"])

    def file(self, name: str = "certificate.pdf", content: bytes = b"%PDF-1.7 test") -> dict[str, Any]:
        return self.ask(
            "POST",
            "/product/202309/files/upload",
            cipher=False,
            files={"data": (name, content, "application/pdf")},
            form={"name": name},
        )

    def sku(self, number: int = 1, **changes: Any) -> dict[str, Any]:
        market = self.world.shop.market
        return {
            "seller_sku": f"MUG-{number:04d}",
            "external_sku_id": f"ps-1:42:{number}",
            "price": {"amount": "2490" if market.decimals == 0 else "24.90", "currency": market.currency},
            "inventory": [{"warehouse_id": WAREHOUSE, "quantity": 12}],
            **changes,
        }

    def body(self, **changes: Any) -> dict[str, Any]:
        """A body that create accepts in this market; a change to None leaves the field out."""
        shop = self.world.shop
        body: dict[str, Any] = {
            "title": "Handmade stoneware mug, 325 ml",
            "description": "<p>Thrown and glazed by hand.</p>",
            "category_id": "853000",
            "category_version": shop.category_versions[0],
            "skus": [self.sku()],
            "product_attributes": [{"id": "100398", "values": [{"id": "1000401"}]}],
            "package_weight": {"value": "0.6", "unit": "KILOGRAM"},
            "package_dimensions": {"length": "15", "width": "12", "height": "12", "unit": "CENTIMETER"},
        }
        if shop.market.is_eu:
            body["manufacturer_ids"] = ["7173000000000000001"]
            body["responsible_person_ids"] = ["7174000000000000001"]
        if "main_images" not in changes:
            body["main_images"] = [{"uri": self.image()}]
        return {key: value for key, value in {**body, **changes}.items() if value is not None}

    def create(self, **changes: Any) -> dict[str, Any]:
        """The `data` of a product created."""
        created: dict[str, Any] = self.data("POST", "/product/202309/products", self.body(**changes))
        return created

    def refusal(self, **changes: Any) -> int:
        """The code with which create answers, also given by listing_check."""
        body = self.body(**changes)
        code = int(self.ask("POST", "/product/202309/products", body)["code"])
        checked = self.data("POST", "/product/202309/products/listing_check", body)
        assert checked["check_result"] == ("FAILED" if code else "PASS")
        assert not code or checked["fail_reasons"][0]["code"] == code
        return code

    def live(self, **changes: Any) -> dict[str, Any]:
        """A product created and approved: the `data` of get."""
        product_id = self.create(**changes)["product_id"]
        self.clock.pass_(seconds=5)
        product = self.get(product_id)
        assert product["status"] == "ACTIVATE"
        return product

    def get(self, product_id: str, **query: str) -> dict[str, Any]:
        product: dict[str, Any] = self.data("GET", f"/product/202309/products/{product_id}", query=list(query.items()))
        return product

    def search(self, body: dict[str, Any] | None = None, **query: str) -> dict[str, Any]:
        found: dict[str, Any] = self.data(
            "POST", "/product/202502/products/search", body or {}, query=[*({"page_size": "100"} | query).items()]
        )
        return found
