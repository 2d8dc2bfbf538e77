"""Replays the recordings of customers, addresses, carts and orders, with the steps between them that were not kept."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.prestashop.world import World
from tests.sandbox.prestashop.client import client_of
from tests.sandbox.prestashop.recordings import DATA, FOLDERS, Recording, read_recording

ORDER_FOLDERS = {"8.2": DATA / "prestashop-orders", "9.0": DATA / "prestashop-orders-9"}
SCHEMAS = (*range(54, 60), *range(63, 69))
# What is another one at every run; compared for being there, not for what it is.
_DIFFERENT = {
    "reference",
    "order_reference",
    "secure_key",
    "passwd",
    "description",
    "description_short",
    "link_rewrite",
}


def order_recordings(version: str) -> dict[int, Recording]:
    """By number, the schemas included."""
    paths = [*ORDER_FOLDERS[version].glob("*.http")]
    paths += [path for path in FOLDERS[version].glob("*.http") if int(path.name[:3]) in SCHEMAS]
    return {recording.number: recording for recording in map(read_recording, sorted(paths))}


@dataclass
class Ids:
    """The ids that the fixtures' number of customers and addresses leads to."""

    customer: int
    address: int
    foreign_address: int


IDS = {"8.2": Ids(3, 7, 9), "9.0": Ids(2, 6, 8)}


