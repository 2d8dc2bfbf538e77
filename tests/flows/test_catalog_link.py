"""catalog_link end to end: listings that the connector did not create, found, kept, matched and linked (part H)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import col, delete, select, update

from flows.catalog_link import catalog_link
from models.catalogue import Variant
from models.database import database
from models.listings import Change, ChangeKind, ChangeState, Listing, ListingSku, Touched
from tasks.inputs import NotSetUp
from tasks.linking import BY_HAND, CannotLink, LinkResult, link, sku_rows, unlink
from tests.flows.keeping_step import Listed
from tests.stall import Stall

pytestmark = pytest.mark.slow

# The reference that the sandbox's products 17 and 18 share.
TWICE = "PLT-00017"


def skus() -> dict[str, ListingSku]:
    with database().read() as session:
        return {row.sku_id: row for row in session.exec(select(ListingSku))}


def listings() -> dict[str, Listing]:
    with database().read() as session:
        return {row.product_id: row for row in session.exec(select(Listing))}


def links() -> dict[str, tuple[int | None, int | None]]:
    return {sku_id: (row.id_product, row.id_product_attribute) for sku_id, row in skus().items()}


def forget_everything_sent() -> None:
    """As if the listings had been made by somebody else before the connector came."""
    with database().write() as session:
        for table in (Listing, Change, Touched):
            session.exec(delete(table))


def disown(stall: Stall) -> None:
    """Take the cross-references off what is on TikTok Shop."""
    for product in stall.shelf.values():
        for content in (product.live, product.review):
            if content:
                content["external_product_id"] = ""
                for sku in content["skus"]:
                    sku["external_sku_id"] = ""


def rewrite(stall: Stall, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the content of everything on TikTok Shop; its update time moves."""
    for product in stall.shelf.values():
        for content in (product.live, product.review):
            if content:
                change(content)
        product.update_time += 1


def without_skus(content: dict[str, Any]) -> None:
    for sku in content["skus"]:
        sku["seller_sku"] = f"X-{sku['id']}"


def without_codes(content: dict[str, Any]) -> None:
    without_skus(content)
    for sku in content["skus"]:
        sku.pop("identifier_code", None)


@pytest.fixture
def foreign(listed: Listed) -> tuple[Stall, dict[str, tuple[int | None, int | None]]]:
    """A stall whose listings were not made by the connector, and the links that they should get."""
    right = links()
    # Two products of the sandbox have one reference: only one could be listed, and which of them cannot be told.
    doubtful = [sku_id for sku_id, row in skus().items() if row.seller_sku == TWICE]
    assert [right.pop(sku_id) for sku_id in doubtful] == [(17, 0)]
    assert len(right) > 20
    forget_everything_sent()
    disown(listed)
    return listed, right


Foreign = tuple[Stall, dict[str, tuple[int | None, int | None]]]


def run(**parameters: Any) -> LinkResult:
    result: LinkResult = catalog_link("sandbox", **parameters)
    return result


def test_listings_are_linked_by_sku_and_their_products_priced_and_counted_again(foreign: Foreign) -> None:
    stall, right = foreign
    result = run()
    assert result.counts["linked"] == result.counts["proposed"] == len(right)
    assert {sku_id: variant for sku_id, variant in links().items() if variant != (None, None)} == right
    assert {row.linked_by for row in skus().values()} == {"sku", ""}
    for listing in listings().values():
        shown = stall.shelf[listing.product_id]
        assert (listing.title, listing.status, listing.update_time) == (
            shown.content["title"],
            shown.status,
            shown.update_time,
        )
        assert listing.image_url.startswith("http")
        # What the connector did not send is not what it confirmed.
        assert (listing.content, listing.content_hash) == ({}, "")
    with database().read() as session:
        touched = {row.id_product: row.why for row in session.exec(select(Touched))}
    assert touched == {id_product: "linked" for id_product, _ in right.values()}
    assert {listing.id_product for listing in listings().values()} == {*touched, None}


