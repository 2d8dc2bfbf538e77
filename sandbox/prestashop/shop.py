"""What the sandbox shop holds and how it changes: tables, keys, images, settings, and the mutators that scenarios use.

Only the rules of the shop itself live here (sum rows of stock, `date_upd`, what goes away with a product); how it is
asked for and printed is the webservice's business.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sandbox.prestashop.resources import definitions, resource_names
from sandbox.prestashop.tables import Row, Table

Version = Literal["1.7.8", "8.2", "9.0"]
VERBS = ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD")
FULL_VERSION: dict[str, str] = {"1.7.8": "1.7.8.11", "8.2": "8.2.1", "9.0": "9.0.3"}

# Keys made up for the sandbox; they open nothing else.
FULL_KEY = "PSWSKEY0123456789ABCDEFGHIJKLMNO"
READ_ONLY_KEY = "PSREADONLY0123456789ABCDEFGHIJKL"

_INDEXED = {
    "combinations": ("id_product",),
    "stock_availables": ("id_product", "quantity"),
    "specific_prices": ("id_product", "id_cart"),
    "product_suppliers": ("id_product",),
    "product_option_values": ("id_attribute_group",),
    "product_feature_values": ("id_feature",),
    "categories": ("id_parent",),
    "tax_rules": ("id_tax_rules_group",),
    "configurations": ("name",),
    "customers": ("_email",),
    "addresses": ("id_customer", "alias"),
    "orders": ("id_cart", "reference", "id_address_delivery", "id_address_invoice"),
    "order_details": ("id_order",),
    "order_histories": ("id_order",),
    "order_carriers": ("id_order",),
    "order_payments": ("order_reference",),
    "order_invoices": ("id_order",),
    "order_cart_rules": ("id_order",),
    "order_slip": ("id_order",),
    "messages": ("id_order",),
    "deliveries": ("id_carrier",),
    "price_ranges": ("id_carrier",),
    "weight_ranges": ("id_carrier",),
}


# With other numbers of variants MariaDB reads them in order of id.
_DEFAULT_LAST = range(2, 5)


@dataclass(slots=True)
class Account:
    """A webservice key and what it may do: verbs by resource, shops."""

    permissions: dict[str, frozenset[str]]
    shops: frozenset[int] = frozenset({1})
    active: bool = True


@dataclass(slots=True)
class Image:
    """A product image: whose it is, and the colour and oddity it is drawn with (see `images`)."""

    product: int
    colour: str = "#8FA3AD"
    oddity: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail the shop would send: its template (`order_conf`, or the state's), to whom, about which order."""

    template: str
    recipient: str
    id_order: int


@dataclass(frozen=True, slots=True)
class PaymentModule:
    """An installed payment module; what is not in `Shop.modules` is not installed."""

    label: str
    active: bool = True


@dataclass(slots=True)
class Stats:
    """Requests answered, by method and resource."""

    requests: dict[str, int] = field(default_factory=dict)

    def count(self, method: str, resource: str) -> None:
        key = f"{method} {resource}"
        self.requests[key] = self.requests.get(key, 0) + 1