@dataclass
class OrderReplay:
    """Asks a shop per recorded one everything in the recorded order."""

    version: str
    answers: dict[int, httpx.Response] = field(default_factory=dict)
    worlds: dict[str, World] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def run(self) -> dict[int, httpx.Response]:
        own, all_numbers = order_recordings(self.version), order_recordings("8.2") | order_recordings(self.version)
        for number, recorded in sorted(all_numbers.items()):
            mine = own.get(number)
            asked = mine or recorded
            world = self._world(recorded.shop, asked if mine else None)
            self._between(number, world)
            target, body = asked.target, asked.request_body.decode()
            if mine is None:
                body = self._with_own_ids(body)
            target, body = self._current(target, world, number), self._current(body, world, number)
            headers = {name: value for name, value in asked.headers.items() if name != "content-length"}
            headers["host"] = world.base_url.partition("://")[2]
            with client_of(world, auth=None) as client:
                answer = client.request(
                    asked.method, world.base_url + target, headers=headers, content=body.encode() or None
                )
            self.answers[number] = answer
            if number == 85:
                self.keys["recorded"] = self._key(own[85].body.decode())
                self.keys["own"] = self._key(answer.text)
        return self.answers

    def _world(self, shop: str, own: Recording | None) -> World:
        if shop not in self.worlds:
            base_url = f"http://{own.headers['host']}" if own else "http://127.0.0.1:8085"
            self.worlds[shop] = World.fixtures(shop, version=self.version, base_url=base_url)  # type: ignore[arg-type]
        return self.worlds[shop]

    @staticmethod
    def _key(text: str) -> str:
        found = re.search(r"<secure_key><!\[CDATA\[([0-9a-f]{32})\]", text)
        assert found is not None
        return found[1]

    def _with_own_ids(self, body: str) -> str:
        ids, recorded = IDS[self.version], IDS["8.2"]
        body = body.replace(f"<id_customer>{recorded.customer}<", f"<id_customer>{ids.customer}<")
        for name in ("delivery", "invoice"):
            for old, new in ((recorded.address, ids.address), (recorded.foreign_address, ids.foreign_address)):
                body = body.replace(f"<id_address_{name}>{old}<", f"<id_address_{name}>#{new}<")
        return body.replace(">#", ">")

    def _current(self, text: str, world: World, number: int) -> str:
        if "recorded" in self.keys:
            text = text.replace(self.keys["recorded"], self.keys["own"])
        if number == 102:
            reference = world.order(6)["reference"]
            text = re.sub(r"\[[A-Z]{9}\]", f"[{reference}]", text)
        if number == 143:
            # "As read": the key that was read.
            key = world.row("customers", 3)["secure_key"]
            text = re.sub(r"(?<=CDATA\[)[0-9a-f]{32}(?=\])", key, text)
        return text

    # --- what was done between the recordings --------------------------------------------------------------------

    def _between(self, number: int, world: World) -> None:
        carts: dict[int, dict[str, Any]] = {
            103: {"rows": [(6, 0, 1)]},
            106: {"rows": [(6, 0, 1)]},
            109: {"rows": [(6, 0, 1)], "address": IDS[self.version].foreign_address},
            111: {"rows": [(7, 0, 1)]},
            113: {"rows": [(8, 0, 1)]},
            114: {"rows": [(2, 9, 1)], "carrier": 1},
            153: {"rows": [(2, 9, 2), (6, 0, 1)]},
            154: {"rows": [(6, 0, 1)], "key": "0123456789abcdef0123456789abcdef"},
            155: {"rows": [(6, 0, 1), (6, 0, 1)]},
            156: {"rows": [(6, 0, 1), (6, 0, 1)]},
        }
        if number == 111:
            world.set_stock(7, 0)
        if number == 112:
            world.set_active(8, False)
        if number in carts:
            self._post_cart(world, **carts[number])
        if number == 114:
            self._post_order(world, cart=13, total="28.72")
        world.mail_broken = number == 117
        if number == 134:
            self._prepare_spain(world)

    def _post(self, world: World, resource: str, xml: str) -> httpx.Response:
        with client_of(world) as client:
            body = f"<prestashop>{xml}</prestashop>".encode()
            return client.post(f"{world.base_url}/api/{resource}", content=body)

    def _post_cart(
        self,
        world: World,
        rows: list[tuple[int, int, int]],
        address: int = 0,
        carrier: int = 2,
        key: str | None = None,
        language: int = 1,
    ) -> None:
        ids = IDS[self.version]
        place = address or ids.address
        key = world.row("customers", ids.customer)["secure_key"] if key is None else key
        lines = "".join(
            f"<cart_row><id_product>{product}</id_product><id_product_attribute>{variant}</id_product_attribute>"
            f"<id_address_delivery>{place}</id_address_delivery><quantity>{quantity}</quantity></cart_row>"
            for product, variant, quantity in rows
        )
        self._post(
            world,
            "carts",
            f"<cart><id_currency>1</id_currency><id_lang>{language}</id_lang><id_customer>{ids.customer}</id_customer>"
            f"<id_address_delivery>{place}</id_address_delivery><id_address_invoice>{place}</id_address_invoice>"
            f"<id_carrier>{carrier}</id_carrier><secure_key>{key}</secure_key>"
            f"<associations><cart_rows>{lines}</cart_rows></associations></cart>",
        )

    def _post_order(self, world: World, cart: int, total: str) -> None:
        ids = IDS[self.version]
        answer = self._post(
            world,
            "orders",
            f"<order><id_address_delivery>{ids.address}</id_address_delivery>"
            f"<id_address_invoice>{ids.address}</id_address_invoice><id_cart>{cart}</id_cart>"
            f"<id_currency>1</id_currency><id_lang>1</id_lang><id_customer>{ids.customer}</id_customer>"
            "<id_carrier>1</id_carrier><module>ps_wirepayment</module><payment>TikTok Shop</payment>"
            f"<total_paid>{total}</total_paid><total_paid_real>0</total_paid_real><total_products>0</total_products>"
            "<total_products_wt>0</total_products_wt><conversion_rate>1</conversion_rate></order>",
        )
        assert answer.status_code == 201, answer.text

    def _prepare_spain(self, world: World) -> None:
        ids = IDS[self.version]
        made = self._post(
            world,
            "customers",
            "<customer><passwd>secret-12345</passwd><lastname>Doe</lastname><firstname>Jane</firstname>"
            "<email>buyer1@example.com</email><id_default_group>3</id_default_group><active>1</active></customer>",
        )
        assert made.status_code == 201
        self._post(
            world,
            "addresses",
            f"<address><id_customer>{ids.customer}</id_customer><id_country>6</id_country><alias>TikTok</alias>"
            "<lastname>Doe</lastname><firstname>Jane</firstname><address1>Calle Mayor 1</address1>"
            "<postcode>28001</postcode><city>Madrid</city><dni>12345678Z</dni></address>",
        )
        self._post_cart(world, [(6, 0, 3)], language=2)


def value_differences(recorded: Recording, answer: httpx.Response) -> list[str]:
    """Where the values of two JSON answers differ, but for what is another one at every run (references, times)."""
    found: list[str] = []
    if recorded.body.strip()[:1] == b"{" and answer.content[:1] == b"{":
        _compare(json.loads(recorded.body), json.loads(answer.content), "$", found)
    return found


def _compare(left: Any, right: Any, path: str, found: list[str]) -> None:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in left.keys() & right.keys():
            if name not in _DIFFERENT and "date" not in name and name != "last_passwd_gen":
                _compare(left[name], right[name], f"{path}.{name}", found)
    elif isinstance(left, list) and isinstance(right, list):
        for one, other in zip(left, right, strict=False):
            _compare(one, other, f"{path}[]", found)
    elif left != right:
        found.append(f"{path}: {left!r} != {right!r}")
