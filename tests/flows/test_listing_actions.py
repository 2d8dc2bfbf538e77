"""listing_actions end to end: activate, deactivate, delete and recover on the simulated TikTok Shop."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from sqlmodel import col, select

from clients.errors import Rejected, Throttled
from clients.tiktok.client import TikTokClient
from flows.apply_plan import apply_plan
from flows.catalog_link import catalog_link
from flows.listing_actions import listing_actions
from flows.price_stock_sync import price_stock_sync
from flows.status_sync import status_sync
from models.database import database
from models.listings import Change, ChangeKind, ChangeState, Listing, ListingSku, ListingStatus, Plan, Touched
from sandbox.tiktok.shelf import Product
from tasks.listing_action_sending import send_actions
from tasks.listing_actions import plan_actions
from tasks.report import RunResult
from tasks.runs import run_alone
from tasks.statuses import status_counts
from tests.flows.keeping_step import Listed
from tests.stall import Stall

pytestmark = pytest.mark.slow

ACTIVATE, DEACTIVATE, DELETE, RECOVER = (
    "POST /product/{version}/products/activate",
    "POST /product/{version}/products/deactivate",
    "DELETE /product/{version}/products",
    "POST /product/{version}/products/recover",
)
CALLS = {"delete": "DELETE /product/*/products", "deactivate": "POST /product/*/products/deactivate"}
LIFECYCLE = (ChangeKind.ACTIVATE, ChangeKind.DEACTIVATE, ChangeKind.DELETE, ChangeKind.RECOVER)


@pytest.fixture
def live(listed: Listed) -> Stall:
    """A stall whose products are on sale."""
    return listed


def act(action: Any, *product_ids: int, **parameters: Any) -> RunResult:
    if product_ids:
        parameters["product_ids"] = list(product_ids)
    result: RunResult = listing_actions(action, "sandbox", **parameters)
    return result


def products() -> list[int]:
    """PrestaShop ids of listed products."""
    with database().read() as session:
        ids = session.exec(select(Listing.id_product).order_by(col(Listing.id_product))).all()
    return [one for one in ids if one is not None]


def listing(product_id: str) -> Listing:
    with database().read() as session:
        return session.exec(select(Listing).where(Listing.product_id == product_id)).one()


def product_id(id_product: int) -> str:
    with database().read() as session:
        return session.exec(select(Listing.product_id).where(Listing.id_product == id_product)).one()


def changes(**wanted: Any) -> list[Change]:
    with database().read() as session:
        query = select(Change).where(col(Change.kind).in_(LIFECYCLE)).order_by(col(Change.id))
        for name, value in wanted.items():
            query = query.where(getattr(Change, name) == value)
        return list(session.exec(query))


def play(stall: Stall, status: str, *product_ids: str, noticed: bool = True) -> None:
    """The platform changes a status; not noticed means that no search shows it as updated."""
    for one in product_ids:
        product = stall.shelf[one]
        product.status = status
        stall.sandbox.tiktok.shop.shelf.touch(product)
        if not noticed:
            product.update_time = 1


def links(id_product: int) -> list[tuple[str, int | None]]:
    with database().read() as session:
        skus = session.exec(
            select(ListingSku).where(ListingSku.id_product == id_product).order_by(col(ListingSku.sku_id))
        )
        return [(sku.sku_id, sku.id_product_attribute) for sku in skus]


def of_product(stall: Stall, id_product: int) -> list[Product]:
    """Everything on TikTok Shop that was made of a product, deleted or not."""
    return [one for one in stall.shelf.values() if one.newest["external_product_id"] == f"ps-1:{id_product}"]


# Which listings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [{}, {"product_ids": [1], "all_listings": True}, {"listing_ids": ["1"], "template": "Mugs"}],
    ids=["none", "two", "two others"],
)
def test_exactly_one_selection_is_needed(prefect: None, given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="exactly one of product_ids, listing_ids, template and all_listings"):
        listing_actions("delete", "sandbox", **given)


@pytest.mark.slow
def test_one_several_a_template_and_all(live: Stall) -> None:
    first, second, third, *_ = products()
    assert act("deactivate", first, second).counts["confirmed"] == 2
    assert [live.shelf[product_id(one)].status for one in (first, second, third)] == [
        "SELLER_DEACTIVATED",
        "SELLER_DEACTIVATED",
        "ACTIVATE",
    ]
    assert listing(product_id(first)).status == "SELLER_DEACTIVATED"
    result = act("activate", listing_ids=[product_id(first)])
    assert (result.ok, result.counts["confirmed"]) == (True, 1)
    assert listing(product_id(first)).status == "ACTIVATE"
    act("deactivate", template="Mugs")
    off_sale = {one.newest["category_id"] for one in live.shelf.values() if one.status == "SELLER_DEACTIVATED"}
    assert "853000" in off_sale
    assert all(
        one.status == "SELLER_DEACTIVATED" for one in live.shelf.values() if one.newest["category_id"] == "853000"
    )
    calls = live.calls(DEACTIVATE)
    result = act("deactivate", all_listings=True)
    assert result.ok
    assert {one.status for one in live.shelf.values()} == {"SELLER_DEACTIVATED"}
    assert result.counts["nothing to do"] + result.counts["confirmed"] == len(products())
    assert live.calls(DEACTIVATE) == calls + 1
    assert act("activate", all_listings=True).counts["confirmed"] == len(products())
    assert status_counts(live.connection_id)[ListingStatus.LIVE] == len(products())


def test_what_is_not_there_is_said(live: Stall) -> None:
    first = products()[0]
    result = act("deactivate", first, 987654)
    assert [(one.object, one.code) for one in result.failures] == [("product 987654", "not_listed")]
    assert "connector products upload 987654" in result.failures[0].fix
    assert result.counts["confirmed"] == 1
    result = act("delete", listing_ids=["123"])
    assert [(one.object, one.code) for one in result.failures] == [("listing 123", "unknown_listing")]
    assert [one.code for one in act("recover", first).failures] == []
    assert [one.code for one in act("recover", 987654).failures] == ["not_deleted_here"]


def test_a_listing_of_several_products_is_named_itself(live: Stall) -> None:
    first, second, *_ = products()
    with database().write() as session:
        shared = session.exec(select(Listing).where(Listing.id_product == first)).one()
        shared.id_product = None
        name = shared.product_id
    result = act("deactivate", first)
    assert [one.code for one in result.failures] == ["shared_listing"]
    assert live.shelf[name].status == "ACTIVATE"
    assert act("deactivate", listing_ids=[name]).counts["confirmed"] == 1
    assert live.shelf[name].status == "SELLER_DEACTIVATED"
    assert second in products()


# What is possible -----------------------------------------------------------------------------------------------------


def test_what_stands_as_wanted_is_not_sent(live: Stall) -> None:
    first = products()[0]
    result = act("activate", first)
    assert (result.ok, result.counts) == (True, {"nothing to do": 1})
    assert not live.calls(ACTIVATE)
    assert not changes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "action", "code", "fix"),
    [
        ("FREEZE", "delete", "listing_freeze", "Appeal in Seller Center"),
        ("FREEZE", "activate", "listing_freeze", "Appeal in Seller Center"),
        ("PLATFORM_DEACTIVATED", "activate", "listing_platform_deactivated", "new review"),
    ],
)
def test_what_the_platform_holds_is_refused_with_its_fix(
    live: Stall, status: str, action: str, code: str, fix: str
) -> None:
    first = products()[0]
    play(live, status, product_id(first))
    result = act(action, first)
    assert [(one.object, one.code) for one in result.failures] == [(f"product {first}", code)]
    assert fix in result.failures[0].fix
    assert result.counts == {"not possible": 1}
    assert not changes()
    # Asked for all, it is a note and no failure of the run.
    act("deactivate", all_listings=True)
    result = act("activate", all_listings=True)
    assert result.ok
    assert code in {one.code for one in result.not_ready}


def test_a_change_of_status_that_nobody_noticed_is_parked_with_its_request(live: Stall) -> None:
    first, second, *_ = products()
    act("deactivate", first)
    play(live, "FREEZE", product_id(second), noticed=False)
    result = act("deactivate", first, second)
    assert [(one.object, one.code) for one in result.failures] == [(f"product {second}", "12052901")]
    assert "appealed" in result.failures[0].fix
    assert result.failures[0].request_id
    parked = changes(state=ChangeState.PARKED)
    assert [(one.id_product, one.code, bool(one.cause and one.fix and one.request_id)) for one in parked] == [
        (second, "12052901", True)
    ]
    assert listing(product_id(second)).status == "FREEZE"


def test_what_turns_out_to_be_done_already_counts_as_done(live: Stall) -> None:
    first = products()[0]
    # A status_sync has not heard of it, and the search does not show it as updated.
    play(live, "SELLER_DEACTIVATED", product_id(first), noticed=False)
    result = act("deactivate", first)
    assert (result.ok, result.counts["confirmed"]) == (True, 1)
    assert listing(product_id(first)).status == "SELLER_DEACTIVATED"


def test_a_change_says_what_from_to_and_why(live: Stall) -> None:
    first = products()[0]
    act("deactivate", first)
    change = changes()[0]
    assert change.object == f"listing:{listing(product_id(first)).key}"
    assert (change.kind, change.id_product) == (ChangeKind.DEACTIVATE, first)
    assert change.before == {"status": "ACTIVATE", "product_id": product_id(first)}
    assert change.after == {"status": "SELLER_DEACTIVATED"}
    assert change.reasons[0]["text"]
    assert (change.state, change.attempts) == (ChangeState.CONFIRMED, 1)


# Faults ---------------------------------------------------------------------------------------------------------------


def test_an_item_that_fails_once_is_tried_again(live: Stall) -> None:
    live.faults("item_errors=1x1@POST /product/*/products/deactivate")
    some = products()[:5]
    result = act("deactivate", *some)
    assert (result.ok, result.counts["confirmed"]) == (True, 5)
    assert live.calls(DEACTIVATE) == 2


def test_one_item_that_keeps_failing_stops_no_other_and_is_sent_by_the_next_run(live: Stall) -> None:
    live.faults("item_errors=1@POST /product/*/products/deactivate")
    some = products()[:5]
    result = act("deactivate", *some)
    assert (result.counts["confirmed"], result.counts["waiting"]) == (4, 1)
    assert [one.code for one in result.not_ready] == ["12052881"]
    assert [(one.state, one.code) for one in changes(state=ChangeState.PLANNED)] == [(ChangeState.PLANNED, "12052881")]
    live.faults("")
    other = products()[5]
    assert act("deactivate", other).counts["confirmed"] == 2
    assert not changes(state=ChangeState.PLANNED)


def test_a_waiting_change_is_dropped_when_the_contrary_is_asked_for(live: Stall) -> None:
    first = products()[0]
    live.faults("item_errors=1@POST /product/*/products/deactivate")
    act("deactivate", first)
    live.faults("")
    result = act("activate", first)
    assert (result.counts["nothing to do"], result.counts["superseded"]) == (1, 1)
    assert live.shelf[product_id(first)].status == "ACTIVATE"


@pytest.mark.parametrize("action", ["deactivate", "delete"])
def test_an_answer_lost_after_the_work_is_looked_up_and_not_sent_again(live: Stall, action: str) -> None:
    live.faults(f"reset_after=1@{CALLS[action]}")
    some = products()[:3]
    ids = [product_id(one) for one in some]
    result = act(action, *some)
    assert (result.ok, result.counts) == (True, {f"to {action}": 3, "confirmed": 3})
    assert live.calls(DELETE) + live.calls(DEACTIVATE) == 1
    assert {live.shelf[one].status for one in ids} == {listing(ids[0]).status}


@pytest.mark.slow
@pytest.mark.parametrize("action", ["deactivate", "delete"])
def test_what_cannot_be_looked_up_either_is_the_next_runs(live: Stall, action: str) -> None:
    live.faults(f"reset_after=1@{CALLS[action]},html_503=1@GET /product/*/products/*")
    some = products()[:3]
    ids = [product_id(one) for one in some]
    result = act(action, *some)
    assert (result.counts["unresolved"], "confirmed" in result.counts) == (3, False)
    assert {one.code for one in result.not_ready} == {"unresolved"}
    assert len(changes(state=ChangeState.SENT)) == 3
    live.faults("")
    result = act(action, products()[-1])
    assert result.counts["confirmed"] == 4
    assert live.calls(DELETE) + live.calls(DEACTIVATE) == 2
    assert not changes(state=ChangeState.SENT)
    assert {live.shelf[one].status for one in ids} == {listing(ids[0]).status}


@pytest.mark.parametrize("happened", [True, False])
def test_what_a_dead_run_left_open_is_settled_with_the_statuses(live: Stall, happened: bool) -> None:
    fault = "reset_after" if happened else "reset_before"
    live.faults(f"{fault}=1@{CALLS['deactivate']},html_503=1@GET /product/*/products/*")
    first = products()[0]
    assert act("deactivate", first).counts["unresolved"] == 1
    live.faults("")
    calls = live.calls(DEACTIVATE)
    result = status_sync("sandbox")
    assert (result.counts.get("confirmed", 0), result.counts.get("unresolved", 0)) == (1, 0)
    assert not changes(state=ChangeState.SENT)
    assert listing(product_id(first)).status == "SELLER_DEACTIVATED"
    # Sent again only where it did not happen, because somebody asked for it.
    assert live.calls(DEACTIVATE) == calls + (not happened)


def test_a_lost_call_that_did_nothing_is_not_repeated_at_once(live: Stall) -> None:
    live.faults("reset_before=1@POST /product/*/products/deactivate")
    first = products()[0]
    result = act("deactivate", first)
    assert (result.counts["unresolved"], [one.code for one in result.not_ready]) == (1, ["unresolved"])
    assert live.shelf[product_id(first)].status == "ACTIVATE"
    live.faults("")
    assert act("deactivate", first).counts["confirmed"] == 1
    assert live.shelf[product_id(first)].status == "SELLER_DEACTIVATED"


@pytest.mark.slow
@pytest.mark.parametrize("happened", [True, False])
def test_killed_between_the_record_and_the_answer(live: Stall, happened: bool) -> None:
    first = products()[0]
    plan = act("deactivate", first, dry_run=True)
    with database().write() as session:
        change = session.exec(select(Change).where(Change.plan_id == plan.plan)).one()
        change.state, change.attempts = ChangeState.SENT, 1
    if happened:
        play(live, "SELLER_DEACTIVATED", product_id(first))
    result = act("deactivate", first)
    assert result.counts["confirmed"] == 1
    assert live.calls(DEACTIVATE) == (0 if happened else 1)
    assert live.shelf[product_id(first)].status == listing(product_id(first)).status == "SELLER_DEACTIVATED"
    assert not changes(state=ChangeState.SENT)


def test_killed_and_meanwhile_frozen_needs_a_person(live: Stall) -> None:
    first = products()[0]
    plan = act("deactivate", first, dry_run=True)
    with database().write() as session:
        session.exec(select(Change).where(Change.plan_id == plan.plan)).one().state = ChangeState.SENT
    play(live, "FREEZE", product_id(first))
    result = act("activate", products()[1])
    assert [(one.object, one.code) for one in result.failures] == [(f"product {first}", "listing_freeze")]
    assert not live.calls(DEACTIVATE)


def test_an_action_waits_for_another_change_of_its_product(live: Stall) -> None:
    first = products()[0]
    with database().write() as session:
        created = session.exec(select(Plan.created_at)).first()
        assert created is not None
        edit = Change(
            connection_id=live.connection_id,
            plan_id=session.exec(select(Plan.id)).first() or 0,
            kind=ChangeKind.EDIT,
            object=f"product:{first}",
            id_product=first,
            state=ChangeState.SENT,
            created_at=created,
        )
        session.add(edit)
        session.flush()
        key = edit.key
    result = act("deactivate", first)
    assert result.counts["waiting"] == 1
    assert "on its way" in result.not_ready[0].cause
    assert live.shelf[product_id(first)].status == "ACTIVATE"
    with database().write() as session:
        session.get_one(Change, key).state = ChangeState.SUPERSEDED
    assert act("deactivate", products()[1]).counts["confirmed"] == 2


def test_a_shop_that_takes_no_calls_leaves_everything_planned(live: Stall, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, *_ = products()
    with monkeypatch.context() as patch:
        # The package's attribute of that name is the flow, not its module.
        patch.setattr(sys.modules["flows.listing_actions"], "send_actions", send_actions.with_options(retries=0))
        patch.setattr(TikTokClient, "deactivate", lambda *_: refuse())
        with pytest.raises(Throttled):
            act("deactivate", first, second)
    assert [(one.state, one.code) for one in changes()] == [(ChangeState.PLANNED, "36009002")] * 2
    assert act("deactivate", first).counts["confirmed"] == 2


def refuse() -> Any:
    raise Throttled("POST: throttled", shop="tiktok", code="36009002")


def test_a_call_refused_as_a_whole_is_sent_one_by_one(live: Stall, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third, *_ = products()
    with database().write() as session:
        stranger = session.exec(select(Listing).where(Listing.id_product == second)).one()
        real, stranger.product_id = stranger.product_id, "not-a-number"
    call = TikTokClient.deactivate

    def picky(client: TikTokClient, ids: Any) -> Any:
        if "not-a-number" in ids:
            raise Rejected("POST", shop="tiktok", code="12019150", cause="No.", fix="None.", request_id="r1")
        return call(client, ids)

    monkeypatch.setattr(TikTokClient, "deactivate", picky)
    result = act("deactivate", first, second, third)
    assert [(one.object, one.code, one.request_id) for one in result.failures] == [
        (f"product {second}", "12019150", "r1")
    ]
    assert result.counts["confirmed"] == 2
    assert live.shelf[real].status == "ACTIVATE"


# Plans ----------------------------------------------------------------------------------------------------------------


def test_a_dry_run_sends_nothing_and_its_plan_can_be_applied(live: Stall) -> None:
    first, second, third, *_ = products()
    plan = act("deactivate", first, second, third, dry_run=True)
    assert (plan.counts, plan.plan is not None) == ({"to deactivate": 3}, True)
    assert not live.calls(DEACTIVATE)
    # Another run does not send what was only planned.
    act("deactivate", products()[3])
    assert live.shelf[product_id(first)].status == "ACTIVATE"
    play(live, "FREEZE", product_id(second))
    result = apply_plan(plan.plan or 0)
    assert (result.counts["confirmed"], result.counts["superseded"]) == (2, 1)
    assert [live.shelf[product_id(one)].status for one in (first, second, third)] == [
        "SELLER_DEACTIVATED",
        "FREEZE",
        "SELLER_DEACTIVATED",
    ]
    assert "confirmed" not in apply_plan(plan.plan or 0).counts


def test_planning_twice_moves_what_is_still_right_to_the_newer_plan(live: Stall) -> None:
    first = products()[0]
    act("deactivate", first, dry_run=True)
    second = act("deactivate", first, dry_run=True)
    assert [(one.plan_id, one.state) for one in changes()] == [(second.plan, ChangeState.PLANNED)]


def test_plans_of_other_flows_say_what_can_be_applied(live: Stall) -> None:
    with database().write() as session:
        plan = session.exec(select(Plan)).first()
        assert plan is not None
        plan.flow = "taxonomy_refresh"
        key = plan.key
    with pytest.raises(LookupError, match=r"is of taxonomy_refresh; only plans of .*catalog_upload, "):
        apply_plan(key)


# Deleting and recovering ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_deleted_product_is_not_uploaded_and_can_be_listed_anew_once(live: Stall) -> None:
    first = products()[0]
    before, total = product_id(first), len(products())
    was = links(first)
    assert act("delete", first).counts["confirmed"] == 1
    assert live.shelf[before].status == "DELETED"
    assert (listing(before).status, listing(before).id_product, links(first)) == ("DELETED", None, [])
    assert status_counts(live.connection_id)[ListingStatus.NOT_UPLOADED] == 1
    assert len(products()) == total - 1
    deletion = changes(kind=ChangeKind.DELETE)[0]
    assert (deletion.id_product, len(deletion.before["links"])) == (first, len(was))
    result = live.upload()
    assert (result.counts["to create"], result.counts["confirmed"]) == (1, 1)
    made = of_product(live, first)
    assert sorted(one.status for one in made) == ["DELETED", "PENDING"]
    assert product_id(first) != before
    assert len(links(first)) == len(was)
    assert "to create" not in live.upload().counts
    assert len(of_product(live, first)) == 2
    live.finish_audits()
    assert act("deactivate", first).counts["confirmed"] == 1


@pytest.mark.slow
def test_a_recovered_listing_is_off_sale_and_linked_again(live: Stall) -> None:
    first = products()[0]
    name, was = product_id(first), links(first)
    act("delete", first)
    result = act("recover", first)
    assert (result.ok, result.counts["confirmed"]) == (True, 1)
    assert live.shelf[name].status == "SELLER_DEACTIVATED"
    assert (listing(name).status, listing(name).id_product, links(first)) == ("SELLER_DEACTIVATED", first, was)
    with database().read() as session:
        touched = session.get(Touched, (live.connection_id, first))
    assert touched is not None
    assert touched.why == "recovered"
    assert "to create" not in live.upload().counts
    assert act("activate", first).counts["confirmed"] == 1
    assert live.shelf[name].status == "ACTIVATE"


@pytest.mark.slow
def test_a_listing_recovered_after_it_was_listed_anew_is_not_linked(live: Stall) -> None:
    first = products()[0]
    name = product_id(first)
    act("delete", first)
    live.upload()
    live.finish_audits()
    anew = product_id(first)
    # Of the product itself nothing is deleted any more; the old listing has to be named.
    assert act("recover", first).counts == {"nothing to do": 1}
    assert "to recover" not in act("recover", all_listings=True).counts
    result = act("recover", listing_ids=[name])
    assert result.counts["recovered without its link"] == 1
    assert [one.code for one in result.not_ready] == ["listed_anew"]
    assert (listing(name).status, listing(name).id_product) == ("SELLER_DEACTIVATED", None)
    assert product_id(first) == anew
    assert live.upload().counts.get("to create", 0) == 0


@pytest.mark.slow
def test_a_listing_that_was_there_before_the_connector_is_still_known_when_it_is_recovered(live: Stall) -> None:
    first = products()[0]
    name, was = product_id(first), links(first)
    with database().write() as session:
        found = session.exec(select(Listing).where(Listing.id_product == first)).one()
        found.content, found.content_hash = {}, ""
    act("delete", first)
    catalog_link("sandbox")
    assert act("recover", first).counts["confirmed"] == 1
    assert (listing(name).id_product, links(first)) == (first, was)


def test_a_rehearsal_drops_nothing_that_waits(live: Stall) -> None:
    first = products()[0]
    live.faults("item_errors=1@POST /product/*/products/deactivate")
    act("deactivate", first)
    act("delete", first, dry_run=True)
    assert [(one.kind, one.state) for one in changes()] == [
        (ChangeKind.DEACTIVATE, ChangeState.PLANNED),
        (ChangeKind.DELETE, ChangeState.PLANNED),
    ]


@pytest.mark.slow
def test_all_that_was_deleted_is_recovered_together(live: Stall) -> None:
    everything = products()
    total = len(everything)
    assert act("delete", all_listings=True).counts["confirmed"] == total
    assert not products()
    assert live.calls(DELETE) == -(-total // 20)
    assert act("recover", template="Mugs").counts["confirmed"] > 0
    assert 0 < len(products()) < total
    act("recover", all_listings=True)
    assert products() == everything


def test_a_draft_comes_back_as_a_draft(live: Stall) -> None:
    first = products()[0]
    name = product_id(first)
    act("delete", first)
    live.shelf[name].live, live.shelf[name].draft = None, live.shelf[name].live
    result = act("recover", first)
    assert (result.counts["confirmed"], listing(name).status) == (1, "DRAFT")


def test_what_was_deleted_in_seller_center_is_let_go_of(live: Stall) -> None:
    first = products()[0]
    name = product_id(first)
    play(live, "DELETED", name)
    with database().write() as session:
        session.exec(select(Listing).where(Listing.id_product == first)).one().status = "DELETED"
    result = act("delete", first)
    assert (result.ok, result.counts["confirmed"]) == (True, 1)
    assert not live.calls(DELETE)
    assert live.upload().counts["to create"] == 1


@pytest.mark.slow
def test_a_planned_edit_of_a_deleted_listing_is_not_sent(live: Stall) -> None:
    first = products()[0]
    live.sandbox.prestashop.rename(first, "Another name")
    plan = live.upload(dry_run=True)
    act("delete", first)
    result = apply_plan(plan.plan or 0)
    assert result.counts["superseded"] == 1
    assert len(of_product(live, first)) == 1


# Other flows ----------------------------------------------------------------------------------------------------------


def test_another_flow_deletes_and_what_was_refused_is_not_sent_every_time(live: Stall) -> None:
    first, second, *_ = products()
    keys = [listing(product_id(one)).key for one in (first, second)]
    frozen, gone = product_id(second), product_id(first)
    play(live, "FREEZE", frozen, noticed=False)
    with database().write() as session:
        for key in keys:
            session.get_one(Listing, key).status = "ACTIVATE"
    with run_alone("price_stock_sync", "sandbox", {}, dry_run=False, turn="offers") as run:
        ids = plan_actions(run, "delete", keys)
        assert len(ids) == 2
        report = send_actions.fn(run, ids)
        assert (report.counts["confirmed"], report.counts["parked"]) == (1, 1)
        with database().write() as session:
            session.get_one(Listing, keys[1]).status = "ACTIVATE"
        assert plan_actions(run, "delete", keys) == []
    assert (live.shelf[gone].status, live.shelf[frozen].status) == ("DELETED", "FREEZE")


@pytest.mark.slow
def test_a_product_deleted_in_prestashop_is_deleted_and_not_linked_when_it_is_recovered(live: Stall) -> None:
    first = products()[0]
    name = product_id(first)
    live.sandbox.prestashop.delete_product(first)
    price_stock_sync("sandbox")
    assert live.shelf[name].status == "DELETED"
    result = act("recover", listing_ids=[name])
    assert [one.code for one in result.not_ready] == ["product_gone"]
    price_stock_sync("sandbox")
    assert live.shelf[name].status == "SELLER_DEACTIVATED"


@pytest.mark.slow
def test_a_handful_of_task_runs_for_many_listings(open_stall: Callable[..., Stall]) -> None:
    stall = open_stall(products=120)
    stall.upload()
    stall.finish_audits()
    with get_client(sync_client=True) as client:
        before = len(client.read_task_runs(limit=200, offset=0))
        result = act("deactivate", all_listings=True)
        assert result.counts["confirmed"] == len(products()) > 60
        after = len(client.read_task_runs(limit=200, offset=0))
    assert after - before <= 5
    assert stall.calls(DEACTIVATE) == -(-len(products()) // 20)
