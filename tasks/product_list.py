"""PrestaShop's products and where they stand on TikTok Shop, a page at a time (G1–G4, G12, G13).

Everything is asked of our own tables; a page costs the same whatever the size of the catalogue, but for the counts,
which go over an index. This module does not need Prefect, so that lists answer at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, false, literal, or_, tuple_
from sqlmodel import Session, col, func, select

from models.catalogue import Product, ShopRecord, Variant
from models.connections import Connection, settings_in_force
from models.database import database
from models.listings import Assignment, Change, ChangeState, Listing, ListingSku, ListingStatus
from models.templates import CategoryTemplate
from rules.market import market
from rules.readback import listing_status

_SEPARATOR: Final = " > "
# Changes of a product that its page shows, newest first.
_LAST_CHANGES: Final = 8


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """Which products: text in id, reference, title or category, a template, and a word of G2; empty means any."""

    search: str = ""
    template_id: int | None = None
    status: ListingStatus | None = None


@dataclass(frozen=True, slots=True)
class ProductRow:
    """One product as a list shows it.

    Attributes:
        id: PrestaShop's id.
        category: path of its default category.
        price: with tax, as last confirmed on TikTok Shop ("12.50 GBP", or from–to of its variants); "" while unlisted.
        quantity: what PrestaShop has, over all variants.
        status: the merchant's word (G2).
        differs: what should be shown is not what is live (G12).
        image: PrestaShop's id of the cover, None without one.
        listing: TikTok's id, "" while unlisted.
        why: the first reason why it does not stand as it should (G13).
    """

    id: int
    reference: str
    title: str
    category: str
    template: str
    price: str
    quantity: int
    status: str
    differs: bool
    image: int | None
    listing: str
    why: str


@dataclass(frozen=True, slots=True)
class ProductPage:
    """A page of products, how many there are, and how many stand where among those of the search and template."""

    rows: Sequence[ProductRow]
    total: int
    counts: Mapping[ListingStatus, int]


@dataclass(frozen=True, slots=True)
class ProductDetails:
    """Everything a product's own page shows.

    Attributes:
        row: as in the list.
        findings: what keeps it from being listed, [{"code", "text", "fix"}].
        status_reasons: what TikTok Shop says about the listing, the same.
        hand_changes: what was changed on TikTok Shop by hand, [{"field", "ours", "shown"}].
        skus: its SKUs on TikTok Shop as last confirmed.
        changes: the newest changes of the product, with cause and fix of those that did not arrive.
        shop_page: the product in PrestaShop's front office.
        back_office: where the product is in the back office; the folder of the back office is the shop's own secret.
    """

    row: ProductRow
    findings: Sequence[Mapping[str, str]]
    status_reasons: Sequence[Mapping[str, str]]
    hand_changes: Sequence[Mapping[str, str]]
    image_ids: Sequence[int]
    image_url: str
    skus: Sequence[Mapping[str, Any]] = ()
    changes: Sequence[Mapping[str, str]] = ()
    shop_page: str = ""
    back_office: str = ""


class UnknownProduct(LookupError):
    """The mirror has no such product."""


def product_page(connection_id: int, wanted: ProductFilter, *, page: int, page_size: int) -> ProductPage:
    """A page of products by id.

    Args:
        connection_id: whose.
        wanted: which products.
        page: from 1.
        page_size: rows a page.
    """
    with database().read() as session:
        look = _Look(session, connection_id)
        conditions = look.conditions(wanted)
        standings = look.standings(conditions)
        counts = dict.fromkeys(ListingStatus, 0)
        for standing, number in standings.items():
            counts[_word(*standing)] += number
        if wanted.status is not None:
            conditions = [*conditions, look.stands(wanted.status, list(standings))]
        total = sum(counts.values()) if wanted.status is None else counts[wanted.status]
        rows = look.rows(conditions, limit=page_size, offset=(page - 1) * page_size)
        return ProductPage(rows, total, counts)


def listed_products(connection_id: int, template_id: int | None) -> int:
    """How many products of a template, or of all, are on TikTok Shop."""
    with database().read() as session:
        look = _Look(session, connection_id)
        standings = look.standings(look.conditions(ProductFilter(template_id=template_id)))
    return sum(number for (status, _, _), number in standings.items() if status not in (None, "DELETED"))


def product_details(connection_id: int, id_product: int) -> ProductDetails:
    """One product.

    Raises:
        UnknownProduct: PrestaShop has no product of that id, as far as is known.
    """
    with database().read() as session:
        look = _Look(session, connection_id)
        rows = look.rows([col(Product.id_product) == id_product], limit=1, offset=0)
        if not rows:
            raise UnknownProduct(
                f"No product {id_product} is known. New products are known after: "
                "connector run catalog_upload --dry-run"
            )
        product = session.get_one(Product, (connection_id, id_product))
        assignment = session.get(Assignment, (connection_id, id_product))
        connection = session.get_one(Connection, connection_id)
        skus = session.exec(
            select(ListingSku)
            .where(ListingSku.connection_id == connection_id, ListingSku.id_product == id_product)
            .order_by(col(ListingSku.id_product_attribute))
        ).all()
        listing = session.get(Listing, skus[0].listing_id) if skus else None
        of_product = col(Change.id_product) == id_product
        if listing is not None:
            of_product = or_(of_product, col(Change.object) == f"listing:{listing.key}")
        changes = session.exec(
            select(Change)
            .where(Change.connection_id == connection_id, of_product)
            .order_by(col(Change.id).desc())
            .limit(_LAST_CHANGES)
        ).all()
    return ProductDetails(
        row=rows[0],
        findings=assignment.findings if assignment is not None else [],
        status_reasons=listing.status_reasons if listing is not None else [],
        hand_changes=listing.hand_changes if listing is not None else [],
        image_ids=product.image_ids,
        image_url=listing.image_url if listing is not None else "",
        skus=[
            {
                "sku": sku.seller_sku,
                "sku_id": sku.sku_id,
                "id_product_attribute": sku.id_product_attribute,
                "price": _amount(sku.price, sku.currency),
                "quantity": sum(sku.quantities.values()),
            }
            for sku in skus
        ],
        changes=[_change(change) for change in changes],
        shop_page=f"{connection.prestashop_url.rstrip('/')}/index.php?controller=product&id_product={id_product}",
        back_office=_back_office(connection, id_product),
    )


def _change(change: Change) -> dict[str, str]:
    at = change.finished_at or change.sent_at or change.created_at
    is_well = change.state in (ChangeState.CONFIRMED, ChangeState.SUPERSEDED)
    return {
        "change": change.kind.value,
        "state": change.state.value,
        "at": at.isoformat(timespec="seconds"),
        "cause": "" if is_well else change.cause,
        "fix": "" if is_well else change.fix,
        "request_id": change.request_id,
    }


def _back_office(connection: Connection, id_product: int) -> str:
    """Where the product is in the back office (G4). The name of its folder is not known over the webservice."""
    path = f"sell/catalog/products/{id_product}"
    if connection.prestashop_version.startswith("9"):
        path += "/edit"
    return (
        f"{connection.prestashop_url.rstrip('/')}/<folder of the back office>/index.php/{path} "
        f"(or Catalog > Products, ID {id_product})"
    )


def _amount(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else f"{amount:.2f} {currency}".rstrip()


def _word(status: str | None, audit_status: str | None, is_ready: bool) -> ListingStatus:
    """The merchant's word; a product that nothing was decided about yet is not ready."""
    if status is not None:
        return listing_status(status, audit_status or "")
    return ListingStatus.NOT_UPLOADED if is_ready else ListingStatus.NOT_READY


