"""catalog_upload end to end: real clients, real HTTP, both shops simulated."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import col, select

from clients.errors import ConfigurationFault
from flows.apply_plan import apply_plan
from models.catalogue import Media, Product, Variant
from models.connections import Connection, settings_in_force, store_settings
from models.database import database
from models.listings import Assignment, Change, ChangeState, Listing, ListingSku, ListingStatus
from models.settings import ConnectionSettings
from rules.listing import create_body
from tasks import creating
from tasks import mirror as tasks_mirror
from tasks.planning import products_to_decide
from tasks.runs import Progress
from tasks.statuses import read_statuses, status_counts
from tasks.uploading import changes_to_send
from tests.flows.keeping_step import Listed
from tests.stall import Stall

pytestmark = pytest.mark.slow


def listed_ids(stall: Stall) -> list[int]:
    with database().read() as session:
        return [
            id_product
            for id_product in session.exec(select(Listing.id_product).order_by(col(Listing.id_product)))
            if id_product is not None
        ]


def changes(state: ChangeState) -> list[Change]:
    with database().read() as session:
        return list(session.exec(select(Change).where(Change.state == state)))


def test_every_product_is_listed_or_says_why_not(stall: Stall) -> None:
    result = stall.upload()
    assert result.counts["confirmed"] == len(stall.on_tiktok()) > 10
    counts = status_counts(stall.connection_id)
    assert sum(counts.values()) == 24
    assert counts[ListingStatus.NOT_UPLOADED] == 0
    with database().read() as session:
        assignments = session.exec(select(Assignment)).all()
    for assignment in assignments:
        assert bool(assignment.content_hash) != bool(assignment.findings)
        assert all(finding["text"] and finding["fix"] for finding in assignment.findings)


def test_what_was_recorded_is_what_tiktok_shows(stall: Stall) -> None:
    stall.upload()
    shelf = stall.shelf
    with database().read() as session:
        skus = session.exec(select(ListingSku)).all()
        listings = {listing.key: listing for listing in session.exec(select(Listing))}
    assert skus
    for sku in skus:
        offer = shelf[listings[sku.listing_id].product_id].offers[sku.sku_id]
        assert offer.stock == sku.quantities
        assert (str(sku.price.normalize()), sku.currency) == (  # type: ignore[union-attr]  # a listed SKU has a price
            str(type(sku.price)(offer.price).normalize()),  # type: ignore[misc]
            offer.currency,
        )


def test_sold_out_variants_show_nothing_to_buy(stall: Stall) -> None:
    stall.upload()
    with database().read() as session:
        empty = [sku for sku in session.exec(select(ListingSku)) if set(sku.quantities.values()) == {0}]
        listings = {listing.key: listing.product_id for listing in session.exec(select(Listing))}
    assert empty, "the sandbox's catalogue has variants without stock"
    for sku in empty:
        assert sum(stall.shelf[listings[sku.listing_id]].offers[sku.sku_id].stock.values()) == 0


def test_a_second_run_sends_nothing(listed: Listed) -> None:
    read_statuses.fn(listed.connection_id, 0)
    before = dict(listed.sandbox.tiktok.calls)
    result = listed.upload()
    assert dict(listed.sandbox.tiktok.calls) == before
    assert "confirmed" not in result.counts
    assert result.counts["unchanged"] == len(listed_ids(listed))


def test_pictures_are_uploaded_once_per_content(stall: Stall) -> None:
    stall.upload()
    with database().read() as session:
        media = session.exec(select(Media)).all()
    assert len({(one.content_hash, one.use_case) for one in media}) == len(media)
    uploads = stall.calls("images/upload") or stall.calls("upload_image")
    assert uploads <= len(media) + 1


def test_a_dry_run_sends_nothing_and_its_plan_can_be_applied(stall: Stall) -> None:
    plan = stall.upload(dry_run=True)
    assert not stall.shelf
    assert plan.plan is not None
    result = apply_plan(plan.plan)
    assert result.counts["confirmed"] + result.counts.get("not ready after all", 0) == plan.counts["to create"]
    assert len(stall.on_tiktok()) == result.counts["confirmed"]


def test_planning_twice_keeps_the_idempotency_key_of_what_is_still_right(stall: Stall) -> None:
    first, second = stall.upload(dry_run=True), stall.upload(dry_run=True)
    planned = changes(ChangeState.PLANNED)
    assert {change.plan_id for change in planned} == {second.plan}
    assert {change.idempotency_key.rsplit("-", 1)[1] for change in planned} == {str(first.plan)}
    assert not changes(ChangeState.SUPERSEDED)


def test_what_is_no_longer_current_in_a_plan_is_not_sent(stall: Stall) -> None:
    plan = stall.upload(dry_run=True)
    renamed = changes(ChangeState.PLANNED)[0].id_product
    assert renamed is not None
    assert plan.plan is not None
    stall.sandbox.prestashop.rename(renamed, "Renamed since the plan was made")
    result = apply_plan(plan.plan)
    with database().read() as session:
        states = session.exec(
            select(Change.state).where(Change.plan_id == plan.plan, Change.id_product == renamed)
        ).all()
    assert states == [ChangeState.SUPERSEDED]
    assert f"ps-1:{renamed}" not in stall.on_tiktok()
    assert result.counts["confirmed"] > 0


def test_a_content_change_is_one_edit_of_one_product(listed: Listed) -> None:
    changed = listed_ids(listed)[0]
    listed.sandbox.prestashop.rename(changed, "A better name for the same thing")
    before = {external: product.submissions for external, product in listed.on_tiktok().items()}
    result = listed.upload()
    assert result.counts["to edit"] == result.counts["confirmed"] == 1
    after = listed.on_tiktok()
    assert {external for external in after if after[external].submissions != before[external]} == {f"ps-1:{changed}"}
    assert after[f"ps-1:{changed}"].newest["title"] == "A better name for the same thing"


def test_price_and_stock_changes_are_no_reason_to_edit(listed: Listed) -> None:
    product = listed_ids(listed)[0]
    listed.sandbox.prestashop.set_stock(product, 3)
    assert "to edit" not in listed.upload().counts


def test_an_edit_waits_while_the_listing_is_under_review(stall: Stall) -> None:
    stall.upload()
    changed = listed_ids(stall)[0]
    stall.sandbox.prestashop.rename(changed, "Renamed during the review")
    waiting = stall.upload()
    assert waiting.counts["waiting"] == 1
    assert stall.on_tiktok()[f"ps-1:{changed}"].submissions == 1
    stall.finish_audits()
    assert stall.upload().counts["confirmed"] == 1
    assert stall.on_tiktok()[f"ps-1:{changed}"].submissions == 2


def test_a_live_variant_is_not_dropped_without_consent(listed: Listed) -> None:
    with database().read() as session:
        skus = session.exec(select(ListingSku).order_by(col(ListingSku.sku_id))).all()
    # A product that keeps other variants.
    sku = next(one for one in skus if sum(one.id_product == other.id_product for other in skus) > 2)
    assert sku.id_product_attribute is not None
    listed.sandbox.prestashop.delete_combination(sku.id_product_attribute)
    parked = listed.upload(product_ids=[sku.id_product])
    assert [failure.code for failure in parked.failures] == ["variant_guard"]
    assert any(offer == sku.sku_id for product in listed.shelf.values() for offer in product.offers)
    with database().write() as session:
        _, document = settings_in_force(session, listed.connection_id)
        document.products.consent_to_drop_variants = True
        store_settings(session, listed.connection_id, document, note="consent", now=datetime.now(UTC))
    done = listed.upload(product_ids=[sku.id_product])
    assert (done.counts.get("confirmed"), done.failures) == (1, [])
    assert all(one["id"] != sku.sku_id for product in listed.shelf.values() for one in product.newest["skus"])


def test_only_the_products_asked_for_are_looked_at(stall: Stall) -> None:
    stall.upload(dry_run=True)
    wanted = changes(ChangeState.PLANNED)[0].id_product
    assert wanted is not None
    stall.upload(product_ids=[wanted])
    assert set(stall.on_tiktok()) == {f"ps-1:{wanted}"}


def test_only_the_template_asked_for_is_uploaded(stall: Stall) -> None:
    stall.upload(template="Mugs")
    assert {product.newest["category_id"] for product in stall.shelf.values()} == {"853000"}


def test_an_unknown_template_is_named_with_those_there_are(stall: Stall) -> None:
    with pytest.raises(LookupError, match=r"no category template called 'Hats'.*Cushions"):
        stall.upload(template="Hats")


def test_refused_listings_say_why(stall: Stall) -> None:
    stall.upload(dry_run=True)
    suspect = changes(ChangeState.PLANNED)[0].id_product
    assert suspect is not None
    stall.sandbox.prestashop.rename(suspect, "A replica of something famous")
    stall.upload(product_ids=[suspect])
    stall.finish_audits()
    read_statuses.fn(stall.connection_id, 0)
    with database().read() as session:
        listing = session.exec(select(Listing).where(Listing.id_product == suspect)).one()
    assert listing.status == "FAILED"
    assert listing.status_reasons[0]["text"]
    assert listing.status_reasons[0]["fix"]


def test_one_bad_product_never_stops_the_others(stall: Stall) -> None:
    stall.faults("item_errors=1")
    stall.upload(dry_run=True)
    first = changes(ChangeState.PLANNED)[0]
    with database().write() as session:
        change = session.get_one(Change, first.key)
        # A title the platform refuses, slipped in behind the rules' back.
        spoiled = {**change.after["content"], "category_id": "1"}
        change.after = {**change.after, "content": spoiled}
        assert change.plan_id == first.plan_id
    result = apply_plan(first.plan_id)
    assert [failure.code for failure in result.failures if failure.object == f"product {first.id_product}"] == [
        "12052025"
    ]
    assert result.counts["confirmed"] > 10


def test_what_was_refused_waits_for_a_change_or_a_person(stall: Stall) -> None:
    stall.upload(dry_run=True)
    refused = changes(ChangeState.PLANNED)[0].id_product
    assert refused is not None
    stall.sandbox.tiktok.shop.daily_listing_quota = 0
    assert [failure.code for failure in stall.upload(product_ids=[refused]).failures] == ["45101004"]
    stall.sandbox.tiktok.shop.daily_listing_quota = None
    assert stall.upload(product_ids=[refused]).counts["still parked"] == 1
    assert not stall.shelf
    assert stall.upload(product_ids=[refused], retry_parked=True).counts["confirmed"] == 1


def test_a_fault_of_ours_with_one_product_is_that_products(stall: Stall, monkeypatch: pytest.MonkeyPatch) -> None:
    stall.upload(dry_run=True)
    broken = changes(ChangeState.PLANNED)[0].id_product

    def faulty(content: Any, **arguments: Any) -> Any:
        if content.external_product_id == f"ps-1:{broken}":
            raise KeyError("unforeseen")
        return create_body(content, **arguments)

    monkeypatch.setattr(creating, "create_body", faulty)
    result = stall.upload()
    assert [(failure.object, failure.code) for failure in result.failures if failure.code == "internal_error"] == [
        (f"product {broken}", "internal_error")
    ]
    assert result.counts["confirmed"] > 10


@pytest.mark.parametrize(
    "faults",
    ["reset_after=0.5@POST /product/202309/products", "server_error=0.5@POST /product/202309/products"],
    ids=["answer lost after the work", "5xx"],
)
def test_an_uncertain_creation_is_looked_up_before_it_is_repeated(stall: Stall, faults: str) -> None:
    stall.faults(faults)
    for _ in range(4):
        stall.upload()
    stall.faults("")
    stall.upload()
    assert len(stall.on_tiktok()) == len(listed_ids(stall))
    assert not changes(ChangeState.SENT)
    assert not changes(ChangeState.PLANNED)


def test_a_change_left_in_sent_by_a_dead_run_is_adopted(stall: Stall) -> None:
    stall.upload()
    with database().write() as session:
        change = session.exec(select(Change).where(Change.state == ChangeState.CONFIRMED)).first()
        assert change is not None
        listing = session.exec(select(Listing).where(Listing.id_product == change.id_product)).one()
        session.delete(listing)
        change.state = ChangeState.SENT
        lost = change.id_product
    before = set(stall.shelf)
    stall.upload()
    assert set(stall.shelf) == before
    assert lost in listed_ids(stall)


def test_a_parked_creation_that_had_happened_is_found_by_the_sku_it_was_sent_with(listed: Listed) -> None:
    with database().write() as session:
        change = session.exec(select(Change).where(Change.state == ChangeState.CONFIRMED)).first()
        assert change is not None
        assert change.id_product is not None
        lost = change.id_product
        session.delete(session.exec(select(Listing).where(Listing.id_product == lost)).one())
        change.state, change.code = ChangeState.PARKED, "internal_error"
    before = set(listed.shelf)
    # Another reference, so that neither the new SKUs nor the content lead back to what was created.
    listed.sandbox.prestashop.set_fields("products", lost, {"reference": "RENAMED-SINCE"})
    with database().read() as session:
        combinations = session.exec(
            select(Variant.id_product_attribute).where(Variant.id_product == lost, Variant.id_product_attribute > 0)
        ).all()
    for combination in combinations:
        listed.sandbox.prestashop.set_fields("combinations", combination, {"reference": f"RENAMED-{combination}"})
    listed.upload(product_ids=[lost])
    assert set(listed.shelf) == before
    assert lost in listed_ids(listed)
    listed.upload(product_ids=[lost])
    assert all(sku["seller_sku"].startswith("RENAMED") for sku in listed.on_tiktok()[f"ps-1:{lost}"].newest["skus"])


def test_the_stock_of_a_packs_parts_is_read_with_it(open_stall: Callable[..., Stall]) -> None:
    stall = open_stall(products=60)
    stall.upload(dry_run=True)
    with database().read() as session:
        pack = session.exec(select(Product).where(Product.product_type == "pack")).first()
    assert pack is not None
    part, attribute, _ = pack.bundle[0]
    stall.sandbox.prestashop.set_stock(part, 4711, attribute)
    stall.upload(product_ids=[pack.id_product], dry_run=True)
    with database().read() as session:
        variant = session.get_one(Variant, (stall.connection_id, part, attribute))
    assert variant.quantity == 4711


def test_a_list_of_ids_may_be_longer_than_a_statement_takes(stall: Stall) -> None:
    tasks_mirror.settle_variants.fn(
        stall.connection_id, tasks_mirror.CatalogueIds(products=list(range(1, 70_000)), partial=True)
    )
    stall.upload(dry_run=True)
    assert len(products_to_decide(stall.connection_id, list(range(1, 70_000)))) == 24
    assert changes_to_send(stall.connection_id, None, list(range(1, 70_000)))


def test_an_edit_that_never_left_is_not_taken_for_done(listed: Listed) -> None:
    changed = listed_ids(listed)[0]
    # Nothing that a product read back would show differently: title, SKUs and pictures stay.
    listed.sandbox.prestashop.set_fields("products", changed, {"weight": "7.250000"})
    listed.upload(dry_run=True)
    with database().write() as session:
        change = session.exec(select(Change).where(Change.state == ChangeState.PLANNED)).one()
        change.state, change.attempts = ChangeState.SENT, 1
    assert listed.upload().counts["confirmed"] == 1
    assert listed.on_tiktok()[f"ps-1:{changed}"].submissions == 2


def test_content_is_left_alone_where_the_merchant_wants_that(listed: Listed) -> None:
    ours, linked = listed_ids(listed)[:2]
    listed.sandbox.prestashop.rename(ours, "Renamed, and switched off")
    with database().write() as session:
        _, document = settings_in_force(session, listed.connection_id)
        document.products.sync_info = False
        store_settings(session, listed.connection_id, document, note="no content", now=datetime.now(UTC))
    assert listed.upload(dry_run=True).counts["edits switched off"] == 1
    with database().write() as session:
        document.products.sync_info = True
        store_settings(session, listed.connection_id, document, note="content", now=datetime.now(UTC))
        # As `catalog_link` leaves a listing that was there before the connector.
        listing = session.exec(select(Listing).where(Listing.id_product == linked)).one()
        listing.content, listing.content_hash = {}, ""
    planned = listed.upload(dry_run=True)
    assert (planned.counts["to edit"], planned.counts["linked, content left alone"]) == (1, 1)
    assert listed.upload(product_ids=[linked], dry_run=True).counts["to edit"] == 1


def test_a_plan_applied_twice_sends_nothing_the_second_time(stall: Stall) -> None:
    plan = stall.upload(dry_run=True).plan
    assert plan is not None
    apply_plan(plan)
    listed = set(stall.shelf)
    assert "confirmed" not in apply_plan(plan).counts
    assert set(stall.shelf) == listed


def test_lost_pictures_are_uploaded_again(stall: Stall) -> None:
    stall.upload(dry_run=True)
    wanted = changes(ChangeState.PLANNED)[0].id_product
    assert wanted is not None
    stall.upload(product_ids=[wanted])
    with database().write() as session:
        for media in session.exec(select(Media)):
            media.uri = media.uri + "-forgotten"
        session.delete(session.exec(select(Listing)).one())
    stall.sandbox.tiktok.shop.shelf.products.clear()
    stall.sandbox.tiktok.shop.shelf.products_of_seller_sku.clear()
    stall.upload(product_ids=[wanted])
    stall.upload(product_ids=[wanted])
    assert set(stall.on_tiktok()) == {f"ps-1:{wanted}"}


def test_an_empty_product_list_deletes_nothing(stall: Stall) -> None:
    stall.upload(dry_run=True)
    with database().read() as session:
        for id_product in session.exec(select(Product.id_product)):
            stall.sandbox.prestashop.delete_product(id_product)
    with pytest.raises(ConfigurationFault, match="empty"):
        stall.upload()
    with database().read() as session:
        assert session.exec(select(Product)).first() is not None


def test_a_revoked_consent_stops_the_run_and_keeps_the_plan(stall: Stall) -> None:
    stall.upload(dry_run=True)
    stall.sandbox.tiktok.tokens.revoke_all()
    (failure,) = stall.upload().failures
    assert failure.code == "not_authorized"
    assert failure.fix == "Run: connector connection authorize sandbox"
    assert changes(ChangeState.PLANNED)
    assert not changes(ChangeState.SENT)


@pytest.mark.parametrize(
    ("region", "version", "currency"), [("US", "8.2", "USD"), ("DE", "9.0", "EUR"), ("JP", "1.7.8", "JPY")]
)
def test_other_markets_and_versions(open_stall: Callable[..., Stall], region: str, version: str, currency: str) -> None:
    stall = open_stall(region=region, prestashop_version=version)
    result = stall.upload()
    assert result.counts["confirmed"] > 5
    currencies = {offer.currency for product in stall.shelf.values() for offer in product.offers.values()}
    assert currencies == {currency}


def test_settings_are_read_anew_by_the_next_run(listed: Listed) -> None:
    with database().write() as session:
        document = ConnectionSettings()
        document.products.language = "fr"
        store_settings(session, listed.connection_id, document, note="French", now=datetime.now(UTC))
        assert session.get_one(Connection, listed.connection_id).name == "sandbox"
    assert listed.upload(dry_run=True).counts["to edit"] > 5


def test_the_same_on_postgresql(
    open_stall: Callable[..., Stall], empty_postgres: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", empty_postgres(""))
    stall = open_stall(products=40)
    result = stall.upload()
    assert result.counts["confirmed"] == len(stall.on_tiktok()) > 15
    stall.finish_audits()
    read_statuses.fn(stall.connection_id, 0)
    before = dict(stall.sandbox.tiktok.calls)
    changed = listed_ids(stall)[0]
    assert "to edit" not in stall.upload().counts
    assert dict(stall.sandbox.tiktok.calls) == before
    stall.sandbox.prestashop.rename(changed, "Renamed in a shop on PostgreSQL")
    assert stall.upload().counts["confirmed"] == 1


def test_a_run_that_fails_keeps_its_turn_until_its_batches_have_ended(
    stall: Stall, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = Progress.reached

    def gone(self: Progress, fraction: float) -> None:
        if self._what == "Sending to TikTok Shop":
            raise ConnectionError("Prefect's server is started again")
        reached(self, fraction)

    monkeypatch.setattr(sys.modules["flows.catalog_upload"].Progress, "reached", gone)
    with pytest.raises(ConnectionError):
        stall.upload()
    assert not changes(ChangeState.SENT)
    assert len(changes(ChangeState.CONFIRMED)) == len(stall.on_tiktok()) > 10