class Shop:
    """One PrestaShop: all rows in memory."""

    def __init__(
        self,
        version: Version,
        *,
        base_url: str,
        clock: Callable[[], datetime],
        timezone: str = "Europe/Paris",
        name: str = "Demo shop",
    ) -> None:
        self.version = version
        self.major = int(version.split(".")[0])
        self.full_version = FULL_VERSION[version]
        self.base_url = base_url.rstrip("/")
        self.clock = clock
        self.offset = timedelta()
        self.lock = threading.RLock()
        """Held while a request is answered: whoever changes a shop that is being asked holds it too."""
        self.timezone = ZoneInfo(timezone)
        self.name = name
        self.webservice_enabled = True
        self.down = False
        """Whether the shop answers nothing but an HTML page with 503, as in maintenance."""
        self.drops_authorization = False
        """Whether the web server keeps the Authorization header from PHP, as CGI does (fact sheet 1.1)."""
        self.firewalled = False
        """Whether something in front of the shop refuses every call of the webservice with 403 and a page."""
        self.empty_lists: set[str] = set()
        """Resources whose lists come empty with 200, as core does when its SQL fails (fact sheet 1.4)."""
        self.unlinked: set[int] = set()
        """Products taken out of the shop that are still in its tables."""
        self.price_hook: Callable[[int, int, Decimal], Decimal] | None = None
        """A module's say in `price[]`: (id_product, id_product_attribute, price before rounding) → price."""
        self.price_factors: dict[int, Decimal] = {}
        """The same as a factor by product, for what cannot be asked to run code."""
        self.tables: dict[str, Table] = {
            resource.name: Table(resource, _INDEXED.get(resource.name, ()))
            for resource in definitions(self.major).values()
        }
        self.images: dict[int, Image] = {}
        self.category_products: dict[int, dict[int, int]] = {}
        """Products of a category with their position in it, from 1."""
        self.shop_values: dict[tuple[str, int, int], Row] = {}
        """(resource, id, shop) → fields whose value in that shop differs from the base table's."""
        self.key = FULL_KEY
        self.readonly_key = READ_ONLY_KEY
        names = resource_names(self.major)
        verbs = frozenset(verb for verb in VERBS if verb != "PATCH" or self.major >= 8)
        self.accounts: dict[str, Account] = {
            self.key: Account(dict.fromkeys(names, verbs)),
            self.readonly_key: Account({name: frozenset({"GET"}) for name in ("products", "stock_availables")}),
        }
        self.stats = Stats()
        self.modules = {
            "ps_wirepayment": PaymentModule("Bank transfer"),
            "ps_checkpayment": PaymentModule("Payments by check"),
        }
        """Payment modules by technical name."""
        self.required_fields: dict[str, frozenset[str]] = {}
        """Fields of customers and addresses that the merchant marked as required, by resource."""
        self.outbox: list[Mail] = []
        self.mail_broken = False
        """Whether mails cannot be sent: a request that wants one answers 500 with its work done (recording 117)."""
        self.parallel_orders = 0
        """Order POSTs that came while another was being answered: each of them lost its stock decrement."""
        self.orders_in_flight = 0
        self.order_seconds = 0.0
        """How long an order POST waits before it is worked on: makes parallel ones meet where no time is simulated."""
        self.carts_in_flight: dict[int, float] = {}
        """Carts ordered since no order was being made, and when: a POST in the same moment orders them again."""
        self.counters = {"invoice": 0, "delivery": 0}
        self.dice = Random("orders")
        """References, keys and hashes come from here, the same in every run."""

    # --- reading ---------------------------------------------------------------------------------------------------

    def time(self) -> datetime:
        """The shop's time: the clock's, moved by `advance`."""
        return self.clock() + self.offset

    def local(self, moment: datetime) -> str:
        """A moment as the shop writes it: its own zone, seconds."""
        return moment.astimezone(self.timezone).strftime("%Y-%m-%d %H:%M:%S")

    def now(self) -> str:
        return self.local(self.time())

    def languages(self) -> list[int]:
        return list(self.tables["languages"].ids)

    def setting(self, name: str, default: str = "") -> str:
        table = self.tables["configurations"]
        ids = table.where("name", name)
        return str(table.rows[ids[0]].get("value", default)) if ids else default

    def set_setting(self, name: str, value: str) -> None:
        table = self.tables["configurations"]
        ids = table.where("name", name)
        if ids:
            table.update(ids[0], {"value": value, "date_upd": self.now()})
        else:
            table.insert({"name": name, "value": value, "date_add": self.now(), "date_upd": self.now()})

    def row(self, resource: str, row_id: int) -> Row:
        """The stored row, defaults filled in (a copy)."""
        table = self.tables[resource]
        return {**table.defaults, **table.rows[row_id]}

    def value(self, resource: str, row_id: int, name: str, id_shop: int = 1) -> Any:
        """One value as the given shop sees it."""
        own = self.shop_values.get((resource, row_id, id_shop)) if self.shop_values else None
        if own is not None and name in own:
            return own[name]
        table = self.tables[resource]
        return table.value(table.rows[row_id], name)

    def combination_ids(self, id_product: int) -> list[int]:
        return self.tables["combinations"].where("id_product", id_product)

    def listed_last(self, id_combination: int) -> bool:
        """The default one of few variants is read last: NULLs come first in the index (recordings 026, 075)."""
        row = self.tables["combinations"].rows[id_combination]
        return bool(row.get("default_on")) and len(self.combination_ids(row["id_product"])) in _DEFAULT_LAST

    def default_combination(self, id_product: int) -> int:
        rows = self.tables["combinations"].rows
        return next((row_id for row_id in self.combination_ids(id_product) if rows[row_id].get("default_on")), 0)

    def product_images(self, id_product: int) -> tuple[int, ...]:
        """Image ids in their order; the first is the cover."""
        images: tuple[int, ...] = self.tables["products"].rows[id_product].get("_images", ())
        return images

    def share_stock_group(self, id_shop: int) -> int:
        """The shop's group when its shops share their stock, else 0."""
        shops, groups = self.tables["shops"], self.tables["shop_groups"]
        if id_shop not in shops.rows:
            return 0
        group = int(shops.value(shops.rows[id_shop], "id_shop_group"))
        return group if group in groups.rows and groups.rows[group].get("share_stock") else 0

    def stock_rows(self, id_product: int) -> Iterator[tuple[int, Row]]:
        table = self.tables["stock_availables"]
        for row_id in table.where("id_product", id_product):
            yield row_id, table.rows[row_id]

    def stock_row(self, id_product: int, id_product_attribute: int = 0, id_shop: int = 1) -> int | None:
        """Id of the stock row of a product or variant in the scope of that shop."""
        group = self.share_stock_group(id_shop)
        scope = (0, group) if group else (id_shop, 0)
        for row_id, row in self.stock_rows(id_product):
            own_scope = (row.get("id_shop", 1), row.get("id_shop_group", 0))
            if row.get("id_product_attribute", 0) == id_product_attribute and own_scope == scope:
                return row_id
        return None

    # --- changing --------------------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        self.offset += timedelta(seconds=seconds)

    def touch(self, id_product: int) -> None:
        """What every save of a product does: `date_upd` moves, and the row may be listed elsewhere."""
        products = self.tables["products"]
        products.update(id_product, {"date_upd": self.now()})
        products.move(id_product)

    def set_stock(self, id_product: int, quantity: int, id_product_attribute: int = 0) -> None:
        """As an order or the back office does: no trace in the product's `date_upd`."""
        row_id = self.stock_row(id_product, id_product_attribute)
        if row_id is None:
            raise KeyError(f"no stock row for product {id_product}, combination {id_product_attribute}")
        self.tables["stock_availables"].update(row_id, {"quantity": quantity})
        if id_product_attribute:
            self.recompute_sum(row_id)

    def recompute_sum(self, row_id: int) -> None:
        """After a variant's row changed: the row of combination 0 in the same scope becomes the sum."""
        table = self.tables["stock_availables"]
        changed = table.rows[row_id]
        scope = (table.value(changed, "id_shop"), table.value(changed, "id_shop_group"))
        total, total_row = 0, None
        for other_id, other in self.stock_rows(changed["id_product"]):
            if (table.value(other, "id_shop"), table.value(other, "id_shop_group")) != scope:
                continue
            if other.get("id_product_attribute", 0):
                total += other.get("quantity", 0)
            else:
                total_row = other_id
        if total_row is not None:
            table.update(total_row, {"quantity": total})

    def set_price(self, id_product: int, price: str) -> None:
        self.tables["products"].update(id_product, {"price": f"{float(price):.6f}"})
        self.touch(id_product)

    def set_impact(self, id_combination: int, price: str) -> None:
        """A variant's price impact, as the webservice writes it: the product's `date_upd` stays."""
        self.tables["combinations"].update(id_combination, {"price": f"{float(price):.6f}"})

    def rename(self, id_product: int, name: str) -> None:
        self.tables["products"].update(id_product, {"name": dict.fromkeys(self.languages(), name)})
        self.touch(id_product)

    def set_active(self, id_product: int, active: bool) -> None:
        self.tables["products"].update(id_product, {"active": int(active)})
        self.touch(id_product)

    def set_fields(self, resource: str, row_id: int, changes: Row) -> None:
        """Any plain fields of a row, in the stored form; a product is touched, others have no date to move."""
        table = self.tables[resource]
        texts = {item.name for item in table.resource.fields if item.kind == "text"}
        for name, value in changes.items():
            if name in texts and isinstance(value, str):
                changes[name] = dict.fromkeys(self.languages(), value)
        table.update(row_id, changes)
        if resource == "products":
            self.touch(row_id)

    def add_specific_price(self, id_product: int, **fields: Any) -> int:
        """A promotion on a product; no date_upd moves. Fields as in the resource, e.g. reduction="0.200000"."""
        return self.tables["specific_prices"].insert({"id_product": id_product, **fields})

    def delete_product(self, id_product: int) -> None:
        """The product with its variants, stock rows, prices, supplier lines and images."""
        for combination in list(self.combination_ids(id_product)):
            self.delete_combination(combination)
        for resource in ("stock_availables", "specific_prices", "product_suppliers"):
            table = self.tables[resource]
            for row_id in list(table.where("id_product", id_product)):
                table.delete(row_id)
        for image in self.product_images(id_product):
            self.images.pop(image, None)
        for members in self.category_products.values():
            members.pop(id_product, None)
        self.tables["products"].delete(id_product)

    def delete_combination(self, id_combination: int) -> None:
        """The variant with its stock row, whose loss the sum row follows, and its own special prices."""
        combinations, stock = self.tables["combinations"], self.tables["stock_availables"]
        id_product = combinations.rows[id_combination]["id_product"]
        combinations.delete(id_combination)
        specials = self.tables["specific_prices"]
        for row_id in list(specials.where("id_product", id_product)):
            if specials.rows[row_id].get("id_product_attribute", 0) == id_combination:
                specials.delete(row_id)
        for row_id, row in list(self.stock_rows(id_product)):
            if row.get("id_product_attribute", 0) == id_combination:
                stock.update(row_id, {"quantity": 0})
                self.recompute_sum(row_id)
                stock.delete(row_id)

    def set_categories(self, id_product: int, categories: list[int]) -> None:
        """Replace the product's categories, appending it at the end of new ones."""
        for category, members in self.category_products.items():
            if category not in categories:
                members.pop(id_product, None)
        for category in categories:
            members = self.category_products.setdefault(category, {})
            members.setdefault(id_product, max(members.values(), default=0) + 1)
        self.tables["products"].update(id_product, {"_categories": tuple(categories)})
