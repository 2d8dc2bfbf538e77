"""The TikTok Shop client: one method a call of the endpoint table (tiktok-shop-api.md sections 1.5 and 3).

Orders and shipping are in `clients.tiktok.orders`, cancellations and returns in `clients.tiktok.aftersales`,
subscriptions in `clients.tiktok.webhooks`.

Reads return the platform's rows as plain dicts, with every id as text; what changes something returns a small frozen
record. All methods may be called from several threads at once. Besides what is named, any of them raises the errors of
`clients.errors`.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Final, Literal, Self

import httpx

from clients.budget import CallBudget, Unlimited
from clients.doubt import Doubt
from clients.errors import Rejected
from clients.tiktok import endpoints
from clients.tiktok.aftersales import AftersaleCalls
from clients.tiktok.answers import Answer, Clock, Json
from clients.tiktok.auth import AUTH_URL, App, Authorizer, Credentials, TokenStore
from clients.tiktok.calls import created, rows_of
from clients.tiktok.endpoints import Endpoint
from clients.tiktok.orders import OrderCalls
from clients.tiktok.paging import pages_of
from clients.tiktok.results import (
    BatchAnswer,
    ListingCheck,
    ProductSaved,
    Shop,
    UploadedFile,
    UploadedImage,
)
from clients.tiktok.transport import API_URL, Transport, Upload
from clients.tiktok.webhooks import WebhookCalls

ImageUse = Literal["MAIN_IMAGE", "ATTRIBUTE_IMAGE", "DESCRIPTION_IMAGE", "CERTIFICATION_IMAGE", "SIZE_CHART_IMAGE"]
CategoryVersion = Literal["v1", "v2"]

PRODUCTS_PER_BATCH: Final = 20
PAGE_SIZE: Final = 100

# A search gives no more hits than this; asked for more it is refused with this code (3.16).
_MOST_HITS: Final = 10_000
_TOO_MANY_HITS: Final = "12052180"
# Before TikTok Shop opened anywhere, Unix seconds.
_FIRST_SECOND: Final = 1_577_836_800
_DAY: Final = 86_400


class TikTokClient(OrderCalls, AftersaleCalls, WebhookCalls):
    """One seller's shop.

    Args:
        app: the app of the partner centre.
        tokens: where the seller's tokens are kept.
        shop_cipher: the chosen shop; None until one is chosen (then only calls without a shop work).
        api_url, auth_url: other servers may stand in.
        budget: asked before every call, under the classes `read` and `write`.
        http: a client to use instead of an own one; it is not closed here.
        clock: the time now, aware UTC.
        timeout: seconds for connecting, and between bytes.
        oldest_versions: use the oldest form of every path (202309 where there is one). Without it the newest is
            used, and an older one from the first "unknown path" answer on.
        doubt: that it answers at all, cleared up before the first call.
    """

    def __init__(
        self,
        app: App,
        tokens: TokenStore,
        *,
        clock: Clock,
        shop_cipher: str | None = None,
        api_url: str = API_URL,
        auth_url: str = AUTH_URL,
        budget: CallBudget | None = None,
        http: httpx.Client | None = None,
        timeout: float = 30.0,
        oldest_versions: bool = False,
        doubt: Doubt | None = None,
    ) -> None:
        self._http = http or httpx.Client()
        self._owns_http = http is None
        self._clock = clock
        authorizer = Authorizer(app, http=self._http, clock=clock, auth_url=auth_url, timeout=timeout)
        self._transport = Transport(
            app,
            Credentials(tokens, authorizer, clock),
            shop_cipher=shop_cipher,
            api_url=api_url,
            budget=budget or Unlimited(),
            http=self._http,
            clock=clock,
            timeout=timeout,
            oldest_versions=oldest_versions,
            doubt=doubt,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless they belong to a client that was passed in."""
        if self._owns_http:
            self._http.close()

    @property
    def answered_at(self) -> datetime | None:
        """When the last call of this client succeeded; None when none did yet."""
        return self._transport.answered_at

    # Seller

    def shops(self) -> list[Shop]:
        """The shops this authorization covers, with their ciphers. Needs no chosen shop."""
        return [Shop.read(row) for row in rows_of(self._call(endpoints.AUTHORIZED_SHOPS), "shops")]

    def active_shops(self) -> list[Json]:
        """The seller's active shops: `id` and `region` only."""
        return rows_of(self._call(endpoints.ACTIVE_SHOPS), "shops")

    def permissions(self) -> list[str]:
        """The seller's permissions; known value `MANAGE_GLOBAL_PRODUCT`."""
        return [str(name) for name in self._call(endpoints.PERMISSIONS).data.get("permissions") or ()]

    # Categories and brands

    def categories(
        self, version: CategoryVersion, locale: str | None = None, *, keyword: str | None = None
    ) -> list[Json]:
        """The whole category tree in one answer (thousands of rows): id, parent_id, local_name, is_leaf, …"""
        query = {"category_version": version, "locale": locale, "keyword": keyword}
        return rows_of(self._call(endpoints.CATEGORIES, query=query), "categories")

    def category_rules(self, category_id: str, version: CategoryVersion, locale: str | None = None) -> Json:
        """What a category asks for: certificates, size chart, package size, GPSR, … (section 3.2)."""
        query = {"category_version": version, "locale": locale}
        return self._call(endpoints.CATEGORY_RULES, ids={"category_id": category_id}, query=query).data

    def category_attributes(self, category_id: str, version: CategoryVersion, locale: str | None = None) -> list[Json]:
        """The attributes of a category (section 3.3), the wire's misspelt field as `is_required`."""
        query = {"category_version": version, "locale": locale}
        answer = self._call(endpoints.CATEGORY_ATTRIBUTES, ids={"category_id": category_id}, query=query)
        return rows_of(answer, "attributes")

    def recommend_category(
        self,
        title: str,
        *,
        description: str | None = None,
        image_uris: Sequence[str] = (),
        version: CategoryVersion | None = None,
        locale: str | None = None,
    ) -> Json:
        """`leaf_category_id` and the `categories` from root to leaf that fit a product.

        Raises:
            Rejected: nothing suitable (12019064).
        """
        body: Json = {"product_title": title}
        optional = {
            "description": description,
            "images": [{"uri": uri} for uri in image_uris],
            "category_version": version,
            "locale": locale,
        }
        body.update({name: value for name, value in optional.items() if value})
        return self._call(endpoints.RECOMMEND_CATEGORY, body=body).data

    def brands(
        self,
        *,
        category_id: str | None = None,
        version: CategoryVersion | None = None,
        authorized: bool | None = None,
        name: str | None = None,
        page_size: int = PAGE_SIZE,
    ) -> Iterator[Json]:
        """The brands of the shop, page by page: id, name, authorized_status, brand_status, is_t1_brand."""
        query = {
            "category_id": category_id,
            "category_version": version,
            "is_authorized": authorized,
            "brand_name": name,
        }
        for brand in self._pages(endpoints.BRANDS, "brands", page_size, query=query):
            # The documentation misspells the second value; both are in use.
            if brand.get("authorized_status") == "UNAUTHORIEZD":
                brand["authorized_status"] = "UNAUTHORIZED"
            yield brand

    def create_brand(self, name: str) -> str:
        """A custom brand of 2 to 30 characters; its id."""
        return created(self._call(endpoints.CREATE_BRAND, body={"name": name}), "id")

    # Media

    def upload_image(self, data: bytes, filename: str, use_case: ImageUse = "MAIN_IMAGE") -> UploadedImage:
        """Upload an image of at most 10 MB and 100–20,000 pixels a side."""
        upload = Upload(data, filename, _media_type(filename, "image/jpeg"), {"use_case": use_case})
        answer = self._call(endpoints.UPLOAD_IMAGE, upload=upload)
        return UploadedImage(
            uri=created(answer, "uri"),
            url=str(answer.data.get("url") or ""),
            width=int(answer.data.get("width") or 0),
            height=int(answer.data.get("height") or 0),
            use_case=str(answer.data.get("use_case") or use_case),
        )

    def upload_file(self, data: bytes, filename: str) -> UploadedFile:
        """Upload a PDF (20 MB) or video (100 MB); the name keeps its extension."""
        upload = Upload(data, filename, _media_type(filename, "application/pdf"), {"name": filename})
        answer = self._call(endpoints.UPLOAD_FILE, upload=upload)
        return UploadedFile(
            id=created(answer, "id"),
            url=str(answer.data.get("url") or ""),
            name=str(answer.data.get("name") or filename),
            format=str(answer.data.get("format") or ""),
        )

    # Products

    def prerequisites(self) -> list[Json]:
        """What the shop still lacks for listing: check_item, is_failed, fail_reasons (section 3.9)."""
        return rows_of(self._call(endpoints.PREREQUISITES), "check_results")

    def listing_check(self, body: Json) -> ListingCheck:
        """The platform's verdict on a create body, creating nothing."""
        sent = {name: value for name, value in body.items() if name != "save_mode"}
        return ListingCheck.read(self._call(endpoints.LISTING_CHECK, body=sent))

    def create_product(self, body: Json) -> ProductSaved:
        """List a product (section 3.11).

        Raises:
            Uncertain: it may exist now; look for its `external_product_id` or SKUs before sending it again.
        """
        answer = self._call(endpoints.CREATE_PRODUCT, body=body)
        created(answer, "product_id")
        return ProductSaved.read(answer)

    def edit_product(self, product_id: str, body: Json) -> ProductSaved:
        """Replace a product whole: fields left out are blanked, SKUs left out are deleted (section 3.13)."""
        return ProductSaved.read(
            self._call(endpoints.EDIT_PRODUCT, ids={"product_id": product_id}, body=body), product_id
        )

    def partial_edit(self, product_id: str, body: Json) -> ProductSaved:
        """Replace the top-level fields that are sent, each as a whole (section 3.14)."""
        return ProductSaved.read(
            self._call(endpoints.PARTIAL_EDIT, ids={"product_id": product_id}, body=body), product_id
        )

    def product(
        self, product_id: str, *, under_review: bool = False, draft: bool = False, locale: str | None = None
    ) -> Json:
        """The live version of a product, or the one under review, or the draft (section 3.15)."""
        query = {
            "return_under_review_version": under_review or None,
            "return_draft_version": draft or None,
            "locale": locale,
        }
        return self._call(endpoints.PRODUCT, ids={"product_id": product_id}, query=query).data

    def search_products(self, filters: Json | None = None, page_size: int = PAGE_SIZE) -> Iterator[Json]:
        """Products by status, time, SKU, … (section 3.16), page by page. No images, attributes or external ids."""
        return self._pages(endpoints.SEARCH_PRODUCTS, "products", page_size, body=filters or {})

    def product_pages(self, filters: Json | None = None) -> Iterator[list[Json]]:
        """The same search in pages of up to 100, however many it finds: beyond 10,000 hits by spans of creation time.

        Spans are halved until they fit. A product's creation time stands still, so none is missed because it moved to
        another span meanwhile; some may come twice.

        Args:
            filters: as for `search_products`, but for the creation time.

        Raises:
            Rejected: too many products were created within one second.
        """
        spans: list[tuple[int | None, int | None]] = [(None, None)]
        while spans:
            begin, end = spans.pop()
            span = {"create_time_ge": begin, "create_time_le": end}
            body = {**(filters or {}), **{name: value for name, value in span.items() if value is not None}}
            try:
                yield from pages_of(self._search_page(body), "products")
            except Rejected as error:
                first = _FIRST_SECOND if begin is None else begin
                # The platform's clock may be ahead of ours; the last span stays open in any case.
                last = int(self._clock().timestamp()) + _DAY if end is None else end
                if error.code != _TOO_MANY_HITS or first >= last:
                    raise
                middle = (first + last) // 2
                spans += [(middle + 1, end), (begin, middle)]

    def _search_page(self, body: Json) -> Callable[[str], Answer]:
        """Reads the page of a token; too many hits are refused on the first page, as they would be on the last."""

        def fetch(token: str) -> Answer:
            answer = self._call(
                endpoints.SEARCH_PRODUCTS, query={"page_size": PAGE_SIZE, "page_token": token}, body=body
            )
            if not token and int(answer.data.get("total_count") or 0) > _MOST_HITS:
                raise Rejected(
                    f"search: {answer.data['total_count']} hits",
                    shop="tiktok",
                    code=_TOO_MANY_HITS,
                    request_id=answer.request_id,
                    cause="The search finds more than 10,000 products.",
                )
            return answer

        return fetch

    def activate(self, product_ids: Sequence[str]) -> BatchAnswer:
        """Put up to 20 products on sale."""
        return self._products(endpoints.ACTIVATE, product_ids)

    def deactivate(self, product_ids: Sequence[str]) -> BatchAnswer:
        """Take up to 20 products off sale."""
        return self._products(endpoints.DEACTIVATE, product_ids)

    def delete(self, product_ids: Sequence[str]) -> BatchAnswer:
        """Delete up to 20 products; they stay recoverable for a limited time."""
        return self._products(endpoints.DELETE, product_ids)

    def recover(self, product_ids: Sequence[str]) -> BatchAnswer:
        """Bring up to 20 deleted products back."""
        return self._products(endpoints.RECOVER, product_ids)

    def update_prices(self, product_id: str, skus: Sequence[Json]) -> BatchAnswer:
        """Set prices of SKUs of one product: `{id, price{amount, currency}, …}` (section 3.19)."""
        return self._skus(endpoints.UPDATE_PRICES, product_id, skus)

    def update_inventory(self, product_id: str, skus: Sequence[Json]) -> BatchAnswer:
        """Set stock of SKUs of one product: `{id, inventory[]{warehouse_id, quantity}}` (section 3.20)."""
        return self._skus(endpoints.UPDATE_INVENTORY, product_id, skus)

    def search_inventory(self, *, product_ids: Sequence[str] = (), sku_ids: Sequence[str] = ()) -> list[Json]:
        """Available and committed stock of at most 100 products or 600 SKUs (section 3.21)."""
        if bool(product_ids) == bool(sku_ids):
            raise ValueError("give either product_ids or sku_ids")
        if len(product_ids) > 100 or len(sku_ids) > 600:
            raise ValueError("at most 100 product_ids or 600 sku_ids")
        body: Json = {"product_ids": list(product_ids)} if product_ids else {"sku_ids": list(sku_ids)}
        return rows_of(self._call(endpoints.SEARCH_INVENTORY, body=body), "inventory")

    # Product safety and size charts

    def manufacturers(self, filters: Json | None = None, page_size: int = PAGE_SIZE) -> Iterator[Json]:
        """Manufacturers for EU product safety (section 7.3)."""
        return self._pages(endpoints.MANUFACTURERS, "manufacturers", page_size, body=filters or {})

    def create_manufacturer(self, body: Json) -> str:
        """Add a manufacturer; its id."""
        return created(self._call(endpoints.CREATE_MANUFACTURER, body=body), "manufacturer_id")

    def responsible_persons(self, filters: Json | None = None, page_size: int = PAGE_SIZE) -> Iterator[Json]:
        """Responsible persons for EU product safety (section 7.3)."""
        return self._pages(endpoints.RESPONSIBLE_PERSONS, "responsible_persons", page_size, body=filters or {})

    def create_responsible_person(self, body: Json) -> str:
        """Add a responsible person; its id."""
        return created(self._call(endpoints.CREATE_RESPONSIBLE_PERSON, body=body), "responsible_person_id")

    def size_charts(
        self, *, keyword: str | None = None, locales: Sequence[str] = (), page_size: int = PAGE_SIZE
    ) -> Iterator[Json]:
        """Size chart templates by name."""
        body: Json = {"keyword": keyword} if keyword else {}
        query = {"locales": list(locales) or None}
        return self._pages(endpoints.SIZE_CHARTS, "size_chart", page_size, query=query, body=body)

    # Logistics

    def warehouses(self) -> list[Json]:
        """Sales and return warehouses; only enabled sales warehouses carry stock (section 3.8)."""
        return rows_of(self._call(endpoints.WAREHOUSES), "warehouses")

    def delivery_options(self, warehouse_id: str) -> list[Json]:
        """The delivery options of a warehouse."""
        answer = self._call(endpoints.DELIVERY_OPTIONS, ids={"warehouse_id": warehouse_id})
        return rows_of(answer, "delivery_options")

    def shipping_providers(self, delivery_option_id: str) -> list[Json]:
        """The carriers of a seller-shipped delivery option: id and name."""
        answer = self._call(endpoints.SHIPPING_PROVIDERS, ids={"delivery_option_id": delivery_option_id})
        return rows_of(answer, "shipping_providers")

    def _products(self, endpoint: Endpoint, product_ids: Sequence[str]) -> BatchAnswer:
        if not 1 <= len(product_ids) <= PRODUCTS_PER_BATCH:
            raise ValueError(f"1 to {PRODUCTS_PER_BATCH} products at a time, not {len(product_ids)}")
        answer = self._call(endpoint, body={"product_ids": list(product_ids)})
        return BatchAnswer.read(product_ids, answer)

    def _skus(self, endpoint: Endpoint, product_id: str, skus: Sequence[Json]) -> BatchAnswer:
        answer = self._call(endpoint, ids={"product_id": product_id}, body={"skus": list(skus)})
        return BatchAnswer.read([str(sku["id"]) for sku in skus], answer)


def _media_type(filename: str, otherwise: str) -> str:
    return mimetypes.guess_type(filename)[0] or otherwise
