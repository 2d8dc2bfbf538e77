"""The products of one shop: versions kept apart, prices and stock per SKU, and the audit (sheet 3.13–3.21)."""

import hashlib
import heapq
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from sandbox.tiktok.errors import ApiError
from sandbox.tiktok.tree import CATEGORIES

if TYPE_CHECKING:
    from sandbox.tiktok.world import TikTokWorld

Content = dict[str, Any]  # a product body as accepted: SKUs with ids, without price and inventory
STATUSES = (
    "DRAFT",
    "PENDING",
    "FAILED",
    "ACTIVATE",
    "SELLER_DEACTIVATED",
    "PLATFORM_DEACTIVATED",
    "FREEZE",
    "DELETED",
)
RECOVERABLE = timedelta(days=30)
# What listeners hear of a product: made, on or off sale, audit begun or decided, content changed
ShelfEvent = Literal["created", "status", "audit", "edited"]


@dataclass(slots=True)
class Offer:
    """Price and stock of one SKU: not versioned, changed without audit."""

    price: str
    currency: str
    stock: dict[str, int]  # warehouse id → what buyers can still order
    committed: dict[str, int] = field(default_factory=dict)  # units of unshipped orders, not part of stock
    list_price: dict[str, str] | None = None
    campaign_stock: int = 0  # units promised to a campaign: stock may not fall below
    campaign_until: datetime | None = None
    shared: bool = False  # fulfilled by TikTok or stock of several shops: not editable here
    deactivated_by: str = ""  # SELLER, PLATFORM or COMBO_RELATION when this SKU alone is off sale


@dataclass(slots=True)
class Product:
    id: str
    create_time: int
    update_time: int
    status: str = "DRAFT"
    audit: str = "NONE"
    live: Content | None = None
    review: Content | None = None
    draft: Content | None = None
    offers: dict[str, Offer] = field(default_factory=dict)
    pre_approved_reasons: tuple[str, ...] = ()
    not_submitted_reasons: tuple[str, ...] = ()  # why it lies in the drafts although it was sent to be listed
    failed_reasons: tuple[str, ...] = ()
    in_promotion: bool = False
    promotion_code: int = 12052038  # what refuses a price meanwhile
    promotion_until: datetime | None = None
    submissions: int = 0
    deleted_at: datetime | None = None

    @property
    def content(self) -> Content:
        """What get shows: the live version, else the one under review, else the draft."""
        return self.live or self.review or self.draft or {}

    @property
    def newest(self) -> Content:
        """What an edit builds on."""
        return self.review or self.live or self.draft or {}

    @property
    def product_status(self) -> str:
        return "INITIAL" if self.status == "PENDING" and self.audit == "AUDITING" else self.status


