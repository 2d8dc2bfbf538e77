"""Everything the simulated TikTok Shop knows: app, seller, shops, media, brands, products."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Literal

from sandbox.faults import Faults
from sandbox.tiktok.aftersales_desk import AftersalesDesk
from sandbox.tiktok.brands import Brand, stock_brands
from sandbox.tiktok.compliance import SIZE_CHART, stock_manufacturers, stock_persons
from sandbox.tiktok.limits import RateLimit
from sandbox.tiktok.logistics import stock_warehouses
from sandbox.tiktok.markets import LONG_SELLER_SKU, MARKETS
from sandbox.tiktok.media import Document, Picture
from sandbox.tiktok.order_book import OrderBook
from sandbox.tiktok.returns_desk import ReturnsDesk
from sandbox.tiktok.seller_center import SellerCenter, StockOrder
from sandbox.tiktok.shelf import Shelf
from sandbox.tiktok.tokens import TokenDesk
from sandbox.tiktok.webhooks import Webhooks

MEDIA_HOST = "https://p16-oec-sandbox.example-cdn.com"


class Shop:
    """One shop of the seller with its products and settings."""

    def __init__(self, world: "TikTokWorld", region: str, number: int) -> None:
        self.market = MARKETS[region]
        self.region = region
        self.id = f"7495{number:015d}"
        self.cipher = f"GCP_{world.new_token(18)}-_{number:02d}"
        self.code = f"{region}LC{world.new_token(6).upper()}"
        self.name = f"Sandbox shop {region}"
        self.seller_type = "LOCAL"
        self.category_versions = self.market.category_versions
        self.long_seller_sku = region in LONG_SELLER_SKU
        self.cod_supported = False
        self.warehouses = stock_warehouses(self.market)
        self.failed_prerequisites: set[str] = set()
        self.daily_listing_quota: int | None = None
        self.unique_identifiers = False  # whether a GTIN may appear once per shop only
        self.shelf = Shelf(world)
        self.book = OrderBook(world, self)
        self.aftersales = AftersalesDesk(world, self)
        self.returns = ReturnsDesk(world, self)
        self.center = SellerCenter(world, self)

    @property
    def default_warehouse(self) -> str:
        """What is meant by stock without a warehouse id."""
        rows = self.warehouses.values()
        return next((row.id for row in rows if row.is_default and row.type == "SALES_WAREHOUSE"), "")


class TikTokWorld:
    """State of the simulator. `clock` gives the real time; `advance` moves everything but the signature window."""

    def __init__(
        self,
        region: str,
        seed: int,
        *,
        clock: Callable[[], datetime],
        audit_seconds: float = 2.0,
        audit_failure_share: float = 0.0,
        further_regions: Iterable[str] = (),
    ) -> None:
        self.region, self.clock = region, clock
        self.audit_seconds, self.audit_failure_share = audit_seconds, audit_failure_share
        self.restricted_words: tuple[str, ...] = ("miracle", "replica", "counterfeit", "cures")
        self.not_submitted_reasons: tuple[str, ...] = ()  # what the shop lacks: new listings stay in the drafts
        self.search_depth = 10_000  # a search gives no more hits than this
        # Whether buyers are masked where TikTok ships (sheet 4.7); in South-East Asia they always are.
        self.masks_tiktok_shipping = True
        self.search_lag = 10  # seconds by which an order search under the fault `stale_search` is behind
        self.lock = threading.RLock()
        self.random = random.Random(seed)
        self.faults = Faults()
        self.offset = timedelta()
        self._last_id = 0
        self.app_key = self.new_token(12).lower()
        self.app_secret = f"{self.random.getrandbits(160):040x}"
        self.service_id = self.new_id("7300")
        self.open_id = self.new_token(24)
        self.seller_name = "Sandbox Seller"
        self.redirect_url: str | None = None
        self.tokens = TokenDesk(self)
        self.limits = RateLimit()
        self.ip_allow_list: frozenset[str] | None = None
        self.empty_data: Literal["object", "null", "absent"] = "object"  # how an empty answer is written
        self.calls: Counter[str] = Counter()
        self.throttled = 0
        self.pictures: dict[str, Picture] = {}
        self.documents: dict[str, Document] = {}
        self.brands: dict[str, Brand] = stock_brands()
        self.manufacturers = stock_manufacturers()
        self.persons = stock_persons()
        self.size_charts = {SIZE_CHART: "Adult tops"}
        self.shops = [Shop(self, name, i) for i, name in enumerate((region, *further_regions), 1)]
        self.webhooks = Webhooks(self)

    @property
    def shop(self) -> Shop:
        return self.shops[0]

    @property
    def shop_id(self) -> str:
        return self.shop.id

    @property
    def shop_cipher(self) -> str:
        return self.shop.cipher

    def auth_code(self) -> str:
        """A fresh single-use consent code, as the seller's approval would bring."""
        with self.lock:
            return self.tokens.new_code()

    def order(self, product_id: str, sku_id: str, warehouse_id: str | None = None, units: int = 1) -> StockOrder:
        """A buyer orders in the seller's first shop; see `SellerCenter` for it and the two below."""
        return self.shop.center.order(product_id, sku_id, warehouse_id, units)

    def ship(self, order_id: str) -> StockOrder:
        return self.shop.center.ship(order_id)

    def cancel(self, order_id: str) -> StockOrder:
        return self.shop.center.cancel(order_id)

    def now(self) -> datetime:
        return self.clock() + self.offset

    def timestamp(self) -> int:
        return int(self.now().timestamp())

    def advance(self, seconds: float) -> None:
        with self.lock:
            self.offset += timedelta(seconds=seconds)

    def new_id(self, prefix: str, digits: int = 19) -> str:
        """An id of so many digits beginning with `prefix`."""
        self._last_id += 1
        return f"{prefix}{self._last_id:0{digits - len(prefix)}d}"

    def new_token(self, length: int) -> str:
        return "".join(self.random.choices("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", k=length))

    def request_id(self) -> str:
        return f"{self.now():%Y%m%d%H%M%S}{self.random.getrandbits(80):020X}"

    def media_url(self, uri: str) -> str:
        return f"{MEDIA_HOST}/{uri}~tplv-sandbox-origin.jpeg"

    def document_url(self, document: Document) -> str:
        return f"{MEDIA_HOST}/{document.id}/{document.name}"
