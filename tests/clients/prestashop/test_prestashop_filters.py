"""Filters: what can be built means to the shop what it says; the rest is refused with the reason.

`matches` is the webservice's grammar (fact sheet section 1.4) written down a second time, from the shop's side.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clients.prestashop import (
    Condition,
    Filters,
    PrestaShopClient,
    any_of,
    between,
    contains,
    ends_with,
    equals,
    greater,
    less,
    none_of,
    not_equal,
    starts_with,
)
from clients.prestashop.filters import MAX_BYTES, MAX_VALUES

PARIS = ZoneInfo("Europe/Paris")
NEW_YORK = ZoneInfo("America/New_York")


class Dropped(AssertionError):
    """The shop would have ignored the filter."""


def number(text: str) -> Decimal | str:
    """As MySQL compares it: a number where it is one."""
    return Decimal(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text.casefold()


def like(pattern: str, field: str) -> bool:
    """SQL's LIKE."""
    parts = (".*" if sign == "%" else "." if sign == "_" else re.escape(sign) for sign in pattern)
    return re.fullmatch("".join(parts), field, re.IGNORECASE | re.DOTALL) is not None


def strip_tags(text: str) -> str:
    """What escaping leaves of a value."""
    return re.sub(r"<[^>]*>?", "", text)


def matches(sent: str, field: str) -> bool:
    """Whether the shop finds a row with this field value for `filter[x]=sent`."""
    found = re.fullmatch(r"(.*)\[(.*)\](.*)", sent)
    if found is None:
        return strip_tags(sent) == field
    before, inner, after = found.groups()
    if "%" in (before, after):
        return like(strip_tags(before + inner + after), field)
    if (before, after) == ("", ""):
        if inner.find("|") > 0:
            return any(number(strip_tags(part)) == number(field) for part in inner.split("|"))
        bounds = re.fullmatch(r"([\d.:\-\s]+),([\d.:\-\s]+)", inner)
        if bounds:
            low, high = sorted(number(bound) for bound in bounds.groups())
            return low <= number(field) <= high  # type: ignore[operator]
        return number(strip_tags(inner)) == number(field)
    if before == ">" and not after:
        return number(field) > number(inner)  # type: ignore[operator]
    if before == "<" and not after:
        return number(field) < number(inner)  # type: ignore[operator]
    if before == "!" and not after:
        return all(number(strip_tags(part)) != number(field) for part in inner.split("|"))
    raise Dropped(sent)


TEXTS = st.text(max_size=12) | st.sampled_from(["a,b", "1,2", "a|b", "[x]", "100%", "demo_1", "<b>", "é", " ", "x]%"])
NUMBERS = st.integers(-1000, 1000) | st.decimals(-1000, 1000, allow_nan=False, places=6)


def accepted(make: Callable[[Any], Condition], value: Any) -> str | None:
    """The condition's text; None for values it refuses, of which there is nothing more to say."""
    try:
        return make(value).text(None)
    except ValueError:
        return None


@given(TEXTS, TEXTS)
def test_equals_finds_just_this_text(value: str, other: str) -> None:
    sent = accepted(equals, value)
    if sent is not None:
        assert matches(sent, value)
        assert matches(sent, other) == (number(value) == number(other))


@given(TEXTS, TEXTS)
def test_not_equal_finds_everything_else(value: str, other: str) -> None:
    sent = accepted(not_equal, value)
    if sent is not None:
        assert not matches(sent, value)
        assert matches(sent, other) == (number(value) != number(other))


@given(st.lists(TEXTS | NUMBERS, min_size=1, max_size=6), TEXTS)
def test_any_of_finds_each_of_them_and_nothing_else(values: list[Any], other: str) -> None:
    values = [value for value in values if accepted(any_of, [value])]
    if values:
        sent = any_of(values).text(None)
        texts = [format(value, "f") if isinstance(value, Decimal) else str(value) for value in values]
        assert all(matches(sent, text) for text in texts)
        assert matches(sent, other) == any(number(text) == number(other) for text in texts)


