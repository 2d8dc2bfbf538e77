"""Linking SKUs on TikTok Shop to PrestaShop variants, by proposal or by hand, and taking links back (H2–H4).

Nothing here changes anything on TikTok Shop. A link makes the price and stock of its product be worked out again, in
the same transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import load_only
from sqlmodel import Session, col, select

from models.catalogue import Product, Variant
from models.database import database
from models.listings import Change, ChangeKind, ChangeState, Listing, ListingSku
from rules.identifiers import seller_sku
from rules.linking import Ambiguity, ListedSku, Method, Proposal, Proposals, ShopVariant, VariantKey, propose
from rules.texts import text_in
from tasks.foreign_listings import Facts
from tasks.inputs import Inputs, NotSetUp, inputs_of
from tasks.report import BatchReport, Failure, RunResult
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import Shops, open_shops, utc_now
from tasks.touched import touch

BY_HAND: Final = "hand"
"""`linked_by` of a link that a person made, and of a SKU that a person unlinked: auto-link leaves both alone."""

_COMPARED: Final = ("reference", "supplier_reference", "ean13", "upc", "isbn", "mpn")


class CannotLink(LookupError):
    """This link cannot be made or taken back. The text says why and what to do."""


class ProposedLink(BaseModel):
    """One proposal, for people and machines; `score` is percent."""

    product_id: str
    sku_id: str
    title: str
    seller_sku: str
    barcode: str
    id_product: int
    id_product_attribute: int
    method: Method
    score: float
    reasons: list[str]

    @classmethod
    def of(cls, proposal: Proposal) -> ProposedLink:
        """The proposal of the rule."""
        sku = proposal.sku
        return cls(
            product_id=sku.product_id,
            sku_id=sku.sku_id,
            title=sku.title,
            seller_sku=sku.seller_sku,
            barcode=sku.barcode,
            id_product=proposal.variant[0],
            id_product_attribute=proposal.variant[1],
            method=proposal.method,
            score=proposal.score,
            reasons=[reason.text for reason in proposal.reasons],
        )

    def as_row(self) -> dict[str, Any]:
        """As a row of a table artifact."""
        return {
            "SKU id": self.sku_id,
            "title": self.title,
            "SKU": self.seller_sku,
            "barcode": self.barcode,
            "variant": variant_name((self.id_product, self.id_product_attribute)),
            "method": self.method,
            "score": self.score,
            "reasons": "; ".join(self.reasons),
        }


class LinkResult(RunResult):
    """What catalog_link returns: the figures, and the links it made or (in a rehearsal) would make.

    SKUs that match in several ways are in `not_ready`: a person may link them, the run goes on without.
    """

    proposals: list[ProposedLink] = Field(default_factory=list)


def variant_name(variant: VariantKey) -> str:
    """ "42:7", or "42" for a product without combinations: what `connector links link` takes."""
    id_product, attribute = variant
    return f"{id_product}:{attribute}" if attribute else str(id_product)


@task(name="propose links", cache_policy=NO_CACHE, **on_retryable)
def propose_links(run: Run, methods: Sequence[Method], facts: Mapping[str, Facts]) -> Proposals:
    """Match all SKUs that are not linked with all variants.

    Args:
        run: the run.
        methods: which to use.
        facts: by SKU id, of the listings that were read in this run.

    Raises:
        NotSetUp: the catalogue was not mirrored yet.
    """
    shops = open_shops(run.connection_id)
    inputs = inputs_of(shops, run.plan, utc_now())
    with database().read() as session:
        skus = _open_skus(session, run.connection_id, facts)
        variants = _shop_variants(session, shops, inputs)
    if not variants:
        raise NotSetUp("The PrestaShop catalogue was not mirrored yet. Run: connector run catalog_upload --dry-run")
    return propose(skus, variants, methods)


def _open_skus(session: Session, connection_id: int, facts: Mapping[str, Facts]) -> list[ListedSku]:
    rows = session.exec(
        select(ListingSku, Listing.product_id, Listing.title)
        .join(Listing, col(Listing.id) == col(ListingSku.listing_id))
        .where(ListingSku.connection_id == connection_id, Listing.status != "DELETED")
    ).all()
    is_open = {sku.sku_id: sku.id_product is None and sku.linked_by != BY_HAND for sku, _, _ in rows}
    settled = {product_id for sku, product_id, _ in rows if not is_open[sku.sku_id]}
    nothing = Facts()
    return [
        ListedSku(
            product_id=product_id,
            sku_id=sku.sku_id,
            title=title,
            seller_sku=sku.seller_sku,
            barcode=sku.barcode,
            values=facts.get(sku.sku_id, nothing).values,
            created_for=facts.get(sku.sku_id, nothing).created_for,
            rest_is_open=product_id not in settled,
        )
        for sku, product_id, title in rows
        if is_open[sku.sku_id]
    ]


def _shop_variants(session: Session, shops: Shops, inputs: Inputs) -> list[ShopVariant]:
    linked = set(
        session.exec(
            select(ListingSku.id_product, ListingSku.id_product_attribute).where(
                ListingSku.connection_id == shops.id, col(ListingSku.id_product).is_not(None)
            )
        )
    )
    # Without descriptions: of a large catalogue they alone would fill the memory.
    products = {
        product.id_product: product
        for product in session.exec(
            select(Product)
            .where(Product.connection_id == shops.id, Product.state == 1)
            .options(load_only(*(getattr(Product, name) for name in ("id_product", "name", *_COMPARED))))
        )
    }
    columns = ("id_product", "id_product_attribute", "option_value_ids", *_COMPARED)
    variants = session.exec(
        select(Variant)
        .where(Variant.connection_id == shops.id)
        .options(load_only(*(getattr(Variant, name) for name in columns)))
    )
    return [
        _shop_variant(shops, inputs, products[variant.id_product], variant, linked)
        for variant in variants
        if variant.id_product in products
    ]


def _shop_variant(
    shops: Shops, inputs: Inputs, product: Product, variant: Variant, linked: set[tuple[int | None, int | None]]
) -> ShopVariant:
    # What a simple product's own row lacks is on the product; a combination never borrows (rules.identifiers).
    own: list[Product | Variant] = [variant] if variant.id_product_attribute else [variant, product]

    def text(name: str) -> str:
        return next((found for row in own if (found := str(getattr(row, name)).strip())), "")

    return ShopVariant(
        id_product=variant.id_product,
        id_product_attribute=variant.id_product_attribute,
        sku=seller_sku(product, variant, shops.settings.products.sku_source, shops.market).value or "",
        reference=text("reference"),
        gtins=(text("ean13"), text("upc"), text("isbn")),
        title=text_in(product.name, inputs.language_id, inputs.fallback_language_id),
        values=tuple(
            inputs.names.option_values[value][1]
            for value in variant.option_value_ids
            if value in inputs.names.option_values
        ),
        linked=(variant.id_product, variant.id_product_attribute) in linked,
    )


def ambiguous_failure(ambiguity: Ambiguity) -> Failure:
    """What a person is told about a SKU that matches in several ways."""
    sku = ambiguity.sku
    names = [variant_name(variant) for variant in ambiguity.candidates]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return Failure(
        object=f"SKU {sku.sku_id}",
        code=ambiguity.reason.code,
        cause=f"“{sku.title}” ({sku.seller_sku or 'no SKU'}): {ambiguity.reason.text}. "
        f"It may be {', '.join(names[:5])}{more}.",
        fix=f"Link it by hand: connector links link {sku.sku_id} {names[0]}",
    )


@task(name="store links", cache_policy=NO_CACHE, **on_retryable)
def store_links(run: Run, proposals: Sequence[Proposal]) -> BatchReport:
    """Make the proposed links that are still possible, a batch in one transaction."""
    report = BatchReport()
    now = utc_now()
    with database().write() as session:
        for proposal in proposals:
            sku = session.exec(_sku_query(run.connection_id, proposal.sku.sku_id)).first()
            if sku is None or sku.linked_by == BY_HAND:
                # Gone, or decided by a person, since it was proposed.
                report.count("no longer open")
                continue
            try:
                _link(session, sku, proposal.variant, proposal.method, now)
            except CannotLink as refused:
                report.not_ready.append(
                    Failure(object=f"SKU {sku.sku_id}", code="cannot_link", cause=str(refused), fix="")
                )
                report.count("not linked")
            else:
                report.count("linked")
    return report


def link(connection_id: int, sku_id: str, id_product: int, id_product_attribute: int = 0) -> None:
    """Link a SKU on TikTok Shop to a variant by hand (H2).

    Raises:
        CannotLink: the SKU or the variant is not known, or one of them is linked already.
    """
    with database().write() as session:
        _link(
            session, _known_sku(session, connection_id, sku_id), (id_product, id_product_attribute), BY_HAND, utc_now()
        )


def unlink(connection_id: int, sku_id: str) -> VariantKey:
    """Take a link back (H4); auto-link leaves the SKU alone from then on. Answers the variant it was linked to.

    Nothing is changed on TikTok Shop: what it shows stays as it is, without being kept in step.

    Raises:
        CannotLink: the SKU is not known or not linked, or a change of its listing is on its way.
    """
    with database().write() as session:
        sku = _known_sku(session, connection_id, sku_id)
        if sku.id_product is None or sku.id_product_attribute is None:
            raise CannotLink(f"SKU {sku_id} is not linked.")
        was = (sku.id_product, sku.id_product_attribute)
        objects = [f"listing:{sku.listing_id}", f"product:{was[0]}"]
        _not_under_way(session, connection_id, objects, "unlinked")
        # Planned for the listing as it was; what stays linked of it is planned again.
        _supersede(session, connection_id, objects, "The SKU was unlinked.")
        touch(session, connection_id, [was[0]], "unlinked", utc_now())
        sku.id_product = sku.id_product_attribute = None
        sku.linked_by = BY_HAND
        session.flush()
        _settle(session, connection_id, was[0], sku.listing_id)
    return was


def _sku_query(connection_id: int, sku_id: str) -> Any:
    return select(ListingSku).where(ListingSku.connection_id == connection_id, ListingSku.sku_id == sku_id)


def _known_sku(session: Session, connection_id: int, sku_id: str) -> ListingSku:
    sku: ListingSku | None = session.exec(_sku_query(connection_id, sku_id)).first()
    if sku is None:
        raise CannotLink(
            f"No SKU {sku_id!r} is known on TikTok Shop. See: connector links unlinked; "
            "new listings are known after: connector links propose"
        )
    return sku


def _link(session: Session, sku: ListingSku, variant: VariantKey, by: str, now: datetime) -> None:
    id_product, attribute = variant
    if sku.id_product is not None:
        to = variant_name((sku.id_product, sku.id_product_attribute or 0))
        raise CannotLink(
            f"SKU {sku.sku_id} is already linked to {to}. Unlink it first: connector links unlink {sku.sku_id}"
        )
    _check_variant(session, sku.connection_id, variant)
    if holder := _holder(session, sku.connection_id, variant):
        raise CannotLink(
            f"The variant {variant_name(variant)} is already linked to SKU {holder}. "
            f"Unlink that first: connector links unlink {holder}"
        )
    objects = [f"product:{id_product}"]
    _not_under_way(session, sku.connection_id, objects, "linked")
    try:
        with session.begin_nested():
            sku.id_product, sku.id_product_attribute, sku.linked_by = id_product, attribute, by
            session.add(sku)
    except IntegrityError:
        session.refresh(sku)
        raise CannotLink(f"The variant {variant_name(variant)} was linked to another SKU just now.") from None
    # It is on TikTok Shop now; creating it would list it twice.
    _supersede(session, sku.connection_id, objects, "A listing on TikTok Shop was linked to the product.")
    _settle(session, sku.connection_id, id_product, sku.listing_id)
    touch(session, sku.connection_id, [id_product], "linked", now)


def _check_variant(session: Session, connection_id: int, variant: VariantKey) -> None:
    id_product, attribute = variant
    if session.get(Variant, (connection_id, id_product, attribute)) is not None:
        return
    combinations = session.exec(
        select(Variant.id_product_attribute)
        .where(Variant.connection_id == connection_id, Variant.id_product == id_product)
        .order_by(col(Variant.id_product_attribute))
    ).all()
    if combinations:
        names = ", ".join(variant_name((id_product, one)) for one in combinations[:10])
        raise CannotLink(f"Product {id_product} has no variant {variant_name(variant)}. It has: {names}")
    raise CannotLink(
        f"No product {id_product} is known. A new one is known after: connector run catalog_upload --dry-run"
    )


def _holder(session: Session, connection_id: int, variant: VariantKey) -> str | None:
    return session.exec(
        select(ListingSku.sku_id).where(
            ListingSku.connection_id == connection_id,
            ListingSku.id_product == variant[0],
            ListingSku.id_product_attribute == variant[1],
        )
    ).first()


def _not_under_way(session: Session, connection_id: int, objects: Sequence[str], what: str) -> None:
    """What is on its way records its outcome with the links it began with."""
    sent = session.exec(
        select(Change.kind).where(
            Change.connection_id == connection_id,
            col(Change.object).in_(objects),
            Change.state == ChangeState.SENT,
        )
    ).first()
    if sent is not None:
        raise CannotLink(
            f"A change ({ChangeKind(sent).value}) is on its way to TikTok Shop, so the SKU cannot be {what} now. "
            "Try again when the run has ended."
        )


def _supersede(session: Session, connection_id: int, objects: Sequence[str], cause: str) -> None:
    for change in session.exec(
        select(Change).where(
            Change.connection_id == connection_id,
            col(Change.object).in_(objects),
            Change.state == ChangeState.PLANNED,
        )
    ):
        change.state = ChangeState.SUPERSEDED
        change.code, change.cause, change.finished_at = "links_changed", cause, utc_now()


def _settle(session: Session, connection_id: int, id_product: int, listing_id: int) -> None:
    """Say of every listing concerned which product it shows: the one of all its linked SKUs, and of no other listing.

    Args:
        session: a writing session.
        connection_id: whose.
        id_product: the product that a SKU was linked to or unlinked from.
        listing_id: the listing of that SKU.
    """
    products: dict[int, set[int]] = defaultdict(set)
    beside = select(ListingSku.listing_id).where(
        ListingSku.connection_id == connection_id, ListingSku.id_product == id_product
    )
    for of_listing, of_product in session.exec(
        select(ListingSku.listing_id, ListingSku.id_product).where(
            col(ListingSku.listing_id).in_(beside) | (col(ListingSku.listing_id) == listing_id)
        )
    ):
        products[of_listing].update(() if of_product is None else (of_product,))
    listings = session.exec(select(Listing).where(col(Listing.id).in_(products)).order_by(col(Listing.id))).all()
    for listing in listings:
        if listing.id_product is not None and products[listing.key] != {listing.id_product}:
            listing.id_product = None
    # Given up before it is taken over: the two would share it for a moment otherwise.
    session.flush()
    for listing in listings:
        only = next(iter(products[listing.key])) if len(products[listing.key]) == 1 else None
        if only is None or listing.id_product is not None:
            continue
        shown = select(Listing.id).where(Listing.connection_id == connection_id, Listing.id_product == only)
        if session.exec(shown).first() is None:
            listing.id_product = only
            session.flush()


@dataclass(frozen=True, slots=True)
class SkuRow:
    """A SKU on TikTok Shop as the lists of linked and unlinked ones show it (H1, H4).

    Attributes:
        id: TikTok's id of the listing.
        name: the listing's title.
        variant: "42:7", or "" when not linked.
        linked_by: "hand", "sku", "gtin", "title", or "" (not linked, or created by the connector).
    """

    id: str
    sku_id: str
    image: str
    name: str
    sku: str
    barcode: str
    status: str
    variant: str
    linked_by: str


def sku_rows(connection_id: int, *, linked: bool) -> list[SkuRow]:
    """All SKUs that are linked, or all that are not, in the order of TikTok's ids."""
    with database().read() as session:
        rows = session.exec(
            select(ListingSku, Listing)
            .join(Listing, col(Listing.id) == col(ListingSku.listing_id))
            .where(
                ListingSku.connection_id == connection_id,
                col(ListingSku.id_product).is_not(None) if linked else col(ListingSku.id_product).is_(None),
            )
            .order_by(col(Listing.product_id), col(ListingSku.sku_id))
        ).all()
    return [
        SkuRow(
            id=listing.product_id,
            sku_id=sku.sku_id,
            image=listing.image_url,
            name=listing.title,
            sku=sku.seller_sku,
            barcode=sku.barcode,
            status=listing.status,
            variant="" if sku.id_product is None else variant_name((sku.id_product, sku.id_product_attribute or 0)),
            linked_by=sku.linked_by if linked else "",
        )
        for sku, listing in rows
    ]