def test_what_a_listing_shows_is_kept(foreign: Foreign) -> None:
    stall, _ = foreign
    run(dry_run=True)
    for sku_id, row in skus().items():
        shown = next(product for product in stall.shelf.values() if sku_id in product.offers)
        offer = shown.offers[sku_id]
        assert (format(row.price or 0, ".2f"), row.currency) == (offer.price, offer.currency)
        assert row.quantities == offer.stock
        sku = next(one for one in shown.content["skus"] if one["id"] == sku_id)
        assert row.barcode == sku.get("identifier_code", {}).get("code", "")


@pytest.mark.slow
def test_a_rehearsal_says_what_it_would_link_and_links_nothing(foreign: Foreign) -> None:
    _, right = foreign
    rehearsed = run(dry_run=True)
    assert {(one.sku_id, one.id_product, one.id_product_attribute) for one in rehearsed.proposals} == {
        (sku_id, *variant) for sku_id, variant in right.items()
    }
    assert all(one.reasons and one.method == "sku" for one in rehearsed.proposals)
    assert set(links().values()) == {(None, None)}
    assert "linked" not in rehearsed.counts
    assert run().proposals == rehearsed.proposals


@pytest.mark.slow
def test_a_second_run_reads_no_details_and_changes_nothing(foreign: Foreign) -> None:
    stall, _ = foreign
    run()
    before, rows = dict(stall.sandbox.tiktok.calls), skus()
    result = run()
    made = {name: count - before.get(name, 0) for name, count in stall.sandbox.tiktok.calls.items()}
    assert [str(name) for name, count in made.items() if count and "search" not in str(name)] == []
    assert result.proposals == []
    assert skus() == rows


@pytest.mark.slow
def test_variants_that_share_a_reference_are_left_to_people(foreign: Foreign) -> None:
    run()
    sku_id = next(sku_id for sku_id, row in skus().items() if row.seller_sku == TWICE)
    assert links()[sku_id] == (None, None)
    result = run()
    assert [(one.object, one.code) for one in result.not_ready] == [(f"SKU {sku_id}", "several_variants")]
    assert "17, 18" in result.not_ready[0].cause
    assert result.ok
    link(1, sku_id, 17)
    assert links()[sku_id] == (17, 0)
    assert run().not_ready == []


def test_listings_with_one_sku_are_left_to_people(foreign: Foreign) -> None:
    stall, right = foreign
    one, other = sorted(product_id for product_id, product in stall.shelf.items() if len(product.offers) == 1)[:2]
    shelf = stall.shelf
    shelf[other].content["skus"][0]["seller_sku"] = shelf[one].content["skus"][0]["seller_sku"]
    doubtful = {shelf[product_id].content["skus"][0]["id"] for product_id in (one, other)}
    result = run()
    assert {failure.object for failure in result.not_ready if failure.code == "several_skus"} == {
        f"SKU {sku_id}" for sku_id in doubtful
    }
    assert all(links()[sku_id] == (None, None) for sku_id in doubtful)
    assert result.counts["linked"] == len(right) - len(
        doubtful - {s for s, r in skus().items() if r.seller_sku == TWICE}
    )


def test_without_their_skus_listings_are_linked_by_gtin_and_by_title(foreign: Foreign) -> None:
    stall, right = foreign
    rewrite(stall, without_skus)
    result = run(methods=["gtin"])
    by_gtin = dict(links())
    assert all(variant in (right.get(sku_id, (17, 0)), (None, None)) for sku_id, variant in by_gtin.items())
    assert result.counts["linked"] > 20
    assert run(methods=["sku"]).proposals == []


@pytest.mark.slow
def test_without_skus_and_gtins_titles_and_values_of_variants_tell(foreign: Foreign) -> None:
    stall, right = foreign
    rewrite(stall, without_codes)
    result = run(dry_run=True)
    assert {one.method for one in result.proposals} == {"title"}
    for one in result.proposals:
        assert (one.id_product, one.id_product_attribute) == right.get(one.sku_id, (17, 0))
    assert any(one.id_product_attribute for one in result.proposals), "a listing with variants"
    # The rows are known now; values of variants are read again for the listings that need them.
    assert run().proposals == result.proposals
    assert {row.linked_by for row in skus().values() if row.id_product is not None} == {"title"}


