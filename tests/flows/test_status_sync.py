"""status_sync end to end: where listings stand, why, and what was changed by hand on the simulated TikTok Shop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import col, delete, select

from flows.status_sync import status_sync
from models.connections import Watermark, settings_in_force, store_settings
from models.database import database
from models.listings import Change, ChangeKind, ChangeState, Listing, ListingSku, ListingStatus, Plan, Touched
from sandbox.tiktok.seller_center import SellerCenter
from sandbox.tiktok.shelf import Product
from tasks.report import RunResult
from tasks.statuses import status_counts
from tests.flows.keeping_step import Listed
from tests.stall import Stall

pytestmark = pytest.mark.slow

SEARCH = "products/search"
GET = "GET /product/{version}/products/{product_id}"


def sync(**parameters: Any) -> RunResult:
    result: RunResult = status_sync("sandbox", **parameters)
    return result


def listing(product_id: str) -> Listing:
    with database().read() as session:
        return session.exec(select(Listing).where(Listing.product_id == product_id)).one()


def skus_of(product_id: str) -> list[ListingSku]:
    with database().read() as session:
        return list(
            session.exec(
                select(ListingSku)
                .where(ListingSku.listing_id == listing(product_id).key)
                .order_by(col(ListingSku.sku_id))
            )
        )


def watermarks() -> dict[str, str]:
    with database().read() as session:
        return {mark.name: mark.value for mark in session.exec(select(Watermark)) if mark.name.startswith("status")}


def rows() -> list[list[dict[str, Any]]]:
    """Everything a run may write, but for its plan."""
    with database().read() as session:
        return [
            [one.model_dump() for one in session.exec(select(table))]
            for table in (Listing, ListingSku, Watermark, Touched, Change)
        ]


def forget_touched() -> None:
    with database().write() as session:
        session.connection().execute(delete(Touched))


def touched() -> dict[int, str]:
    with database().read() as session:
        return {one.id_product: one.why for one in session.exec(select(Touched))}


def some(stall: Stall, *, variants: int = 1) -> Product:
    """A product on sale with at least so many variants."""
    return next(one for one in stall.shelf.values() if one.status == "ACTIVATE" and len(one.offers) >= variants)


@pytest.fixture
def live(listed: Listed) -> Stall:
    """A stall whose listings are through their audit, and known to be."""
    sync()
    forget_touched()
    return listed


def center(stall: Stall) -> SellerCenter:
    return stall.sandbox.tiktok.shop.center


def change(stall: Stall, product: Product, **fields: Any) -> None:
    """Play the platform."""
    for name, value in fields.items():
        setattr(product, name, value)
    stall.sandbox.tiktok.shop.shelf.touch(product)


def test_the_first_run_reads_all_and_the_next_only_looks_for_updates(live: Stall) -> None:
    assert status_counts(live.connection_id)[ListingStatus.LIVE] == len(live.shelf) > 10
    assert int(watermarks()["status_sync"]) == max(one.update_time for one in live.shelf.values())
    before, searches, details = rows(), live.calls(SEARCH), live.calls(GET)
    result = sync()
    assert (live.calls(SEARCH), live.calls(GET)) == (searches + 1, details)
    assert rows() == before
    assert result.ok


def test_a_refused_listing_keeps_the_platforms_words(live: Stall) -> None:
    product = some(live)
    change(live, product, status="FAILED", audit="FAILED", live=None, review=product.live, failed_reasons=("Blurry",))
    details = live.calls(GET)
    result = sync()
    found = listing(product.id)
    assert found.status_reasons == [
        {"code": "audit_failed", "text": "Blurry (Product name)", "fix": "Change the content and submit it again"}
    ]
    assert (result.counts["now rejected"], live.calls(GET)) == (1, details + 1)
    assert [one.cause for one in result.not_ready] == ["Blurry (Product name)"]
    assert status_counts(live.connection_id)[ListingStatus.REJECTED] == 1
    sync()
    assert live.calls(GET) == details + 1


def test_a_refused_edit_of_a_live_listing_tells_both(live: Stall) -> None:
    product = some(live)
    center(live).retitle(product.id, "A replica of something famous", audited=True)
    sync()
    assert (listing(product.id).status, listing(product.id).audit_status) == ("ACTIVATE", "AUDITING")
    live.finish_audits()
    assert [entry["code"] for entry in (sync(), listing(product.id).status_reasons)[1]] == [
        "edit_refused",
        "audit_failed",
    ]
    assert "stays on sale" in listing(product.id).status_reasons[0]["text"]
    assert listing(product.id).hand_changes == []
    assert status_counts(live.connection_id)[ListingStatus.LIVE] == len(live.shelf)


@pytest.mark.parametrize(
    ("fields", "code", "fix", "word"),
    [
        ({"status": "PLATFORM_DEACTIVATED"}, "listing_platform_deactivated", "Edit it", ListingStatus.INACTIVE),
        ({"status": "FREEZE"}, "listing_freeze", "Appeal in Seller Center", ListingStatus.ERROR),
        (
            {"audit": "PRE_APPROVED", "pre_approved_reasons": ("KYC_PENDING",)},
            "pre_approved_kyc_pending",
            "identity verification",
            ListingStatus.LIVE,
        ),
    ],
)
def test_what_the_platform_does_is_told_with_its_fix(
    live: Stall, fields: dict[str, Any], code: str, fix: str, word: ListingStatus
) -> None:
    product = some(live)
    change(live, product, **fields)
    sync()
    reason = listing(product.id).status_reasons[0]
    assert (reason["code"], fix in reason["fix"]) == (code, True)
    assert status_counts(live.connection_id)[word] >= 1
    change(live, product, status="ACTIVATE", audit="APPROVED")
    sync()
    assert listing(product.id).status_reasons == []


def test_a_listing_that_was_not_submitted_says_what_the_shop_lacks(stall: Stall) -> None:
    stall.sandbox.tiktok.not_submitted_reasons = ("PAYMENT_ACCOUNT_NOT_LINKED", "SOMETHING_NEW")
    stall.upload()
    sync()
    found = listing(next(iter(stall.shelf)))
    assert (found.status, found.has_draft) == ("DRAFT", True)
    assert "bank account" in found.status_reasons[0]["fix"]
    assert "SOMETHING_NEW" in found.status_reasons[1]["text"]
    assert status_counts(stall.connection_id)[ListingStatus.ERROR] == len(stall.shelf)


def test_a_listing_that_cannot_be_read_is_reported_and_read_again(live: Stall) -> None:
    from clients.errors import Rejected
    from clients.tiktok.client import TikTokClient

    product = some(live)
    change(live, product, status="FREEZE")

    def refuse(*_: Any, **__: Any) -> Any:
        raise Rejected("GET: refused", shop="tiktok", code="12052163", cause="No.", fix="None.", request_id="r1")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TikTokClient, "product", refuse)
        result = sync()
    assert [(one.code, one.request_id) for one in result.failures] == [("12052163", "r1")]
    assert (listing(product.id).status, listing(product.id).status_reasons) == ("FREEZE", [])
    assert sync().failures == []
    assert listing(product.id).status_reasons


def test_a_draft_is_no_version_under_review(live: Stall) -> None:
    product = some(live)
    center(live).save_draft(product.id, "Half a thought")
    result = sync()
    found = listing(product.id)
    assert (found.has_draft, found.audit_status, found.hand_changes) == (True, "APPROVED", [])
    assert "changed by hand" not in result.counts


def test_a_listing_deleted_over_there_is_found_by_the_sweep(live: Stall) -> None:
    deleted, lost, unseen = list(live.shelf)[:3]
    change(live, live.shelf[deleted], status="DELETED")
    del live.sandbox.tiktok.shop.shelf.products[lost]
    assert "now not uploaded" not in sync().counts
    details = live.calls(GET)
    result = sync(full=True)
    assert (result.counts["not shown by the search"], live.calls(GET)) == (2, details + 2)
    assert result.counts["now not uploaded"] == 2
    assert [listing(one).status for one in (deleted, lost, unseen)] == ["DELETED", "DELETED", "ACTIVATE"]
    assert "30 days" in listing(deleted).status_reasons[0]["fix"]
    assert "not shown by the search" not in sync(full=True).counts


def test_a_sweep_that_shows_nothing_is_not_believed_at_once(live: Stall) -> None:
    live.sandbox.tiktok.shop.shelf.products.clear()
    with database().write() as session:
        session.delete(session.get_one(Watermark, (live.connection_id, "status_sweep")))
    result = sync()
    assert [one.code for one in result.failures] == ["no_listing_shown"]
    assert status_counts(live.connection_id)[ListingStatus.NOT_UPLOADED] == 0
    assert "status_sweep" not in watermarks()
    assert sync(full=True).counts["now not uploaded"] > 10
    assert sync().failures == []


def test_a_sweep_is_due_after_a_day(live: Stall) -> None:
    change(live, live.shelf[next(iter(live.shelf))], status="DELETED")
    assert "not shown by the search" not in sync().counts
    with database().write() as session:
        mark = session.get_one(Watermark, (live.connection_id, "status_sweep"))
        mark.value = (datetime.fromisoformat(mark.value) - timedelta(hours=25)).isoformat()
    assert sync().counts["not shown by the search"] == 1
    assert "not shown by the search" not in sync().counts


def test_a_price_changed_by_hand_is_noticed_and_sent_again(live: Stall) -> None:
    product = some(live)
    sku = skus_of(product.id)[0]
    assert sku.price is not None
    center(live).set_price(sku.sku_id, "1.23")
    result = sync()
    entry = {"field": f"price of {sku.seller_sku}", "ours": f"{sku.price:.2f} GBP", "shown": "1.23 GBP"}
    assert result.counts["changed by hand"] == 1
    assert listing(product.id).hand_changes == [entry]
    assert skus_of(product.id)[0].price == Decimal("1.23")
    assert touched() == {sku.id_product: "changed on TikTok Shop"}
    # It stands until something else is shown, and is counted once.
    assert "changed by hand" not in sync().counts
    assert listing(product.id).hand_changes == [entry]
    center(live).set_price(sku.sku_id, str(sku.price))
    assert "changed by hand" not in sync().counts
    assert listing(product.id).hand_changes == []
    assert skus_of(product.id)[0].price == sku.price


def test_ours_is_shown_again_after_the_next_price_and_stock_sync(live: Stall) -> None:
    from flows.price_stock_sync import price_stock_sync

    product = some(live)
    sku = skus_of(product.id)[0]
    assert sku.price is not None
    center(live).set_price(sku.sku_id, "1.23")
    center(live).set_stock(sku.sku_id, 4711)
    assert sync().counts["changed by hand"] == 2
    price_stock_sync("sandbox")
    assert Decimal(product.offers[sku.sku_id].price) == sku.price
    assert product.offers[sku.sku_id].stock == sku.quantities
    sync()
    assert listing(product.id).hand_changes == []


def test_more_stock_is_a_change_by_hand_and_less_is_an_order(live: Stall) -> None:
    sku = next(
        one for product in live.shelf for one in skus_of(product) if sum(one.quantities.values()) > 1 and one.offered
    )
    product = live.shelf[live.sandbox.tiktok.shop.shelf.product_of_sku[sku.sku_id]]
    center(live).set_stock(sku.sku_id, 1)
    assert "changed by hand" not in sync().counts
    assert touched() == {}
    center(live).set_stock(sku.sku_id, (sku.offered or 0) + 5)
    assert sync().counts["changed by hand"] == 1
    found = next(one for one in skus_of(product.id) if one.sku_id == sku.sku_id)
    assert (found.quantities, found.offered) == (product.offers[sku.sku_id].stock, None)
    assert list(touched()) == [sku.id_product]
    assert listing(product.id).hand_changes == [
        {"field": f"stock of {sku.seller_sku}", "ours": str(sku.offered), "shown": str((sku.offered or 0) + 5)}
    ]


def test_a_title_changed_by_hand_is_edited_back(live: Stall) -> None:
    product = some(live)
    ours = listing(product.id).title
    center(live).retitle(product.id, "Typed in Seller Center")
    assert sync().counts["changed by hand"] == 1
    found = listing(product.id)
    assert (found.hand_changes, found.content_hash) == (
        [{"field": "title", "ours": ours, "shown": "Typed in Seller Center"}],
        "",
    )
    assert touched() == {}
    assert live.upload(product_ids=[found.id_product]).counts["confirmed"] == 1
    with database().read() as session:
        edit = session.exec(select(Change).where(Change.kind == ChangeKind.EDIT)).one()
    assert [reason["text"] for reason in edit.reasons] == [f"title: “Typed in Seller Center” → “{ours}”"]
    # The version under review is ours, the one on the shelf not yet: nothing is compared until it is through.
    assert "changed by hand" not in sync().counts
    assert listing(product.id).content_hash
    live.finish_audits()
    sync()
    assert (product.content["title"], listing(product.id).hand_changes) == (ours, [])


def test_a_title_is_left_alone_where_information_is_not_kept_in_step(live: Stall) -> None:
    with database().write() as session:
        _, document = settings_in_force(session, live.connection_id)
        document.products.sync_info = False
        store_settings(session, live.connection_id, document, note="prices only", now=datetime.now(UTC))
    product = some(live)
    center(live).retitle(product.id, "Typed in Seller Center")
    assert sync().counts["changed by hand"] == 1
    assert listing(product.id).content_hash
    assert "to edit" not in live.upload(dry_run=True).counts


def test_nothing_is_compared_while_a_change_of_ours_is_on_its_way(live: Stall) -> None:
    product = some(live)
    sku = skus_of(product.id)[0]
    with database().write() as session:
        plan = session.exec(select(Plan)).first()
        assert plan is not None
        sent = Change(
            connection_id=live.connection_id,
            plan_id=plan.key,
            kind=ChangeKind.PRICE,
            object=f"listing:{listing(product.id).key}",
            state=ChangeState.SENT,
            created_at=datetime.now(UTC),
        )
        session.add(sent)
    center(live).set_price(sku.sku_id, "1.23")
    assert "changed by hand" not in sync().counts
    with database().write() as session:
        session.get_one(Change, sent.key).state = ChangeState.CONFIRMED
    assert sync().counts["changed by hand"] == 1


def test_a_variant_deleted_by_hand_is_reported_and_listed_again(live: Stall) -> None:
    product = some(live, variants=2)
    sku = skus_of(product.id)[0]
    center(live).delete_sku(sku.sku_id)
    details = live.calls(GET)
    result = sync()
    assert live.calls(GET) == details + 1
    assert [(one.code, sku.seller_sku in one.cause) for one in result.failures] == [("variant_deleted", True)]
    assert "next upload" in result.failures[0].fix
    assert sku.sku_id not in {one.sku_id for one in skus_of(product.id)}
    assert listing(product.id).hand_changes == [
        {"field": f"variant {sku.seller_sku}", "ours": "listed", "shown": "deleted"}
    ]
    assert not sync().failures
    assert len(listing(product.id).hand_changes) == 1
    assert live.upload(product_ids=[sku.id_product]).counts["confirmed"] == 1
    live.finish_audits()
    sync()
    assert sku.seller_sku in {one["seller_sku"] for one in product.content["skus"]}
    assert listing(product.id).hand_changes == []


def test_a_variant_that_only_the_search_leaves_out_stays(live: Stall, monkeypatch: pytest.MonkeyPatch) -> None:
    from sandbox.tiktok import product_views

    product = some(live, variants=2)
    summary = product_views._summary
    monkeypatch.setattr(
        product_views, "_summary", lambda call, one: {**summary(call, one), "skus": summary(call, one)["skus"][1:]}
    )
    change(live, product)
    result = sync(full=True)
    assert result.failures == []
    assert len(skus_of(product.id)) == len(product.offers)


def test_the_watermark_comes_from_the_data_and_never_goes_back(live: Stall) -> None:
    product = some(live)
    newest = int(watermarks()["status_sync"])
    live.sandbox.tiktok.advance(500)
    change(live, product, status="SELLER_DEACTIVATED")
    sync()
    moved = int(watermarks()["status_sync"])
    assert moved == product.update_time > newest
    product.update_time = newest
    sync()
    sync(full=True)
    assert int(watermarks()["status_sync"]) == moved


def test_an_update_older_than_what_is_known_is_ignored(live: Stall) -> None:
    product = some(live)
    product.update_time -= 10
    product.status = "SELLER_DEACTIVATED"
    sync()
    assert listing(product.id).status == "ACTIVATE"


def test_what_tiktok_shop_writes_otherwise_is_edited_back_once(live: Stall) -> None:
    product = some(live)
    for expected in (1, None):
        center(live).retitle(product.id, "As the platform likes it")
        assert sync().counts.get("changed by hand") == expected
        live.upload(product_ids=[listing(product.id).id_product])
        sync()
        live.finish_audits()
    assert product.submissions == 2
    assert listing(product.id).hand_changes[0]["shown"] == "As the platform likes it"


def test_only_the_products_asked_for_are_read(live: Stall) -> None:
    first, second = (one for one in list(live.shelf.values())[:2])
    for product in (first, second):
        change(live, product, status="SELLER_DEACTIVATED")
    searches, details = live.calls(SEARCH), live.calls(GET)
    wanted = listing(first.id).id_product
    result = sync(product_ids=[wanted, 999_999])
    assert (live.calls(SEARCH), live.calls(GET)) == (searches, details + 1)
    assert [listing(one.id).status for one in (first, second)] == ["SELLER_DEACTIVATED", "ACTIVATE"]
    assert (result.counts["not listed"], result.counts["statuses read"]) == (1, 1)


def test_more_listings_than_a_search_shows_are_read_by_spans(live: Stall) -> None:
    for number, product in enumerate(live.shelf.values()):
        product.create_time -= number * 86_400
        change(live, product, status="SELLER_DEACTIVATED")
    live.sandbox.tiktok.search_depth = 5
    assert sync(full=True).counts["now inactive"] == len(live.shelf)


@pytest.mark.parametrize("faults", ["throttle=0.5x3", "server_error=0.5x3", "truncated=0.5x3"])
def test_faults_of_the_network_lose_nothing(live: Stall, faults: str) -> None:
    for number, product in enumerate(live.shelf.values()):
        change(live, product, status="FREEZE" if number % 3 else "SELLER_DEACTIVATED")
    live.faults(faults)
    result = sync()
    live.faults("")
    assert [listing(one.id).status for one in live.shelf.values()] == [one.status for one in live.shelf.values()]
    assert result.failures == []


def test_the_same_on_postgresql(
    open_stall: Callable[..., Stall], empty_postgres: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", empty_postgres(""))
    stall = open_stall()
    stall.upload()
    stall.finish_audits()
    sync()
    product = some(stall, variants=2)
    kept, gone = skus_of(product.id)[:2]
    center(stall).set_price(kept.sku_id, "1.23")
    center(stall).delete_sku(gone.sku_id)
    assert sync().counts["changed by hand"] == 2
    assert kept.id_product in touched()
    before = rows()
    sync()
    assert rows() == before
