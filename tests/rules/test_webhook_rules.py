"""Genuine or not, what a message is about, and what follows from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.webhooks import Step, expiry, is_genuine, read_message, signature, steps

EXAMPLES = Path(__file__).parents[1] / "data" / "tiktok-shop-examples"
VECTORS = json.loads((EXAMPLES / "webhook-signature-vectors.json").read_text())["vectors"]


@pytest.mark.parametrize("vector", VECTORS)
def test_signatures_of_the_vendor(vector: dict[str, str]) -> None:
    key, secret, body = vector["app_key"], vector["app_secret"], vector["raw_body"].encode()
    assert signature(key, secret, body) == vector["authorization_header"]
    assert is_genuine(vector["authorization_header"], key, secret, body)
    assert not is_genuine(vector["authorization_header"], key, secret, body + b" ")
    assert not is_genuine("", key, secret, body)
    assert not is_genuine("é" * 64, key, secret, body)


def example(name: str) -> bytes:
    (path,) = EXAMPLES.glob(f"webhook-{name}-*.json")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "objects", "follows"),
    [
        ("01", ("577000000000000001",), (Step.ORDERS,)),
        ("03", ("577000000000000001",), (Step.ORDERS,)),
        ("04", ("577000000000000001",), (Step.ORDERS,)),
        ("05", ("1729500000000000001",), (Step.STATUSES,)),
        ("06", (), (Step.DEAUTHORIZE,)),
        ("07", (), (Step.NOTE_EXPIRY,)),
        ("11", ("577000000000000001",), (Step.CANCELLATIONS,)),
        ("12", ("577000000000000001",), (Step.CANCELLATIONS,)),
        ("15", ("1729500000000000001",), (Step.STATUSES,)),
        ("16", ("1729500000000000001",), (Step.STATUSES,)),
        ("37", ("1729500000000000001",), (Step.STATUSES,)),
    ],
)
def test_what_the_examples_are_about(name: str, objects: tuple[str, ...], follows: tuple[Step, ...]) -> None:
    read = read_message(example(name))
    assert (read.objects, read.shop_id) == (objects, "7495000000000000001")
    assert steps(read.type, read.objects, read.status) == follows


@pytest.mark.parametrize("status", ["CANCEL", "CANCELLED"])
def test_a_cancelled_order_is_looked_at_from_both_sides(status: str) -> None:
    assert steps(1, ("577",), status) == (Step.ORDERS, Step.CANCELLATIONS)


@pytest.mark.parametrize(
    ("status", "follows"),
    [
        *((status, Step.ORDERS) for status in ("", "UNPAID", "ON_HOLD", "AWAITING_SHIPMENT")),
        *((status, Step.ORDER_STATUSES) for status in ("AWAITING_COLLECTION", "PARTIALLY_SHIPPING", "IN_TRANSIT")),
        *((status, Step.ORDER_STATUSES) for status in ("DELIVERED", "COMPLETED", "SOMETHING_NEW")),
    ],
)
def test_an_order_is_imported_and_then_its_status_followed(status: str, follows: Step) -> None:
    assert steps(1, ("577",), status) == (follows,)


@pytest.mark.parametrize("kind", [0, 13, 14, 27, 33, 36, 50, 67, 71, 9999])
def test_other_kinds_are_ignored(kind: int) -> None:
    assert steps(kind, ("577",), "") == ()


@pytest.mark.parametrize("kind", [1, 3, 4, 5, 7, 15])
def test_nothing_follows_without_an_object(kind: int) -> None:
    assert steps(kind, (), "") == ()


def test_a_message_without_an_id_is_known_by_its_text() -> None:
    body: dict[str, Any] = {"type": 3, "shop_id": 7, "data": {"order_id": 577000000000000001}}
    first, again = read_message(json.dumps(body).encode()), read_message(json.dumps(body).encode())
    other = read_message(json.dumps({**body, "timestamp": 1}).encode())
    assert first == again
    assert first.id.startswith("hash:")
    assert first.id != other.id
    assert (first.objects, first.shop_id) == (("577000000000000001",), "7")


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b"1", b"{}", b'{"type":1}', b'{"shop_id":"7"}', b'{"type":true,"shop_id":"7"}'),
        *(b'{"type":-1,"shop_id":"7"}', b'{"type":99999999999,"shop_id":"7"}', b'{"type":1,"shop_id":{}}', b"\xff"),
        b"[" * 60_000,
    ],
)
def test_what_is_no_message(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # of the parser or of ours
        read_message(body)


@settings(max_examples=30)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_whatever_the_data_are_ids_are_short_texts(data: Any) -> None:
    for kind in (1, 4, 5, 7):
        body = json.dumps({"type": kind, "shop_id": "7", "data": {"order_id": data, "package_list": data}}).encode()
        try:
            read = read_message(body)
        except ValueError:
            continue  # numbers beyond 64 bits
        assert all(0 < len(one) <= 40 for one in read.objects)
        assert len(read.status) <= 60


@pytest.mark.parametrize("status", ["", "0", "soon", "9" * 30, "-" * 5])
def test_an_end_that_is_no_time(status: str) -> None:
    assert expiry(status) is None