def test_a_listing_of_ours_without_a_record_is_found_by_its_cross_reference(listed: Listed) -> None:
    right = links()
    forget_everything_sent()
    rewrite(listed, without_codes)
    assert {sku_id for sku_id, row in links().items()} == set()
    result = run()
    assert links() == right
    assert all("cross-reference" in one.reasons[0] for one in result.proposals)


@pytest.mark.slow
def test_a_listing_that_is_being_created_is_left_to_the_upload(stall: Stall) -> None:
    stall.upload()
    before = len(listings())
    lost = next(iter(listings().values()))
    with database().write() as session:
        session.exec(delete(Listing).where(col(Listing.product_id) == lost.product_id))
        session.exec(update(Change).where(col(Change.id_product) == lost.id_product).values(state=ChangeState.SENT))
    result = run()
    assert result.counts["being created"] == 1
    assert lost.product_id not in listings()
    stall.upload()
    assert len(listings()) == len(stall.on_tiktok()) == before


def test_linking_by_hand_and_taking_it_back(foreign: Foreign) -> None:
    _, right = foreign
    run(dry_run=True)
    sku_id, (id_product, attribute) = next(iter(right.items()))
    assert id_product is not None
    assert attribute is not None
    link(1, sku_id, id_product, attribute)
    row = skus()[sku_id]
    assert (row.id_product, row.id_product_attribute, row.linked_by) == (id_product, attribute, BY_HAND)
    with database().read() as session:
        listing = session.get_one(Listing, row.listing_id)
        assert session.get_one(Touched, (1, id_product)).why == "linked"
    assert listing.id_product == id_product
    assert [one.sku_id for one in sku_rows(1, linked=True)] == [sku_id]
    with pytest.raises(CannotLink, match="already linked to"):
        link(1, sku_id, id_product, attribute)
    another = next(one for one in right if one != sku_id)
    with pytest.raises(CannotLink, match=f"already linked to SKU {sku_id}"):
        link(1, another, id_product, attribute)
    with pytest.raises(CannotLink, match="No product 987654 is known"):
        link(1, another, 987654)
    with pytest.raises(CannotLink, match=r"It has: 1:1, 1:2"):
        link(1, another, 1, 99)
    with pytest.raises(CannotLink, match="No SKU 'nothing'"):
        link(1, "nothing", id_product)
    assert unlink(1, sku_id) == (id_product, attribute)
    with pytest.raises(CannotLink, match="not linked"):
        unlink(1, sku_id)
    with database().read() as session:
        assert session.get_one(Listing, row.listing_id).id_product is None


def test_what_a_person_unlinked_is_not_linked_again(foreign: Foreign) -> None:
    stall, right = foreign
    run()
    before = len(stall.shelf)
    sku_id = next(iter(right))
    unlink(1, sku_id)
    run()
    assert links()[sku_id] == (None, None)
    assert len(stall.shelf) == before
    assert sku_id in {one.sku_id for one in sku_rows(1, linked=False)}


def test_unlinking_a_listing_of_our_own_keeps_it_and_its_row(listed: Listed) -> None:
    before, own = len(listed.shelf), next(iter(skus()))
    unlink(1, own)
    assert own in skus()
    assert skus()[own].seller_sku
    assert len(listed.shelf) == before
    assert all(product.status != "DELETED" for product in listed.shelf.values())


@pytest.mark.slow
def test_what_a_person_unlinked_is_not_listed_twice(listed: Listed) -> None:
    one = next(iter(listings().values()))
    assert one.id_product is not None
    for sku_id, row in skus().items():
        if row.listing_id == one.key:
            unlink(listed.connection_id, sku_id)
    shelf = set(listed.shelf)
    assert listed.upload().counts["unlinked by a person"] == 1
    assert set(listed.shelf) == shelf
    # Asked for by name, it is taken up again: the same listing, not a second one.
    done = listed.upload(product_ids=[one.id_product])
    assert (done.counts["confirmed"], done.failures, set(listed.shelf)) == (1, [], shelf)
    assert listings()[one.product_id].id_product == one.id_product


