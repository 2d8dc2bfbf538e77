"""The sale price, exactly as PrestaShop's own engine works it out, and the price of the listing made from it.

Source: prestashop-webservice.md 2.5 and 3.2, whose steps the code follows in order. Nothing is rounded before the
end. What the webservice does not show is not in it: per-category group discounts, per-product priorities and modules'
price hooks; `rules.price_audit` finds the shops that have them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    localcontext,
)

from models.catalogue import Product, SpecificPrice, Variant
from models.settings import Markup, MarkupKind
from rules.decision import Decision, Reason
from rules.market import Market
from rules.tax import TaxTable, tax_rate

# Twenty digits of a price times twenty of a rate, and room: products are exact, only divisions are cut off.
_EXACT = Context(prec=60)
_ZERO = Decimal(0)
_ALWAYS = datetime.min.replace(tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
# PS_PRICE_ROUND_MODE; 5, half to odd, is not one of decimal's.
_ROUNDINGS = {0: ROUND_CEILING, 1: ROUND_FLOOR, 2: ROUND_HALF_UP, 3: ROUND_HALF_DOWN, 4: ROUND_HALF_EVEN}
_HALF_ODD = 5


@dataclass(frozen=True, slots=True)
class Currency:
    """A PrestaShop currency; `rate` is how many of it one unit of the default currency is worth."""

    id: int
    iso_code: str
    rate: Decimal
    precision: int = 2


@dataclass(frozen=True, slots=True)
class PriceContext:
    """For whom, where and when a price is asked.

    `group_reduction` is percent, `ecotax_tax_rate` a fraction. `priorities` are the fields of
    PS_SPECIFIC_PRICE_PRIORITIES in order. `decimals` None: those of the currency. Specific prices of carts play no
    part: a catalogue price has no cart.
    """

    now: datetime
    id_shop: int
    currency: Currency
    default_currency: Currency
    id_country: int
    id_group: int
    taxes: TaxTable
    with_tax: bool
    group_reduction: Decimal = _ZERO
    priorities: tuple[str, ...] = ("id_group", "id_currency", "id_country", "id_shop")
    round_mode: int = 2
    specific_prices_active: bool = True
    ecotax_active: bool = False
    ecotax_tax_rate: Decimal = _ZERO
    tax_enabled: bool = True
    id_customer: int = 0
    quantity: int = 1
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """Money as TikTok Shop shows it."""

    amount: Decimal
    currency: str


def choose_specific_price(
    specific_prices: Sequence[SpecificPrice], id_product: int, id_product_attribute: int, context: PriceContext
) -> SpecificPrice | None:
    """The one specific price that counts (step 1), or None. Rows of other products may be among those given."""
    if not specific_prices or not context.specific_prices_active:
        return None
    now = context.now.replace(second=0, microsecond=0)
    wanted = {
        "id_shop": context.id_shop,
        "id_currency": context.currency.id,
        "id_country": context.id_country,
        "id_group": context.id_group,
        "id_customer": context.id_customer,
    }
    applicable = [
        row
        for row in specific_prices
        if row.id_product in (0, id_product)
        and row.id_product_attribute in (0, id_product_attribute)
        and all(getattr(row, name) in (0, value) for name, value in wanted.items())
        and (row.from_quantity <= 1 or row.from_quantity <= context.quantity)
        and (row.starts_at is None or row.starts_at <= now)
        and (row.ends_at is None or now <= row.ends_at)
    ]
    if len(applicable) < 2:
        return applicable[0] if applicable else None
    weights = [(name, 1 << rank) for rank, name in enumerate(("id_customer", *context.priorities)[::-1], start=1)]

    def rank(row: SpecificPrice) -> tuple[int, int, int, int, datetime, datetime, int]:
        score = sum(weight for name, weight in weights if getattr(row, name) == wanted[name])
        return (
            row.id_product_attribute,
            row.from_quantity,
            -row.id_specific_price_rule,
            score,
            row.ends_at or _ALWAYS,
            row.starts_at or _ALWAYS,
            -row.id,  # PrestaShop leaves the rest to chance; the oldest row keeps our answer stable
        )

    return max(applicable, key=rank)


def sale_price(
    product: Product, variant: Variant, specific_prices: Sequence[SpecificPrice], context: PriceContext
) -> Decision[Decimal]:
    """What PrestaShop charges for one piece, in `context.currency`; each step is a reason."""
    with localcontext(_EXACT):
        return _sale_price(product, variant, specific_prices, context)


def _sale_price(
    product: Product, variant: Variant, specific_prices: Sequence[SpecificPrice], context: PriceContext
) -> Decision[Decimal]:
    reasons: list[Reason] = []

    def note(code: str, text: str) -> None:
        reasons.append(Reason(code, text))

    special = choose_specific_price(specific_prices, product.id_product, variant.id_product_attribute, context)
    iso_code, rate = context.currency.iso_code, context.currency.rate
    fixed = special is not None and special.price >= 0

    # 2. the base and its currency
    if special is not None and fixed:
        price, converts = special.price, special.id_currency == 0
        given_in = context.default_currency if converts else context.currency
        note(
            "special_price",
            f"special price {special.id}: {_shown(price)} {given_in.iso_code} instead of {_shown(product.price)}"
            f"{_until(special)}",
        )
    else:
        price, converts = product.price, True
        note("base_price", f"product price {_shown(price)} {context.default_currency.iso_code} without tax")
    if converts and rate != 1:
        price *= rate
        note("converted", f"at {_shown(rate)} {iso_code}: {_shown(price)} {iso_code}")

    # 3. the variant, unless the special price is this variant's own price
    if variant.price and not (special is not None and fixed and special.id_product_attribute):
        impact = variant.price * rate
        price += impact
        note("variant_price", f"variant {variant.id_product_attribute}: {_signed(impact)}")

    # 4. tax
    tax = _ZERO
    if context.tax_enabled:
        chosen = tax_rate(context.taxes, product.id_tax_rules_group, context.id_country)
        tax = chosen.value
        if context.with_tax:
            price *= 1 + tax
            reasons.extend(chosen.reasons)

    # 5. ecotax
    if context.ecotax_active:
        ecotax = (variant.ecotax if variant.ecotax > 0 else product.ecotax) * rate
        if ecotax:
            if context.with_tax and context.tax_enabled:
                ecotax *= 1 + context.ecotax_tax_rate
            price += ecotax
            note("ecotax", f"ecotax {_signed(ecotax)}")

    # 6. the reduction of the special price
    if special is not None and special.reduction:
        if special.reduction_type == "percentage":
            price -= price * special.reduction
            off = _percent(special.reduction * 100)
        else:
            reduction = special.reduction if special.id_currency else special.reduction * rate
            if context.with_tax and not special.reduction_tax:
                reduction *= 1 + tax
            elif special.reduction_tax and not context.with_tax:
                reduction /= 1 + tax
            price -= reduction
            off = f"{_shown(reduction)} {iso_code}"
        note("special_price_reduction", f"special price {special.id}: {off} off{_until(special)}")

    # 7. the customer group
    if context.group_reduction:
        price -= price * context.group_reduction / 100
        note("group_reduction", f"customer group {context.id_group}: {_percent(context.group_reduction)} off")

    # 8. the end
    decimals = context.currency.precision if context.decimals is None else context.decimals
    if price < 0:
        note("floored", f"{_shown(price)} {iso_code} is below 0")
        price = _ZERO
    rounded = round_amount(price, decimals, context.round_mode)
    note("sale_price", f"sale price {rounded:f} {iso_code} {'with' if context.with_tax else 'without'} tax")
    return Decision(rounded, tuple(reasons))


def listing_price(
    product: Product,
    variant: Variant,
    specific_prices: Sequence[SpecificPrice],
    context: PriceContext,
    *,
    markup: Markup,
    market: Market,
    asked: Decimal | None = None,
) -> Decision[Price | None]:
    """The price to show on TikTok Shop; None, with the last reason saying why, when there is none to show (B4, B8).

    `asked`: the sale price as PrestaShop itself answered it (`price[]`, six decimals), to be used instead of ours.

    The last reason's code is then one of: wrong_currency, no_price, below_market_minimum, above_market_maximum.
    Amounts are rounded to the market's decimals in the way the shop rounds.
    """
    iso_code = context.currency.iso_code
    if iso_code != market.currency:
        text = f"prices in {iso_code} cannot be listed: {market.region} sells in {market.currency}"
        return Decision(None, (Reason("wrong_currency", text),))
    sale = sale_price(product, variant, specific_prices, context) if asked is None else _answered(asked, context)
    reasons = list(sale.reasons)
    with localcontext(_EXACT):
        marked = apply_markup(sale.value, markup)
        amount = round_amount(marked, market.decimals, context.round_mode)
    if markup.kind is not MarkupKind.NONE:
        reasons.append(Reason("markup", f"markup {_markup_text(markup)}: {_shown(amount)} {iso_code}"))
    elif amount != sale.value:
        reasons.append(Reason("market_rounding", f"rounded to {amount:f} {iso_code} as {market.region} shows prices"))

    refusal: Reason | None = None
    if amount <= 0:
        refusal = Reason("no_price", f"{_shown(amount)} {iso_code} is not a price to sell at")
    elif market.price_min is not None and amount < market.price_min:
        refusal = Reason(
            "below_market_minimum", f"{market.region} takes no price below {market.price_min:f} {iso_code}"
        )
    elif market.price_max is not None and amount > market.price_max:
        refusal = Reason(
            "above_market_maximum", f"{market.region} takes no price above {market.price_max:f} {iso_code}"
        )
    if refusal is not None:
        return Decision(None, (*reasons, refusal))
    return Decision(Price(amount, iso_code), tuple(reasons))


def _answered(asked: Decimal, context: PriceContext) -> Decision[Decimal]:
    """PrestaShop's own answer, which leaves out the customer group's reduction (section 3.1)."""
    reasons = [Reason("shop_price", f"PrestaShop answers {_shown(asked)} {context.currency.iso_code} when asked")]
    with localcontext(_EXACT):
        price = asked
        if context.group_reduction:
            price -= price * context.group_reduction / 100
            reasons.append(
                Reason("group_reduction", f"customer group {context.id_group}: {_percent(context.group_reduction)} off")
            )
        decimals = context.currency.precision if context.decimals is None else context.decimals
        rounded = round_amount(max(price, _ZERO), decimals, context.round_mode)
    return Decision(rounded, tuple(reasons))


def apply_markup(amount: Decimal, markup: Markup) -> Decimal:
    """The amount after the markup, not rounded; a fixed decrease may go below 0."""
    match markup.kind:
        case MarkupKind.NONE:
            return amount
        case MarkupKind.FIXED_INCREASE:
            return amount + markup.amount
        case MarkupKind.FIXED_DECREASE:
            return amount - markup.amount
        case MarkupKind.PERCENT_INCREASE:
            return amount * (1 + markup.amount / 100)
        case MarkupKind.PERCENT_DECREASE:
            return amount * (1 - markup.amount / 100)
        case MarkupKind.MULTIPLY:
            return amount * markup.amount


def round_amount(amount: Decimal, decimals: int, round_mode: int) -> Decimal:
    """Rounded as PS_PRICE_ROUND_MODE says: 0 up, 1 down, 2 half up, 3 half down, 4 half even, 5 half odd."""
    unit = Decimal(1).scaleb(-decimals)
    if round_mode != _HALF_ODD:
        return amount.quantize(unit, _ROUNDINGS[round_mode], context=_EXACT)
    down = amount.quantize(unit, ROUND_FLOOR, context=_EXACT)
    if amount - down != unit / 2:
        return amount.quantize(unit, ROUND_HALF_UP, context=_EXACT)
    return down if int(down / unit) % 2 else down + unit


def next_price_boundary(specific_prices: Iterable[SpecificPrice], now: datetime) -> datetime | None:
    """When the next of these special prices begins or ends after `now`: the first minute with the other price."""
    moments = []
    for row in specific_prices:
        if row.starts_at is not None:
            begins = row.starts_at.replace(second=0, microsecond=0)
            moments.append(begins if begins == row.starts_at else begins + _MINUTE)
        if row.ends_at is not None:
            # The minute it ends in still belongs to it.
            moments.append(row.ends_at.replace(second=0, microsecond=0) + _MINUTE)
    return min((moment for moment in moments if moment > now), default=None)


def _shown(amount: Decimal) -> str:
    """For a reader: two decimals, or up to six where there are more."""
    whole, _, fraction = f"{amount:.6f}".partition(".")
    return f"{whole}.{fraction.rstrip('0'):0<2}"


def _signed(amount: Decimal) -> str:
    return f"+{_shown(amount)}" if amount >= 0 else _shown(amount)


def _percent(percent: Decimal) -> str:
    return f"{percent.normalize():f} %"


def _until(special: SpecificPrice) -> str:
    return "" if special.ends_at is None else f" until {special.ends_at:%d %b %Y %H:%M} UTC"


def _markup_text(markup: Markup) -> str:
    match markup.kind:
        case MarkupKind.FIXED_INCREASE:
            return f"+{_shown(markup.amount)}"
        case MarkupKind.FIXED_DECREASE:
            return f"-{_shown(markup.amount)}"
        case MarkupKind.PERCENT_INCREASE:
            return f"+{_percent(markup.amount)}"
        case MarkupKind.PERCENT_DECREASE:
            return f"-{_percent(markup.amount)}"
        case _:
            return f"× {_shown(markup.amount)}"