@given(st.lists(TEXTS, min_size=1, max_size=6), TEXTS)
def test_none_of_finds_none_of_them(values: list[str], other: str) -> None:
    values = [value for value in values if accepted(none_of, [value])]
    if values:
        sent = none_of(values).text(None)
        assert not any(matches(sent, value) for value in values)
        assert matches(sent, other) == all(number(value) != number(other) for value in values)


@given(NUMBERS, NUMBERS, st.integers(-1000, 1000))
def test_between_includes_its_bounds(low: Any, high: Any, value: int) -> None:
    assume(low <= high)
    sent = between(low, high).text(None)
    assert matches(sent, str(value)) == (low <= value <= high)


@given(NUMBERS, st.integers(-1000, 1000))
def test_greater_and_less_are_strict(bound: Any, value: int) -> None:
    assert matches(greater(bound).text(None), str(value)) == (value > bound)
    assert matches(less(bound).text(None), str(value)) == (value < bound)


@given(TEXTS, TEXTS, TEXTS)
def test_parts_of_texts(part: str, before: str, after: str) -> None:
    starting, ending, holding = (accepted(make, part) for make in (starts_with, ends_with, contains))
    assert (starting is None) == (ending is None) == (holding is None)
    if starting and ending and holding:
        assert matches(starting, part + after)
        assert matches(ending, before + part)
        assert matches(holding, before + part + after)
        whole = before + after
        assert matches(holding, whole) == (re.search(re.escape(part), whole, re.IGNORECASE) is not None)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: equals("a|b"), "reads . as 'or'"),
        (lambda: equals("a]"), "brackets"),
        (lambda: equals("[a"), "brackets"),
        (lambda: equals("<b>"), "looks like a tag"),
        (lambda: equals("1,2"), "as a range"),
        (lambda: any_of(["x", "1,2"]), "as a range"),
        (lambda: equals("a\nb"), "line breaks"),
        (lambda: equals(0.1), "give a Decimal"),  # type: ignore[arg-type]  # what the check is for
        (lambda: equals(Decimal("NaN")), "not a number"),
        (lambda: equals(datetime(2026, 1, 1)), "without a zone"),  # noqa: DTZ001  # what the check is for
        (lambda: any_of([]), "do not ask at all"),
        (lambda: any_of(["", "x"]), "empty text"),
        (lambda: none_of([]), "do not ask at all"),
        (lambda: none_of(range(MAX_VALUES + 1)), "can be excluded"),
        (lambda: between("a", "b"), "numbers or times"),
        (lambda: between(5, 1), "silently swap"),
        (lambda: greater(""), "nothing is greater"),
        (lambda: less(True), "nothing is greater or less"),
        (lambda: starts_with("100%"), "wildcard"),
        (lambda: contains("demo_1"), "wildcard"),
        (lambda: ends_with(""), "every text"),
        (lambda: Filters(**{"id]": equals(1)}), "not a field name"),
        (lambda: Filters(id=greater(1)).also(id=less(9)), "second condition on id"),
    ],
)
def test_what_the_shop_would_misread_cannot_be_built(make: Callable[[], object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make()


def test_there_is_no_way_to_say_greater_or_equal() -> None:
    # `>=[5]` would be dropped and every row come back.
    with pytest.raises(Dropped):
        matches(">=[5]", "1")
    for value in ("=[5", "=5]"):
        with pytest.raises(ValueError, match="brackets"):
            greater(value)
    assert greater(5).text(None) == ">[5]"


def test_values_as_the_shop_writes_them() -> None:
    assert equals(True).text(None) == "[1]"
    assert equals(False).text(None) == "[0]"
    assert equals(Decimal("1E+3")).text(None) == "[1000]"
    assert not_equal("").text(None) == "![]"
    assert equals(datetime(2026, 7, 1, 10, tzinfo=UTC)).text(PARIS) == "[2026-07-01 12:00:00]"


def test_times_need_the_shops_zone() -> None:
    condition = greater(datetime(2026, 7, 1, 10, tzinfo=timezone(timedelta(hours=5))))
    assert condition.timed
    assert condition.text(PARIS) == ">[2026-07-01 07:00:00]"
    with pytest.raises(ValueError, match="time zone"):
        condition.text(None)


def test_dates_of_changes_bring_date_1() -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    assert Filters(date_upd=greater(since)).params(PARIS)["date"] == "1"
    assert Filters(date_add=greater(since)).params(PARIS)["date"] == "1"
    assert "date" not in Filters(id=greater(1)).params(PARIS)
    assert Filters(**{"from": less(since)}).params(PARIS) == {"filter[from]": "<[2026-01-01 01:00:00]"}


INSTANTS = st.datetimes(datetime(2026, 10, 24), datetime(2026, 11, 2)) | st.datetimes(  # noqa: DTZ001  # UTC below
    datetime(2026, 3, 27),  # noqa: DTZ001
    datetime(2026, 3, 31),  # noqa: DTZ001
)


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(hours=12)), st.sampled_from([PARIS, NEW_YORK]))
def test_no_change_is_missed_when_the_clock_goes_back(start: datetime, later: timedelta, zone: ZoneInfo) -> None:
    bound, change = start.replace(tzinfo=UTC), (start + later).replace(tzinfo=UTC)
    wall = change.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    assert greater(bound).text(zone)[2:-1] <= wall
    assert greater(bound - timedelta(seconds=1)).text(zone)[2:-1] < wall
    start_wall = bound.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    assert start_wall < less(change + timedelta(seconds=1)).text(zone)[2:-1]
    low, high = between(bound, change).text(zone)[1:-1].split(",")
    assert low <= start_wall <= high
    assert low <= wall <= high