def test_a_product_that_is_linked_as_variants_of_other_listings_is_not_listed_again(foreign: Foreign) -> None:
    stall, right = foreign
    run(dry_run=True)
    by_product: dict[int, list[str]] = {}
    for sku_id, (id_product, _) in right.items():
        by_product.setdefault(id_product or 0, []).append(sku_id)
    mixed = next(group for group in by_product.values() if len(group) > 1)
    here, there = (right[mixed[0]], next(right[group[0]] for group in by_product.values() if group != mixed))
    for sku_id, (id_product, attribute) in zip(mixed, (here, there), strict=False):
        link(stall.connection_id, sku_id, id_product or 0, attribute or 0)
    shelf = set(stall.shelf)
    result = stall.upload(product_ids=[here[0] or 0, there[0] or 0])
    assert (result.counts["linked by a person"], result.failures, set(stall.shelf)) == (2, [], shelf)


@pytest.mark.slow
def test_a_planned_creation_is_dropped_when_the_product_is_linked(foreign: Foreign) -> None:
    stall, right = foreign
    stall.upload(dry_run=True)
    run()
    with database().read() as session:
        states = {
            change.id_product: change.state
            for change in session.exec(select(Change).where(Change.kind == ChangeKind.CREATE))
        }
    assert {states[id_product] for id_product, _ in right.values() if id_product} == {ChangeState.SUPERSEDED}
    listed = len(stall.shelf)
    stall.upload(product_ids=[id_product for id_product, _ in right.values()], dry_run=True)
    assert len(stall.shelf) == listed


@pytest.mark.slow
def test_a_variant_with_a_change_on_its_way_is_not_linked_now(foreign: Foreign) -> None:
    stall, right = foreign
    stall.upload(dry_run=True)
    sku_id, (id_product, _) = next(iter(right.items()))
    with database().write() as session:
        session.exec(update(Change).where(col(Change.id_product) == id_product).values(state=ChangeState.SENT))
    result = run()
    assert "is on its way" in next(one.cause for one in result.not_ready if one.object == f"SKU {sku_id}")
    assert links()[sku_id] == (None, None)


def test_two_listings_of_one_product_share_its_variants(foreign: Foreign) -> None:
    _, right = foreign
    run(dry_run=True)
    first, second = [sku_id for sku_id, (id_product, _) in right.items() if id_product == 1]
    other = next(sku_id for sku_id, (id_product, _) in right.items() if id_product == 2)
    link(1, first, 1, 1)
    link(1, other, 1, 2)
    by_key = {listing.key: listing.id_product for listing in listings().values()}
    assert (by_key[skus()[first].listing_id], by_key[skus()[other].listing_id]) == (1, None)
    # The other listing takes over when the first one gives the product up.
    unlink(1, first)
    by_key = {listing.key: listing.id_product for listing in listings().values()}
    assert (by_key[skus()[first].listing_id], by_key[skus()[other].listing_id]) == (None, 1)
    assert second in skus()


def test_listings_that_change_or_go_are_followed(foreign: Foreign) -> None:
    stall, _ = foreign
    run(dry_run=True)
    renamed, gone = sorted(stall.shelf)[:2]
    stall.shelf[renamed].content["title"] = "Another title that somebody typed in Seller Center"
    stall.shelf[gone].status = "DELETED"
    run(dry_run=True)
    assert listings()[renamed].title == "Another title that somebody typed in Seller Center"
    assert gone not in listings()


@pytest.mark.slow
def test_faulty_shops_cost_time_and_nothing_else(foreign: Foreign) -> None:
    stall, right = foreign
    stall.faults("server_error=0.1,throttle=0.1")
    for _ in range(3):
        result = run()
        if not result.counts.get("unreadable"):
            break
    stall.faults("")
    run()
    assert {sku_id: variant for sku_id, variant in links().items() if variant != (None, None)} == right


def test_before_the_catalogue_is_known_that_is_said(stall: Stall) -> None:
    with pytest.raises(NotSetUp, match="not mirrored"):
        run()
    with database().read() as session:
        assert session.exec(select(Variant)).first() is None