_Standing = tuple[str | None, str | None, bool]


class _Look:
    """The query behind lists of products: each product with what was decided of it, and its listing."""

    def __init__(self, session: Session, connection_id: int) -> None:
        self._session = session
        self._id = connection_id
        # A listing may show several products, so it is found by its SKUs.
        self._linked = (
            select(col(ListingSku.id_product).label("id_product"), func.min(ListingSku.listing_id).label("listing_id"))
            .where(ListingSku.connection_id == connection_id, col(ListingSku.id_product).is_not(None))
            .group_by(col(ListingSku.id_product))
            .subquery()
        )
        self._is_ready = func.coalesce(Assignment.content_hash, "") != ""
        self._language = _language(session, connection_id)
        self._paths: dict[int, str] | None = None

    def _joined(self, query: Any) -> Any:
        return (
            query.select_from(Product)
            .outerjoin(
                Assignment,
                and_(
                    col(Assignment.connection_id) == col(Product.connection_id),
                    col(Assignment.id_product) == col(Product.id_product),
                ),
            )
            .outerjoin(self._linked, self._linked.c.id_product == col(Product.id_product))
            .outerjoin(Listing, col(Listing.id) == self._linked.c.listing_id)
            .where(col(Product.connection_id) == self._id)
        )

    def conditions(self, wanted: ProductFilter) -> list[ColumnElement[bool]]:
        """Of search and template."""
        found = []
        if wanted.template_id is not None:
            found.append(col(Assignment.template_id) == wanted.template_id)
        if text := wanted.search.strip():
            found.append(self._fits(text))
        return found

    def _fits(self, text: str) -> ColumnElement[bool]:
        # SQLite knows upper and lower case of ASCII letters only.
        spellings = dict.fromkeys((text, text.lower(), text.upper(), text.capitalize(), text.title()))
        variants = select(Variant.id_product).where(
            Variant.connection_id == self._id,
            or_(*(col(Variant.reference).icontains(one, autoescape=True) for one in spellings)),
        )
        fits: list[ColumnElement[bool]] = [col(Product.id_product).in_(variants)]
        for one in spellings:
            fits += [
                col(Product.reference).icontains(one, autoescape=True),
                col(Listing.title).icontains(one, autoescape=True),
                *(
                    col(Product.name)[language].as_string().icontains(one, autoescape=True)
                    for language in self._language
                ),
            ]
        if text.isdigit():
            fits += [col(Listing.product_id) == text]
            if len(text) < 10:
                fits += [col(Product.id_product) == int(text)]
        categories = [number for number, path in self._categories().items() if text.casefold() in path.casefold()]
        return or_(*fits, col(Product.id_category_default).in_(categories))

    def standings(self, conditions: Sequence[ColumnElement[bool]]) -> dict[_Standing, int]:
        """How many products have which status, audit status and readiness."""
        query = (
            self._joined(select(Listing.status, Listing.audit_status, self._is_ready, func.count()))
            .where(*conditions)
            .group_by(col(Listing.status), col(Listing.audit_status), self._is_ready)
        )
        return {(status, audit, bool(ready)): number for status, audit, ready, number in self._session.exec(query)}

    def stands(self, word: ListingStatus, standings: Sequence[_Standing]) -> ColumnElement[bool]:
        """The condition for one of the merchant's words: which of the standings that occur it stands for."""
        pairs = {(status, audit or "") for status, audit, ready in standings if status is not None}
        of_listings = [pair for pair in pairs if listing_status(*pair) is word]
        found: list[ColumnElement[bool]] = [
            tuple_(col(Listing.status), col(Listing.audit_status)).in_(of_listings) if of_listings else false()
        ]
        if word in (ListingStatus.NOT_UPLOADED, ListingStatus.NOT_READY):
            ready = literal(word is ListingStatus.NOT_UPLOADED)
            found.append(and_(col(Listing.id).is_(None), self._is_ready == ready))
        return or_(*found)

    def rows(self, conditions: Sequence[ColumnElement[bool]], *, limit: int, offset: int) -> list[ProductRow]:
        """Products in the order of their ids."""
        query = (
            self._joined(select(Product, Assignment, Listing))
            .where(*conditions)
            .order_by(col(Product.id_product))
            .limit(limit)
            .offset(offset)
        )
        found = self._session.exec(query).all()
        prices = self._prices([product.id_product for product, _, _ in found])
        templates = dict(
            self._session.exec(
                select(CategoryTemplate.id, CategoryTemplate.name).where(CategoryTemplate.connection_id == self._id)
            ).all()
        )
        return [
            self._row(product, assignment, listing, prices.get(product.id_product, ""), templates)
            for product, assignment, listing in found
        ]

    def _row(
        self,
        product: Product,
        assignment: Assignment | None,
        listing: Listing | None,
        price: str,
        templates: Mapping[int | None, str],
    ) -> ProductRow:
        wanted = assignment.content_hash if assignment is not None else ""
        status = _word(
            listing.status if listing is not None else None,
            listing.audit_status if listing is not None else None,
            bool(wanted),
        )
        reasons = [
            *(listing.status_reasons if listing is not None else ()),
            *(assignment.findings if assignment is not None else ()),
        ]
        return ProductRow(
            id=product.id_product,
            reference=product.reference,
            title=self._text(product.name) or (listing.title if listing is not None else ""),
            category=self._categories().get(product.id_category_default, ""),
            template=templates.get(assignment.template_id, "") if assignment is not None else "",
            price=price,
            quantity=product.quantity,
            status=status.value,
            # Content that was there before the connector is the merchant's own, and is not compared.
            differs=bool(listing is not None and listing.content and wanted and listing.content_hash != wanted),
            image=product.image_ids[0] if product.image_ids else None,
            listing=listing.product_id if listing is not None else "",
            why=reasons[0]["text"] if reasons else "",
        )

    def _prices(self, ids: Sequence[int]) -> dict[int, str]:
        """Confirmed prices of a page's products, as one or as from–to."""
        amounts: dict[int, list[Decimal]] = defaultdict(list)
        currencies: dict[int, str] = {}
        for sku in self._session.exec(
            select(ListingSku).where(ListingSku.connection_id == self._id, col(ListingSku.id_product).in_(ids))
        ):
            if sku.id_product is not None and sku.price is not None:
                amounts[sku.id_product].append(sku.price)
                currencies[sku.id_product] = sku.currency
        shown = {}
        for id_product, some in amounts.items():
            low, high = min(some), max(some)
            until = _amount(high, currencies[id_product])
            shown[id_product] = until if low == high else f"{low:.2f}–{until}"
        return shown

    def _text(self, texts: Mapping[str, str]) -> str:
        for language in self._language:
            if texts.get(language):
                return texts[language]
        return next((text for text in texts.values() if text), "")

    def _categories(self) -> Mapping[int, str]:
        """Paths of PrestaShop's categories, without the root that everything is below of. A small table."""
        if self._paths is None:
            records = {
                row.id: row.data
                for row in self._session.exec(
                    select(ShopRecord).where(ShopRecord.connection_id == self._id, ShopRecord.resource == "categories")
                )
            }
            self._paths = {number: self._path(records, number) for number in records}
        return self._paths

    def _path(self, records: Mapping[int, Mapping[str, Any]], number: int) -> str:
        line: list[str] = []
        seen: set[int] = set()
        at = number
        while at in records and at not in seen:
            seen.add(at)
            name = records[at].get("name")
            line.insert(0, self._text(name) if isinstance(name, Mapping) else str(name or ""))
            at = int(records[at].get("id_parent") or 0)
        return _SEPARATOR.join(line[1:] or line)


def _language(session: Session, connection_id: int) -> list[str]:
    """PrestaShop ids, as text, of the language that is sent (B5) and of the shop's own, as far as they are known."""
    _, document = settings_in_force(session, connection_id)
    region = session.get_one(Connection, connection_id).region
    wanted = document.products.language or market(region).language
    records = session.exec(
        select(ShopRecord).where(
            ShopRecord.connection_id == connection_id,
            col(ShopRecord.resource).in_(["languages", "configurations"]),
        )
    ).all()
    sent = [
        str(row.id)
        for row in records
        if row.resource == "languages"
        and wanted in (str(row.data.get("iso_code", "")).lower(), str(row.data.get("locale") or "")[:2].lower())
    ]
    own = [
        str(row.data["PS_LANG_DEFAULT"])
        for row in records
        if row.resource == "configurations" and row.data.get("PS_LANG_DEFAULT")
    ]
    return list(dict.fromkeys([*sent[:1], *own])) or ["1"]