def test_bounds_away_from_the_change_of_the_clock_are_exact() -> None:
    at = datetime(2026, 6, 1, 10, tzinfo=UTC)
    assert greater(at).text(PARIS) == ">[2026-06-01 12:00:00]"
    assert less(at).text(PARIS) == "<[2026-06-01 12:00:00]"


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=3000, unique=True))
def test_long_lists_are_split_into_request_lines_that_fit(ids: list[int]) -> None:
    parts = list(Filters(id=any_of(ids), active=equals(True)).split())
    sent = [part.params(None) for part in parts]
    assert all(query["filter[active]"] == "[1]" for query in sent)
    lists = [list(map(int, query["filter[id]"][1:-1].split("|"))) for query in sent]
    assert [id_ for part in lists for id_ in part] == ids
    assert max(map(len, lists)) <= MAX_VALUES
    assert all(len(query["filter[id]"].replace("|", "%7C")) <= MAX_BYTES for query in sent)


def test_long_texts_are_split_by_their_encoded_length() -> None:
    parts = list(Filters(reference=any_of([f"référence-{i:04}" * 3 for i in range(300)])).split())
    assert len(parts) > 1
    assert all(len(part.params(None)["filter[reference]"].encode()) < MAX_BYTES for part in parts)


def test_what_cannot_be_split_and_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        list(Filters(name=equals("x" * MAX_BYTES)).split())


def test_filters_show_fields_and_no_values() -> None:
    shown = repr(Filters(email=equals("rita.roe@example.com"), id=greater(5)))
    assert shown == "Filters(email=equals, id=greater)"


@pytest.mark.parametrize(
    ("resource", "field", "why"),
    [
        ("products", "quantity", "computed by the shop"),
        ("products", "manufacturer_name", "computed by the shop"),
        ("orders", "shipping_number", "computed by the shop"),
        ("products", "images", "is an association"),
    ],
)
def test_fields_the_shop_cannot_filter_are_named(
    client: PrestaShopClient, shop: Any, resource: str, field: str, why: str
) -> None:
    with pytest.raises(ValueError, match=f"{field} of {resource} .*{why.split()[-1]}"):
        client.rows(resource, filters=Filters(**{field: equals(1)}))
    with pytest.raises(ValueError, match=f"{field} of {resource}"):
        client.ids(resource, Filters(**{field: equals(1)}))
    with pytest.raises(ValueError, match=f"{field} of {resource}"):
        client.rows(resource, sort=[f"{field}_ASC"])
    assert shop.requests == []
