"""Explaining a SKU (K2) on the sandbox."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from models.database import database
from models.listings import Assignment, ListingSku
from tasks.explain import UnknownSku, explain
from tests.stall import Stall

pytestmark = pytest.mark.slow


def test_a_listed_sku_says_why_it_shows_what_it_shows(stall: Stall) -> None:
    stall.upload()
    with database().read() as session:
        sku = session.exec(select(ListingSku).where(col(ListingSku.id_product_attribute) > 0)).first()
    assert sku is not None
    told = explain(stall.connection_id, sku.seller_sku)
    assert (told.id_product, told.id_product_attribute) == (sku.id_product, sku.id_product_attribute)
    assert told.status == "processing"
    assert told.price.split()[0] == f"{sku.price:.2f}"
    assert told.confirmed_quantities == sku.quantities
    assert [change.state for change in told.changes] == ["confirmed"]
    assert {"template_filters", "sku_source"} <= {step.code for step in told.content}
    assert told.price_steps
    assert not told.differs


def test_a_product_that_is_not_ready_says_what_to_do(stall: Stall) -> None:
    stall.upload(dry_run=True)
    with database().read() as session:
        refused = session.exec(select(Assignment).where(Assignment.content_hash == "")).first()
    assert refused is not None
    told = explain(stall.connection_id, str(refused.id_product))
    assert told.status == "not_ready"
    assert [step.code for step in told.not_ready] == [finding["code"] for finding in refused.findings]
    assert all(step.fix for step in told.not_ready)


def test_an_unknown_sku_is_told_how_to_ask(stall: Stall) -> None:
    stall.upload(dry_run=True)
    with pytest.raises(UnknownSku, match="42:7"):
        explain(stall.connection_id, "no such thing")