class Shelf:
    """Products by id with the indexes the API needs, and the audits that are due."""

    def __init__(self, world: "TikTokWorld") -> None:
        self._world = world
        self.products: dict[str, Product] = {}
        self.product_of_sku: dict[str, str] = {}
        self.products_of_seller_sku: defaultdict[str, set[str]] = defaultdict(set)
        self.by_idempotency_key: dict[str, str] = {}
        self.listed_on: Counter[str] = Counter()  # day → products created, for the daily quota
        self.timed: set[str] = set()  # products with a promotion or campaign that ends by itself
        self.listeners: list[Callable[[ShelfEvent, Product, dict[str, Any]], None]] = []
        self._audits: list[tuple[datetime, str, int]] = []
        self._custom_ids: dict[tuple[str, ...], str] = {}

    def get(self, product_id: str) -> Product:
        if not product_id.isdigit():
            raise ApiError(12019150, "The product id is malformed")
        product = self.products.get(product_id)
        if product is None:
            raise ApiError(12052260, "The product does not belong to this shop")
        return product

    def custom_id(self, *names: str) -> str:
        """A lasting id for a custom attribute or value."""
        if names not in self._custom_ids:
            self._custom_ids[names] = self._world.new_id("7082428")
        return self._custom_ids[names]

    def add(self, product: Product) -> None:
        self.products[product.id] = product
        self.listed_on[f"{self._world.now():%Y-%m-%d}"] += 1
        self.tell("created", product, product_types=[])

    def tell(self, event: ShelfEvent, product: Product, **detail: Any) -> None:
        for listener in self.listeners:
            listener(event, product, detail)

    def tell_status(self, product: Product, status: str = "PRODUCT_STATUS_CHANGED", reason: str = "") -> None:
        """Say that a product came on or off sale, passed its first audit, or failed one."""
        self.tell("status", product, status=status, suspended_reason=reason)

    def tell_edited(self, product: Product, source: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Say which fields of the content are others now; prices and stock are none."""
        fields = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        if fields:
            self.tell("edited", product, change_source=source, changed_fields=fields)

    def _tell_audit(self, product: Product) -> None:
        audit = {"status": product.audit, "pre_approved_reasons": list(product.pre_approved_reasons)}
        self.tell("audit", product, audit=audit)

    def index(self, product: Product, content: Content) -> None:
        for sku in content.get("skus", ()):
            self.product_of_sku[sku["id"]] = product.id
            if sku.get("seller_sku"):
                self.products_of_seller_sku[sku["seller_sku"]].add(product.id)

    def touch(self, product: Product) -> None:
        product.update_time = self._world.timestamp()

    def submit(self, product: Product, content: Content) -> None:
        """Send a version to audit. A version on sale stays on sale meanwhile."""
        product.failed_reasons, product.pre_approved_reasons = (), ()
        product.not_submitted_reasons = self._world.not_submitted_reasons if product.live is None else ()
        if product.not_submitted_reasons:
            product.draft, product.review, product.audit, product.status = content, None, "NONE", "DRAFT"
            self.touch(product)
            return
        product.review, product.draft, product.audit = content, None, "AUDITING"
        if product.live is None:
            product.status = "PENDING"
        product.submissions += 1
        due = self._world.now() + timedelta(seconds=self._world.audit_seconds)
        heapq.heappush(self._audits, (due, product.id, product.submissions))
        self.touch(product)
        self._tell_audit(product)

    def settle(self) -> None:
        """Decide the audits that are due, end the promotions and campaigns whose time is over."""
        now = self._world.now()
        for product_id in tuple(self.timed):
            self._end_locks(self.products[product_id], now)
        while self._audits and self._audits[0][0] <= now:
            _, product_id, submission = heapq.heappop(self._audits)
            product = self.products[product_id]
            if product.submissions == submission and product.audit == "AUDITING" and product.status != "DELETED":
                self._decide(product)

    def _end_locks(self, product: Product, now: datetime) -> None:
        running = False
        if product.promotion_until is not None:
            if product.promotion_until <= now:
                product.in_promotion, product.promotion_until = False, None
            else:
                running = True
        for offer in product.offers.values():
            if offer.campaign_until is not None:
                if offer.campaign_until <= now:
                    offer.campaign_stock, offer.campaign_until = 0, None
                else:
                    running = True
        if not running:
            self.timed.discard(product.id)

    def _decide(self, product: Product) -> None:
        content = product.review or {}
        self.touch(product)
        if reasons := tuple(self._refusals(product, content)):
            product.audit, product.failed_reasons = "FAILED", reasons
            if product.live is None:
                product.status = "FAILED"
            self._tell_audit(product)
            self.tell_status(product, "PRODUCT_AUDIT_FAILURE", "; ".join(reasons))
        elif CATEGORIES[content["category_id"]].permission == "INVITE_ONLY":
            product.audit, product.pre_approved_reasons = "PRE_APPROVED", ("RESTRICTED_CATEGORY_PENDING",)
            self._tell_audit(product)
        else:
            self.approve(product)

    def _refusals(self, product: Product, content: Content) -> Iterator[str]:
        words = set(re.findall(r"\w+", content["title"].lower()))
        for word in self._world.restricted_words:
            if word in words:
                yield f"The title contains the restricted word '{word}'"
        digest = hashlib.blake2b(f"{product.id}:{product.submissions}".encode(), digest_size=4).digest()
        if int.from_bytes(digest, "big") / 2**32 < self._world.audit_failure_share:
            yield "The product information is not clear enough"

    def approve(self, product: Product) -> None:
        """Put the reviewed version on sale; SKUs it no longer has are gone with their stock."""
        is_first, before = product.live is None, product.status
        product.live, product.review, product.audit = product.review, None, "APPROVED"
        if product.status in ("PENDING", "FAILED", "PLATFORM_DEACTIVATED"):
            product.status = "ACTIVATE"
        kept = {sku["id"] for sku in product.content["skus"]}
        for sku_id in [sku_id for sku_id in product.offers if sku_id not in kept]:
            del product.offers[sku_id]
            self.product_of_sku.pop(sku_id, None)
        self._tell_audit(product)
        if is_first or product.status != before:
            self.tell_status(product, "PRODUCT_FIRST_PASS_REVIEW" if is_first else "PRODUCT_STATUS_CHANGED")
