"""PrestaShop's sale price step by step, and the listing price made from it (prestashop-webservice.md 3; B4, B7, B8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.catalogue import Product, SpecificPrice, Variant
from models.settings import Markup, MarkupKind
from rules.market import market
from rules.price import (
    Currency,
    Price,
    PriceContext,
    apply_markup,
    choose_specific_price,
    listing_price,
    next_price_boundary,
    round_amount,
    sale_price,
)
from rules.price_audit import agrees, as_server_computes
from rules.tax import TaxRule, TaxTable

EUR, GBP = Currency(1, "EUR", Decimal(1)), Currency(2, "GBP", Decimal("0.85"))
FRANCE = 8
NOW = datetime(2026, 11, 20, 9, 30, 40, tzinfo=UTC)
TAXES = TaxTable({1: (TaxRule(FRANCE, 1),)}, {1: Decimal(20)}, frozenset({1}))
CONTEXT = PriceContext(
    now=NOW,
    id_shop=1,
    currency=EUR,
    default_currency=EUR,
    id_country=FRANCE,
    id_group=3,
    taxes=TAXES,
    with_tax=True,
)
IN_POUNDS = replace(CONTEXT, currency=GBP)


def product(price: str = "10", **changes: Any) -> Product:
    return Product(connection_id=1, id_product=7, id_tax_rules_group=1, price=Decimal(price), **changes)


def variant(impact: str = "0", key: int = 0, **changes: Any) -> Variant:
    return Variant(connection_id=1, id_product=7, id_product_attribute=key, price=Decimal(impact), **changes)


def special(key: int = 14, *, price: str = "-1", reduction: str = "0", **changes: Any) -> SpecificPrice:
    defaults: dict[str, Any] = {"id_product": 7, "reduction_type": "percentage"}
    return SpecificPrice(
        connection_id=1, id=key, price=Decimal(price), reduction=Decimal(reduction), **{**defaults, **changes}
    )


def charged(*specials: SpecificPrice, of: Product | None = None, to: Variant | None = None, **changes: Any) -> Decimal:
    """The sale price of the product at 10.00 without tax, 12.00 with, but for what the test changes."""
    return sale_price(of or product(), to or variant(), specials, replace(CONTEXT, **changes)).value


class TestSteps:
    def test_the_product_price_with_tax(self) -> None:
        assert charged() == Decimal("12.00")

    def test_the_product_price_without_tax(self) -> None:
        assert charged(with_tax=False) == Decimal("10.00")

    def test_a_shop_with_taxes_switched_off(self) -> None:
        assert charged(tax_enabled=False) == Decimal("10.00")

    def test_a_variant_adds_its_impact(self) -> None:
        assert charged(to=variant("2.5", 3)) == Decimal("15.00")
        assert charged(to=variant("-2.5", 3)) == Decimal("9.00")

    def test_everything_is_converted(self) -> None:
        assert charged(to=variant("2", 3), currency=GBP) == Decimal("12.24")

    def test_nothing_is_rounded_before_the_end(self) -> None:
        # 0.144 with tax: rounded there, 4 % off would give 0.1344 and so 0.13.
        assert charged(special(reduction="0.04"), of=product("0.12")) == Decimal("0.14")

    def test_more_decimals_can_be_asked_for(self) -> None:
        assert charged(of=product("0.333333"), decimals=6) == Decimal("0.400000")
        assert charged(currency=Currency(3, "BHD", Decimal("0.4111"), 3)) == Decimal("4.933")

    def test_a_fixed_price_replaces_the_product_price(self) -> None:
        assert charged(special(price="8")) == Decimal("9.60")
        assert charged(special(price="0")) == 0

    def test_a_fixed_price_for_the_product_keeps_the_variants_impact(self) -> None:
        assert charged(special(price="8"), to=variant("2", 3)) == Decimal("12.00")

    def test_a_fixed_price_for_the_variant_is_its_whole_price(self) -> None:
        assert charged(special(price="8", id_product_attribute=3), to=variant("2", 3)) == Decimal("9.60")

    def test_a_reduction_for_the_variant_keeps_its_impact(self) -> None:
        assert charged(special(reduction="0.5", id_product_attribute=3), to=variant("2", 3)) == Decimal("7.20")

    def test_a_fixed_price_in_the_wanted_currency_is_not_converted(self) -> None:
        assert charged(special(price="8", id_currency=GBP.id), currency=GBP) == Decimal("9.60")
        assert charged(special(price="8"), currency=GBP) == Decimal("8.16")

    def test_ecotax_is_added_where_the_shop_uses_it(self) -> None:
        taxed = product(ecotax=Decimal("0.50"))
        assert charged(of=taxed) == Decimal("12.00")
        assert charged(of=taxed, ecotax_active=True) == Decimal("12.50")
        assert charged(of=taxed, ecotax_active=True, ecotax_tax_rate=Decimal("0.2")) == Decimal("12.60")
        assert charged(of=taxed, ecotax_active=True, ecotax_tax_rate=Decimal("0.2"), with_tax=False) == Decimal("10.50")

    def test_a_variants_ecotax_replaces_the_products(self) -> None:
        dear, free = variant(key=3, ecotax=Decimal(1)), variant(key=3)
        assert charged(of=product(ecotax=Decimal("0.5")), to=dear, ecotax_active=True) == Decimal("13.00")
        assert charged(of=product(ecotax=Decimal("0.5")), to=free, ecotax_active=True) == Decimal("12.50")

    def test_a_percentage_also_discounts_the_ecotax(self) -> None:
        assert charged(special(reduction="0.2"), of=product(ecotax=Decimal(1)), ecotax_active=True) == Decimal("10.40")

    @pytest.mark.parametrize(
        ("with_tax", "reduction_tax", "expected"),
        [(True, True, "9.00"), (True, False, "8.40"), (False, True, "7.50"), (False, False, "7.00")],
    )
    def test_an_amount_off_is_with_or_without_tax(self, with_tax: bool, reduction_tax: bool, expected: str) -> None:
        off = special(reduction="3", reduction_type="amount", reduction_tax=reduction_tax)
        assert charged(off, with_tax=with_tax) == Decimal(expected)

    def test_an_amount_off_in_its_own_currency_is_not_converted(self) -> None:
        assert charged(special(reduction="3", reduction_type="amount"), currency=GBP) == Decimal("7.65")
        own = special(reduction="3", reduction_type="amount", id_currency=GBP.id)
        assert charged(own, currency=GBP) == Decimal("7.20")

    def test_the_customer_groups_reduction_comes_on_top(self) -> None:
        assert charged(special(reduction="0.5"), group_reduction=Decimal(10)) == Decimal("5.40")

    def test_a_price_never_falls_below_zero(self) -> None:
        decision = sale_price(product(), variant(), [special(reduction="50", reduction_type="amount")], CONTEXT)
        assert decision.value == 0
        assert "floored" in [reason.code for reason in decision.reasons]

    def test_every_step_is_a_reason(self) -> None:
        ends = datetime(2026, 11, 30, 22, 59, tzinfo=UTC)
        decision = sale_price(
            product("23.90", ecotax=Decimal("0.5")),
            variant("2", 3),
            [special(reduction="0.2", ends_at=ends)],
            replace(IN_POUNDS, group_reduction=Decimal(5), ecotax_active=True),
        )
        assert [(reason.code, reason.text) for reason in decision.reasons] == [
            ("base_price", "product price 23.90 EUR without tax"),
            ("converted", "at 0.85 GBP: 20.315 GBP"),
            ("variant_price", "variant 3: +1.70"),
            ("tax", "tax 20 % (tax rule group 1)"),
            ("ecotax", "ecotax +0.425"),
            ("special_price_reduction", "special price 14: 20 % off until 30 Nov 2026 22:59 UTC"),
            ("group_reduction", "customer group 3: 5 % off"),
            ("sale_price", "sale price 20.40 GBP with tax"),
        ]

    def test_a_fixed_special_price_says_what_it_replaces(self) -> None:
        decision = sale_price(product(), variant(), [special(price="8")], CONTEXT)
        assert decision.reasons[0].text == "special price 14: 8.00 EUR instead of 10.00"


class TestRecordedAnswers:
    """`price[]` of a real 8.2.1: what it answered for the products and special prices it had."""

    AMERICAN = replace(
        CONTEXT,
        currency=Currency(1, "USD", Decimal(1)),
        default_currency=Currency(1, "USD", Decimal(1)),
        id_country=21,
        taxes=TaxTable({9: (TaxRule(21, 9, 1, id_state=12),)}, {9: Decimal(6)}, frozenset({9})),
    )
    # Recording 133: 21 % on every product, in whatever country of the EU.
    SPANISH = replace(
        CONTEXT,
        id_country=6,
        taxes=TaxTable({1: (TaxRule(6, 1), TaxRule(8, 1))}, {1: Decimal(21)}, frozenset({1})),
    )
    # Recording 037
    TWENTY_OFF = special(1, id_product=1, reduction="0.2")

    @staticmethod
    def ask(context: PriceContext, price: str, group: int, *specials: SpecificPrice, id_product: int = 1) -> Decimal:
        asked = Product(connection_id=1, id_product=id_product, price=Decimal(price), id_tax_rules_group=group)
        of = Variant(connection_id=1, id_product=id_product, id_product_attribute=0)
        return sale_price(asked, of, specials, context).value

    def test_021_with_and_without_tax_and_reduction(self) -> None:
        assert self.ask(self.AMERICAN, "23.900000", 9, self.TWENTY_OFF) == Decimal("19.12")
        assert self.ask(replace(self.AMERICAN, with_tax=False), "23.900000", 9, self.TWENTY_OFF) == Decimal("19.12")
        assert self.ask(replace(self.AMERICAN, with_tax=False), "23.900000", 9) == Decimal("23.90")
        six = replace(self.AMERICAN, with_tax=False, decimals=6)
        assert self.ask(six, "23.900000", 9, self.TWENTY_OFF) == Decimal("19.120000")

    def test_022_the_special_price_of_one_product_leaves_the_others_alone(self) -> None:
        specials = (self.TWENTY_OFF, special(2, id_product=2, reduction="0.2"))
        assert self.ask(self.AMERICAN, "23.900000", 9, *specials, id_product=1) == Decimal("19.12")
        assert self.ask(self.AMERICAN, "35.900000", 9, *specials, id_product=2) == Decimal("28.72")
        assert self.ask(self.AMERICAN, "29.000000", 9, *specials, id_product=3) == Decimal("29.00")

    def test_026_combinations(self) -> None:
        assert self.ask(self.AMERICAN, "18.900000", 9, self.TWENTY_OFF, id_product=9) == Decimal("18.90")

    @pytest.mark.parametrize(
        ("price", "specials", "with_tax", "country", "answer"),
        [
            ("23.900000", True, True, 6, "23.14"),
            ("23.900000", True, False, 6, "19.12"),
            ("23.900000", False, True, 6, "28.92"),
            ("23.900000", True, True, 8, "23.14"),
            ("11.900000", False, True, 6, "14.40"),
            ("11.900000", False, False, 6, "11.90"),
        ],
    )
    def test_133_vat(self, price: str, specials: bool, with_tax: bool, country: int, answer: str) -> None:
        context = replace(self.SPANISH, with_tax=with_tax, id_country=country)
        assert self.ask(context, price, 1, *([self.TWENTY_OFF] if specials else [])) == Decimal(answer)


class TestChoosing:
    """Which special price counts when several apply."""

    @staticmethod
    def chosen(*specials: SpecificPrice, key: int = 3, **changes: Any) -> int | None:
        row = choose_specific_price(specials, 7, key, replace(CONTEXT, **changes))
        return None if row is None else row.id

    def test_none_where_the_shop_has_switched_them_off(self) -> None:
        assert self.chosen(special(1)) == 1
        assert self.chosen(special(1), specific_prices_active=False) is None

    @pytest.mark.parametrize(
        "other",
        [
            {"id_product": 8},
            {"id_product_attribute": 4},
            {"id_shop": 2},
            {"id_currency": 2},
            {"id_country": 9},
            {"id_group": 1},
            {"id_customer": 5},
            {"from_quantity": 2},
            {"starts_at": NOW + timedelta(minutes=1)},
            {"ends_at": NOW - timedelta(minutes=1)},
        ],
        ids=str,
    )
    def test_rows_for_somebody_else_do_not_apply(self, other: dict[str, Any]) -> None:
        assert self.chosen(special(1, **other)) is None

    def test_a_row_for_every_product_applies(self) -> None:
        assert self.chosen(special(1, id_product=0)) == 1

    def test_a_row_of_a_variant_does_not_apply_to_the_product_as_a_whole(self) -> None:
        assert self.chosen(special(1, id_product_attribute=3), key=0) is None

    @pytest.mark.parametrize(
        ("better", "worse"),
        [
            ({"id_product_attribute": 3}, {"from_quantity": 5, "id_customer": 0, "id_group": 3}),
            ({"from_quantity": 5}, {"from_quantity": 1, "id_group": 3}),
            ({"id_group": 3, "id_specific_price_rule": 0}, {"id_group": 3, "id_specific_price_rule": 2}),
            ({}, {"id_specific_price_rule": 2, "id_group": 3}),
            ({"id_group": 3}, {"id_currency": 1, "id_country": FRANCE, "id_shop": 1}),
            ({"id_currency": 1}, {"id_country": FRANCE, "id_shop": 1}),
            ({"id_country": FRANCE}, {"id_shop": 1}),
            ({"id_shop": 1}, {"ends_at": NOW + timedelta(days=1)}),
            ({"ends_at": NOW + timedelta(days=2)}, {"ends_at": NOW + timedelta(days=1)}),
            ({"ends_at": NOW + timedelta(days=1)}, {"starts_at": NOW - timedelta(days=1)}),
            ({"starts_at": NOW - timedelta(days=1)}, {"starts_at": NOW - timedelta(days=2)}),
            ({"starts_at": NOW - timedelta(days=2)}, {}),
        ],
        ids=str,
    )
    def test_precedence(self, better: dict[str, Any], worse: dict[str, Any]) -> None:
        assert self.chosen(special(2, **better), special(1, **worse), quantity=10) == 2
        assert self.chosen(special(1, **worse), special(2, **better), quantity=10) == 2

    def test_the_shops_own_priorities(self) -> None:
        rows = special(1, id_group=3), special(2, id_shop=1)
        assert self.chosen(*rows, priorities=("id_shop", "id_group", "id_currency", "id_country")) == 2

    def test_times_are_compared_by_the_minute(self) -> None:
        # At 9:30:40 PrestaShop asks about 9:30:00.
        assert self.chosen(special(1, starts_at=NOW.replace(second=0))) == 1
        assert self.chosen(special(1, starts_at=NOW.replace(second=1))) is None
        assert self.chosen(special(1, ends_at=NOW.replace(second=0))) == 1

    few = st.sampled_from
    moments = st.none() | st.integers(-2, 2).map(lambda minutes: NOW.replace(second=0) + timedelta(minutes=minutes))
    rows = st.lists(
        st.builds(
            special,
            st.integers(1, 10_000),
            id_product=few([0, 7, 7, 8]),
            id_product_attribute=few([0, 0, 3, 4]),
            id_shop=few([0, 1, 2]),
            id_currency=few([0, 1, 2]),
            id_country=few([0, FRANCE, 9]),
            id_group=few([0, 3, 4]),
            id_customer=few([0, 0, 0, 5]),
            id_specific_price_rule=few([0, 0, 1]),
            from_quantity=few([1, 2, 5]),
            starts_at=moments,
            ends_at=moments,
        ),
        max_size=8,
        unique_by=lambda row: row.id,
    )

    @given(rows, st.permutations(["id_group", "id_currency", "id_country", "id_shop"]), few([0, 5]), few([1, 2, 9]))
    def test_the_choice_is_what_sorting_key_by_key_gives(
        self, rows: list[SpecificPrice], priorities: list[str], id_customer: int, quantity: int
    ) -> None:
        minute = NOW.replace(second=0)
        wanted = {"id_shop": 1, "id_currency": 1, "id_country": FRANCE, "id_group": 3, "id_customer": id_customer}
        weights = dict(zip(["id_customer", *priorities], [32, 16, 8, 4, 2], strict=True))

        def outside(row: SpecificPrice) -> bool:
            return (
                row.id_product == 8
                or row.id_product_attribute == 4
                or any(getattr(row, name) != 0 and getattr(row, name) != value for name, value in wanted.items())
                or row.from_quantity > quantity
                or (row.starts_at is not None and row.starts_at > minute)
                or (row.ends_at is not None and row.ends_at < minute)
            )

        def score(row: SpecificPrice) -> int:
            return sum(weight for name, weight in weights.items() if getattr(row, name) == wanted[name])

        # A stable sort by the least important key first.
        left = sorted((row for row in rows if not outside(row)), key=lambda row: row.id)
        open_ended = datetime(1, 1, 1, tzinfo=UTC)
        left.sort(key=lambda row: row.starts_at or open_ended, reverse=True)
        left.sort(key=lambda row: row.ends_at or open_ended, reverse=True)
        left.sort(key=score, reverse=True)
        left.sort(key=lambda row: row.id_specific_price_rule)
        left.sort(key=lambda row: row.from_quantity, reverse=True)
        left.sort(key=lambda row: row.id_product_attribute, reverse=True)
        expected = left[0].id if left else None
        changes: dict[str, Any] = {"priorities": tuple(priorities), "id_customer": id_customer, "quantity": quantity}
        assert self.chosen(*rows, **changes) == expected
        assert self.chosen(*reversed(rows), **changes) == expected

    @given(rows)
    def test_between_two_boundaries_nothing_changes(self, rows: list[SpecificPrice]) -> None:
        boundary = next_price_boundary(rows, NOW)
        later = [NOW + timedelta(seconds=seconds) for seconds in range(0, 300, 20)]
        for now in later:
            if boundary is None or now < boundary:
                assert self.chosen(*rows, now=now) == self.chosen(*rows)


class TestBoundaries:
    def test_a_start_takes_effect_at_the_first_whole_minute(self) -> None:
        assert next_price_boundary([special(starts_at=NOW.replace(minute=45, second=1))], NOW) == NOW.replace(
            minute=46, second=0
        )
        on_time = NOW.replace(minute=45, second=0)
        assert next_price_boundary([special(starts_at=on_time)], NOW) == on_time

    def test_the_minute_a_price_ends_in_still_belongs_to_it(self) -> None:
        ends = datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC)
        assert next_price_boundary([special(ends_at=ends)], NOW) == datetime(2026, 11, 21, tzinfo=UTC)

    def test_the_earliest_after_now(self) -> None:
        rows = [
            special(1, starts_at=NOW - timedelta(days=9), ends_at=NOW + timedelta(days=2)),
            special(2, starts_at=NOW.replace(second=0) + timedelta(days=1)),
        ]
        assert next_price_boundary(rows, NOW) == NOW.replace(second=0) + timedelta(days=1)

    def test_none_ahead(self) -> None:
        assert next_price_boundary([special(), special(2, ends_at=NOW - timedelta(days=1))], NOW) is None


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (0, ["1.01", "1.01", "1.02", "1.02", "1.00"]),
        (1, ["1.00", "1.00", "1.01", "1.01", "1.00"]),
        (2, ["1.00", "1.01", "1.02", "1.02", "1.00"]),
        (3, ["1.00", "1.00", "1.01", "1.02", "1.00"]),
        (4, ["1.00", "1.00", "1.02", "1.02", "1.00"]),
        (5, ["1.00", "1.01", "1.01", "1.02", "1.00"]),
    ],
)
def test_round_modes(mode: int, expected: list[str]) -> None:
    amounts = ["1.004", "1.005", "1.015", "1.016", "1"]
    assert [str(round_amount(Decimal(amount), 2, mode)) for amount in amounts] == expected


class TestProperties:
    prices = st.decimals("0", "100000", places=6)
    fractions = st.decimals("0", "1", places=4)

    @given(prices, prices, fractions)
    def test_a_dearer_product_is_never_cheaper(self, one: Decimal, other: Decimal, reduction: Decimal) -> None:
        low, high = sorted([one, other])
        row = special(reduction=str(reduction))
        assert charged(row, of=product(str(low))) <= charged(row, of=product(str(high)))

    @given(prices, st.decimals("0.0001", "1000", places=6))
    def test_conversion_is_linear(self, price: Decimal, rate: Decimal) -> None:
        converted = charged(of=product(str(price)), currency=Currency(2, "GBP", rate), decimals=20)
        assert converted == charged(of=product(str(price)), decimals=20) * rate

    @given(prices, prices, st.sampled_from(["amount", "percentage"]), st.booleans(), st.booleans())
    def test_never_negative_and_never_dearer_for_a_reduction(
        self, price: Decimal, reduction: Decimal, kind: str, with_tax: bool, reduction_tax: bool
    ) -> None:
        row = special(reduction=str(reduction), reduction_type=kind, reduction_tax=reduction_tax)
        reduced = charged(row, of=product(str(price)), with_tax=with_tax)
        assert 0 <= reduced <= charged(of=product(str(price)), with_tax=with_tax)

    @given(st.decimals("0.01", "10000", places=2), st.decimals("0.0001", "99.9999", places=4))
    def test_markups_and_their_inverses(self, price: Decimal, amount: Decimal) -> None:
        raised = apply_markup(price, Markup(kind=MarkupKind.FIXED_INCREASE, amount=amount))
        assert apply_markup(raised, Markup(kind=MarkupKind.FIXED_DECREASE, amount=amount)) == price
        percent = apply_markup(price, Markup(kind=MarkupKind.PERCENT_INCREASE, amount=amount))
        lowered = apply_markup(price, Markup(kind=MarkupKind.PERCENT_DECREASE, amount=amount))
        assert percent + lowered == 2 * price
        assert apply_markup(price, Markup(kind=MarkupKind.MULTIPLY, amount=amount)) == price * amount
        assert apply_markup(price, Markup(amount=amount)) == price


class TestListing:
    NO_MARKUP = Markup()

    @staticmethod
    def listed(
        price: str, *specials: SpecificPrice, region: str = "FR", markup: Markup = NO_MARKUP, **changes: Any
    ) -> tuple[Price | None, str]:
        """The listing price and the code of the last reason."""
        decision = listing_price(
            product(price),
            variant(),
            specials,
            replace(CONTEXT, **changes),
            markup=markup,
            market=market(region),
        )
        return decision.value, decision.reasons[-1].code

    def test_without_a_markup_it_is_the_sale_price(self) -> None:
        assert self.listed("10") == (Price(Decimal("12.00"), "EUR"), "sale_price")

    @pytest.mark.parametrize(
        ("kind", "amount", "expected"),
        [
            (MarkupKind.FIXED_INCREASE, "1.5", "13.50"),
            (MarkupKind.FIXED_DECREASE, "1.5", "10.50"),
            (MarkupKind.PERCENT_INCREASE, "10", "13.20"),
            (MarkupKind.PERCENT_DECREASE, "10", "10.80"),
            (MarkupKind.MULTIPLY, "1.255", "15.06"),
        ],
    )
    def test_markups(self, kind: MarkupKind, amount: str, expected: str) -> None:
        markup = Markup(kind=kind, amount=Decimal(amount))
        assert self.listed("10", markup=markup) == (Price(Decimal(expected), "EUR"), "markup")

    def test_a_market_without_decimals_gets_whole_amounts(self) -> None:
        yen = Currency(3, "JPY", Decimal("160.37"))
        assert self.listed("10", region="JP", currency=yen) == (Price(Decimal(1924), "JPY"), "market_rounding")

    @pytest.mark.parametrize(
        ("price", "region", "code"),
        [
            ("0", "FR", "no_price"),
            ("5250.01", "FR", "above_market_maximum"),
            ("10", "GB", "wrong_currency"),
        ],
    )
    def test_a_price_that_cannot_be_listed_is_none_with_the_reason(self, price: str, region: str, code: str) -> None:
        assert self.listed(price, region=region) == (None, code)

    def test_a_price_below_the_markets_least(self) -> None:
        real = Currency(3, "BRL", Decimal(1))
        assert self.listed("0.03", region="BR", currency=real) == (None, "below_market_minimum")
        assert self.listed("0.05", region="BR", currency=real) == (Price(Decimal("0.06"), "BRL"), "sale_price")

    def test_a_decrease_that_eats_the_price(self) -> None:
        markup = Markup(kind=MarkupKind.FIXED_DECREASE, amount=Decimal(12))
        assert self.listed("10", markup=markup) == (None, "no_price")

    def test_the_range_itself_is_allowed(self) -> None:
        assert self.listed("5250") == (Price(Decimal("6300.00"), "EUR"), "sale_price")


class TestAudit:
    def test_the_question_leaves_out_what_the_server_does_not_know(self) -> None:
        asked = as_server_computes(replace(CONTEXT, group_reduction=Decimal(10), id_customer=5))
        assert sale_price(product("10.123456"), variant(), (), asked).value == Decimal("12.148147")
        assert asked.id_customer == 0

    def test_a_rounding_apart_is_the_same_price(self) -> None:
        assert agrees(Decimal("12.148147"), Decimal("12.15"))
        assert not agrees(Decimal("12.148147"), Decimal("12.16"))
