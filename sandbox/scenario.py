"""Days of a merchant, made up from a seed: what changes in both shops between two runs of the connector.

    scenario = Scenario(seed=7, days=3)
    for step in scenario:
        outcome = step.apply(sandbox)  # lets `step.wait` seconds pass, then does what `outcome.words` says
        ...                            # run the connector, compare with `sandbox.oracle.differences`

A step draws from dice of its own and chooses among what both shops hold at that moment, so the same seed on the same
shops with the same connector between the steps is the same story again. Nothing is remembered outside the two shops.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Literal, Protocol

from sandbox.oracle import Connection, ShownSku, Variant, exists, shown, sold
from sandbox.prestashop.world import World
from sandbox.tiktok.seller_center import StockOrder
from sandbox.tiktok.world import TikTokWorld

DAY = 86_400
_HOUR = 3_600


class BothShops(Protocol):
    """What a step works on: a `Sandbox`, or the two worlds in a test's own holder."""

    prestashop: World
    tiktok: TikTokWorld

    def advance(self, seconds: float) -> object: ...


@dataclass(frozen=True, slots=True)
class Lock:
    """Until when a difference of a SKU may stand; `until` None: until a later step ends it."""

    external_sku_id: str
    field: Literal["price", "quantity"]
    why: str
    until: datetime | None


@dataclass(slots=True)
class Outcome:
    """What a step did, in words; the locks it set; the moments to come at which prices change by themselves.

    `reserved` are SKU ids with units ordered on TikTok Shop that PrestaShop does not know of yet.
    """

    words: list[str] = field(default_factory=list)
    locks: list[Lock] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)
    reserved: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Stage:
    """Everything an action needs."""

    shop: World
    tiktok: TikTokWorld
    connection: Connection
    dice: Random
    outcome: Outcome
    sales_known: bool

    def skus(self) -> list[ShownSku]:
        """Those on TikTok Shop whose variant PrestaShop has and sells, by external id."""
        found = [
            sku
            for sku in shown(self.tiktok, self.connection)
            if sku.variant is not None
            and exists(self.shop, self.connection, sku.variant)
            and sold(self.shop, self.connection, sku.variant[0])
        ]
        return sorted(found, key=lambda sku: (sku.external_sku_id, sku.sku_id))

    def sku(self) -> ShownSku | None:
        skus = self.skus()
        return self.dice.choice(skus) if skus else None

    def variant(self) -> Variant | None:
        sku = self.sku()
        return sku.variant if sku else None

    def stock(self, variant: Variant) -> int | None:
        row_id = self.shop.stock_row(*variant, self.connection.id_shop)
        return None if row_id is None else int(self.shop.row("stock_availables", row_id)["quantity"])

    def lock_prices(self, sku: ShownSku, why: str, until: datetime | None) -> None:
        for other in self.skus():
            if other.product is sku.product:
                self.outcome.locks.append(Lock(other.external_sku_id, "price", why, until))

    def lock_stock(self, sku: ShownSku, why: str, until: datetime | None) -> None:
        self.outcome.locks.append(Lock(sku.external_sku_id, "quantity", why, until))


Action = Callable[[Stage], str | None]  # None: there was nothing to do it to


# Stock ---------------------------------------------------------------------------------------------------------------


def _stock(stage: Stage) -> str | None:
    variant = stage.variant()
    if variant is None or stage.stock(variant) is None:
        return None
    quantity = stage.dice.choice((0, 1, 2, stage.dice.randint(3, 10), stage.dice.randint(11, 400)))
    return _set_stock(stage, variant, quantity)


def _odd_stock(stage: Stage) -> str | None:
    variant = stage.variant()
    if variant is None or stage.stock(variant) is None:
        return None
    return _set_stock(stage, variant, stage.dice.choice((-12, -1, 99_999, 100_000, 2_000_000)))


def _set_stock(stage: Stage, variant: Variant, quantity: int) -> str:
    stage.shop.set_stock(variant[0], quantity, variant[1])
    return f"stock of {_named(variant)} is {quantity}"


def _stock_row(stage: Stage) -> str | None:
    """A stock row vanishes; one that has vanished comes back with a new id."""
    for variant in (sku.variant for sku in stage.skus()):
        if variant is not None and stage.stock(variant) is None:
            stage.shop.restore_stock_row(variant[0], stage.dice.randint(1, 50), variant[1])
            return f"the stock row of {_named(variant)} is back"
    variant = stage.variant()
    if variant is None:
        return None
    stage.shop.vanish_stock_row(*variant)
    return f"the stock row of {_named(variant)} is gone"


def _out_of_stock(stage: Stage) -> str | None:
    variant = stage.variant()
    if variant is None:
        return None
    flag = stage.dice.choice((0, 1, 2))
    stage.shop.set_out_of_stock(variant[0], flag)
    return f"product {variant[0]} sold out is {('refused', 'still sold', 'as the shop is set')[flag]}"


def _pack(stage: Stage) -> str | None:
    """Other contents or another rule for a pack."""
    products = stage.shop.tables["products"]
    packs = [row_id for row_id in products.ids if products.rows[row_id].get("_bundle")]
    parts = [row_id for row_id in products.ids if not products.rows[row_id].get("_bundle")]
    parts = [row_id for row_id in parts if not stage.shop.combination_ids(row_id)]
    if not packs or len(parts) < 2:
        return None
    pack, kind = stage.dice.choice(packs), stage.dice.randrange(4)
    contents = [(part, 0, stage.dice.randint(1, 4)) for part in stage.dice.sample(parts, 2)]
    stage.shop.set_pack(pack, contents, pack_stock_type=kind)
    return f"pack {pack} holds {contents}, its stock is of kind {kind}"


# Prices --------------------------------------------------------------------------------------------------------------


def _price(stage: Stage) -> str | None:
    variant = stage.variant()
    if variant is None:
        return None
    price = f"{stage.dice.uniform(0.5, 90):.2f}"
    stage.shop.set_price(variant[0], price)
    return f"product {variant[0]} costs {price}"


def _impact(stage: Stage) -> str | None:
    variants = [sku.variant for sku in stage.skus() if sku.variant and sku.variant[1]]
    if not variants:
        return None
    variant, impact = stage.dice.choice(variants), f"{stage.dice.uniform(-1, 6):.6f}"
    stage.shop.set_impact(variant[1], impact)
    return f"the impact of {_named(variant)} is {impact}"


def _special(stage: Stage) -> str | None:
    """A special price: over, running or to come, for everyone or for some."""
    variant = stage.variant()
    if variant is None:
        return None
    dice, now = stage.dice, stage.shop.time()
    start, end = {
        "over": (now - timedelta(days=3), now - timedelta(minutes=1)),
        "running": (now - timedelta(hours=1), now + timedelta(seconds=dice.randint(1, 2 * DAY))),
        "to come": (now + timedelta(seconds=dice.randint(60, DAY)), now + timedelta(days=2)),
        "without end": (None, None),
    }[when := dice.choice(("over", "running", "running", "to come", "to come", "without end"))]
    whom = dice.choice(("", "", "", "id_group", "id_currency", "id_country"))
    id_product = 0 if dice.random() < 0.1 else variant[0]
    fields: dict[str, Any] = {whom: _whom(stage, whom)} if whom else {}
    if id_product and variant[1] and dice.random() < 0.3:
        fields["id_product_attribute"] = variant[1]
    if id_product == 0:
        row_id = stage.shop.add_special(0, percent=dice.randint(1, 5), start=start, end=end, **fields)
    elif dice.random() < 0.6:
        row_id = stage.shop.add_special(id_product, percent=dice.randint(5, 60), start=start, end=end, **fields)
    elif dice.random() < 0.5:
        row_id = stage.shop.add_special(id_product, amount="0.35", start=start, end=end, **fields)
    else:
        price = f"{dice.uniform(1, 40):.2f}"
        row_id = stage.shop.add_special(id_product, price=price, reduction="0.000000", start=start, end=end, **fields)
    stage.outcome.moments += [moment for moment in (start, end) if moment is not None and moment > now]
    of = f"product {id_product}" if id_product else "the whole catalogue"
    return f"special price {row_id} of {of} is {when}{f', only for one {whom}' if whom else ''}"


def _whom(stage: Stage, name: str) -> int:
    """Mostly the group, currency or country the connection has, now and then another."""
    if stage.dice.random() < 0.3:
        return {"id_group": 2, "id_currency": 3, "id_country": 21}[name]
    if name == "id_group":
        return stage.connection.group
    table, iso = ("currencies", stage.connection.currency)
    if name == "id_country":
        table, iso = ("countries", stage.connection.country or stage.connection.market)
    return next(row_id for row_id, row in stage.shop.tables[table].rows.items() if row["iso_code"] == iso)


def _edit_special(stage: Stage) -> str | None:
    ids = [row_id for row_id, row in stage.shop.tables["specific_prices"].rows.items() if not row.get("id_cart")]
    if not ids:
        return None
    row_id, percent = stage.dice.choice(sorted(ids)), stage.dice.randint(5, 50)
    stage.shop.edit_special(row_id, percent=percent)
    return f"special price {row_id} is edited in place: {percent} % off"


def _delete_special(stage: Stage) -> str | None:
    ids = stage.shop.tables["specific_prices"].ids
    if not ids:
        return None
    row_id = stage.dice.choice(ids)
    stage.shop.delete_special(row_id)
    return f"special price {row_id} is deleted"


def _tax_rate(stage: Stage) -> str | None:
    taxes = stage.shop.tables["taxes"].rows
    rules = stage.shop.tables["tax_rules"].rows
    ids = sorted({row["id_tax"] for row in rules.values() if not taxes[row["id_tax"]].get("deleted")})
    if not ids:
        return None
    id_tax, rate = stage.dice.choice(ids), stage.dice.choice(("4", "8.5", "17", "21", "25"))
    new = stage.shop.change_tax_rate(id_tax, rate)
    return f"tax {id_tax} is {rate} % from now on, as tax {new}"


def _tax_group(stage: Stage) -> str | None:
    groups = stage.shop.tables["tax_rule_groups"].rows
    ids = [row_id for row_id, row in groups.items() if not row.get("deleted")]
    if not ids:
        return None
    id_group = stage.dice.choice(sorted(ids))
    new = stage.shop.edit_tax_rules_group(id_group)
    return f"tax rules group {id_group} was saved and is {new} now"


def _currency_rate(stage: Stage) -> str | None:
    rows = stage.shop.tables["currencies"].rows
    wanted = stage.connection.currency
    row_id = next(row_id for row_id, row in rows.items() if row["iso_code"] == wanted)
    if str(row_id) == stage.shop.setting("PS_CURRENCY_DEFAULT", "1"):
        return None
    rate = Decimal(rows[row_id]["conversion_rate"]) * Decimal(stage.dice.randint(97, 103)) / 100
    stage.shop.set_currency_rate(row_id, rate)
    return f"{wanted} is at {rate:.6f}"


def _group_reduction(stage: Stage) -> str | None:
    percent = stage.dice.choice(("0", "2.5", "5", "10"))
    stage.shop.set_group_reduction(stage.connection.group, percent)
    return f"customer group {stage.connection.group} gets {percent} % off"


# Products ------------------------------------------------------------------------------------------------------------


def _active(stage: Stage) -> str | None:
    """A product off or, if one is off that is listed, on again."""
    rows = stage.shop.tables["products"].rows
    listed = {sku.variant[0] for sku in shown(stage.tiktok, stage.connection) if sku.variant}
    off = sorted(row_id for row_id in listed if row_id in rows and not rows[row_id].get("active", 1))
    if off and stage.dice.random() < 0.6:
        stage.shop.set_active(off[0], active=True)
        return f"product {off[0]} is on again"
    variant = stage.variant()
    if variant is None:
        return None
    stage.shop.set_active(variant[0], active=False)
    return f"product {variant[0]} is off"


def _for_order(stage: Stage) -> str | None:
    variant = stage.variant()
    if variant is None:
        return None
    stage.shop.set_fields("products", variant[0], {"available_for_order": 0})
    return f"product {variant[0]} cannot be ordered any more"


def _unlink(stage: Stage) -> str | None:
    if stage.shop.unlinked:
        id_product = min(stage.shop.unlinked)
        stage.shop.relink_product(id_product)
        return f"product {id_product} is back in the shop"
    variant = stage.variant()
    if variant is None:
        return None
    stage.shop.unlink_product(variant[0])
    return f"product {variant[0]} is no longer in the shop"


def _noise(stage: Stage) -> str | None:
    """Products are saved without a change, as dragging them about in their category does."""
    categories = [row_id for row_id, members in stage.shop.category_products.items() if members]
    if not categories:
        return None
    category = stage.dice.choice(sorted(categories))
    stage.shop.reorder_category(category)
    return f"the products of category {category} are put into another order"


def _delete(stage: Stage) -> str | None:
    variant = stage.variant()
    if variant is None:
        return None
    stage.shop.delete_product(variant[0])
    return f"product {variant[0]} is deleted"


def _recreate(stage: Stage) -> str | None:
    variant = stage.variant()
    if variant is None:
        return None
    if variant[1]:
        return f"variant {variant[1]} was made again as {stage.shop.recreate_combination(variant[1])}"
    return f"product {variant[0]} was made again as {stage.shop.recreate_product(variant[0])}"


# Seller Center -------------------------------------------------------------------------------------------------------


def _hand_price(stage: Stage) -> str | None:
    sku = stage.sku()
    if sku is None:
        return None
    amount = f"{stage.dice.uniform(1, 60):.{stage.tiktok.shop.market.decimals}f}"
    stage.tiktok.shop.center.set_price(sku.sku_id, amount)
    return f"by hand: {sku.external_sku_id} costs {amount}"


def _hand_stock(stage: Stage) -> str | None:
    sku = stage.sku()
    if sku is None:
        return None
    quantity = stage.dice.randint(0, 200)
    stage.tiktok.shop.center.set_stock(sku.sku_id, quantity)
    return f"by hand: {sku.external_sku_id} has {quantity}"


def _retitle(stage: Stage) -> str | None:
    sku = stage.sku()
    if sku is None:
        return None
    title = f"Renamed by hand {stage.dice.randrange(1000)}, a title long enough"
    stage.tiktok.shop.center.retitle(sku.product.id, title)
    return f"by hand: {sku.product.id} is called {title!r}"


def _draft(stage: Stage) -> str | None:
    sku = stage.sku()
    if sku is None:
        return None
    stage.tiktok.shop.center.save_draft(sku.product.id, "A draft nobody finished yet")
    return f"by hand: a draft of {sku.product.id} was begun"


def _delete_sku(stage: Stage) -> str | None:
    skus = [sku for sku in stage.skus() if len(sku.product.content["skus"]) > 1]
    if not skus:
        return None
    sku = stage.dice.choice(skus)
    stage.tiktok.shop.center.delete_sku(sku.sku_id)
    return f"by hand: {sku.external_sku_id} is deleted"


def _second_warehouse(stage: Stage) -> str | None:
    others = [
        row.id
        for row in stage.tiktok.shop.warehouses.values()
        if row.type == "SALES_WAREHOUSE" and row.id != stage.tiktok.shop.default_warehouse
    ]
    sku = stage.sku()
    if sku is None or not others:
        return None
    stage.tiktok.shop.center.add_warehouse(sku.sku_id, others[0])
    return f"by hand: {sku.external_sku_id} is in a second warehouse too"


def _shared_stock(stage: Stage) -> str | None:
    shared = [sku for sku in stage.skus() if sku.offer.shared]
    if shared:
        stage.tiktok.shop.center.share_stock(shared[0].sku_id, on=False)
        return f"the stock of {shared[0].external_sku_id} is its own again"
    sku = stage.sku()
    if sku is None:
        return None
    stage.tiktok.shop.center.share_stock(sku.sku_id, on=True)
    stage.lock_stock(sku, "shared stock", None)
    return f"the stock of {sku.external_sku_id} is shared"


def _promotion(stage: Stage) -> str | None:
    sku = stage.sku()
    if sku is None or sku.product.in_promotion:
        return None
    hours = stage.dice.randint(1, 30)
    stage.tiktok.shop.center.start_promotion(sku.product.id, hours * _HOUR, stage.dice.choice((12052038, 12019045)))
    stage.lock_prices(sku, "promotion", sku.product.promotion_until)
    return f"a promotion locks the prices of {sku.product.id} for {hours} hours"


def _end_promotion(stage: Stage) -> str | None:
    running = [sku.product for sku in stage.skus() if sku.product.in_promotion]
    if not running:
        return None
    stage.tiktok.shop.center.end_promotion(running[0].id)
    return f"the promotion of {running[0].id} was ended early"


def _campaign(stage: Stage) -> str | None:
    skus = [sku for sku in stage.skus() if sum(sku.offer.stock.values()) > 1 and not sku.offer.campaign_stock]
    if not skus:
        return None
    sku = stage.dice.choice(skus)
    units = stage.dice.randint(1, min(20, sum(sku.offer.stock.values())))
    hours = stage.dice.randint(1, 30)
    stage.tiktok.shop.center.start_campaign(sku.sku_id, units, hours * _HOUR)
    stage.lock_stock(sku, "campaign", sku.offer.campaign_until)
    return f"a campaign holds {units} of {sku.external_sku_id} for {hours} hours"


# Buyers --------------------------------------------------------------------------------------------------------------


def _sale(stage: Stage) -> str | None:
    products = stage.shop.tables["products"].rows
    skus = [
        sku
        for sku in stage.skus()
        if sku.variant
        and sku.product.status == "ACTIVATE"
        and not sku.offer.deactivated_by
        and max(sku.offer.stock.values(), default=0) > 0
        and not products[sku.variant[0]].get("_bundle")
    ]
    if not skus:
        return None
    sku = stage.dice.choice(skus)
    units = stage.dice.randint(1, min(3, max(sku.offer.stock.values())))
    order = stage.tiktok.order(sku.product.id, sku.sku_id, units=units)
    if stage.sales_known:
        _tell(stage, sku.variant, -units)
    return f"{units} of {sku.external_sku_id} are sold as {order.id}"


def _tell(stage: Stage, variant: Variant | None, units: int) -> None:
    """What PrestaShop makes of an order or of its cancellation."""
    if variant is None or not exists(stage.shop, stage.connection, variant):
        return
    stock = stage.stock(variant)
    if stock is not None:
        stage.shop.set_stock(variant[0], stock + units, variant[1])


def _variant_of(stage: Stage, order: StockOrder) -> Variant | None:
    return next((sku.variant for sku in shown(stage.tiktok, stage.connection) if sku.sku_id == order.sku_id), None)


def _open_orders(stage: Stage) -> list[StockOrder]:
    return [order for order in stage.tiktok.shop.center.orders.values() if order.state == "OPEN"]


def _ship(stage: Stage) -> str | None:
    orders = _open_orders(stage)
    if not orders:
        return None
    order = stage.tiktok.ship(stage.dice.choice(orders).id)
    if not stage.sales_known:
        # Nobody ships what PrestaShop has not heard of.
        _tell(stage, _variant_of(stage, order), -order.units)
    return f"order {order.id} is shipped"


def _cancel(stage: Stage) -> str | None:
    orders = _open_orders(stage)
    if not orders:
        return None
    order = stage.tiktok.cancel(stage.dice.choice(orders).id)
    if stage.sales_known:
        _tell(stage, _variant_of(stage, order), order.units)
    return f"order {order.id} is cancelled"


def _named(variant: Variant) -> str:
    return f"product {variant[0]}" + (f", variant {variant[1]}" if variant[1] else "")


# How often each happens, by name.
ACTIONS: dict[str, tuple[int, Action]] = {
    "stock": (20, _stock),
    "odd stock": (3, _odd_stock),
    "stock row": (1, _stock_row),
    "out of stock": (2, _out_of_stock),
    "pack": (2, _pack),
    "price": (8, _price),
    "impact": (5, _impact),
    "special": (10, _special),
    "edit special": (3, _edit_special),
    "delete special": (2, _delete_special),
    "tax rate": (1, _tax_rate),
    "tax group": (1, _tax_group),
    "currency rate": (1, _currency_rate),
    "group reduction": (1, _group_reduction),
    "active": (3, _active),
    "for order": (1, _for_order),
    "unlink": (1, _unlink),
    "noise": (1, _noise),
    "delete": (1, _delete),
    "recreate": (1, _recreate),
    "hand price": (4, _hand_price),
    "hand stock": (4, _hand_stock),
    "retitle": (1, _retitle),
    "draft": (1, _draft),
    "delete sku": (1, _delete_sku),
    "second warehouse": (1, _second_warehouse),
    "shared stock": (1, _shared_stock),
    "promotion": (4, _promotion),
    "end promotion": (1, _end_promotion),
    "campaign": (3, _campaign),
    "sale": (15, _sale),
    "ship": (6, _ship),
    "cancel": (3, _cancel),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of a day: after `wait` seconds, `kinds` of things happen."""

    number: int
    day: int
    wait: int
    kinds: tuple[str, ...]
    scenario: Scenario

    def apply(self, shops: BothShops) -> Outcome:
        """Let the time pass and do it all."""
        shops.advance(self.wait)
        shop, tiktok = shops.prestashop, shops.tiktok
        scenario, outcome = self.scenario, Outcome()
        dice = Random(f"{scenario.seed}:{self.number}")
        connection = scenario.connection or Connection(tiktok.region, tiktok.shop.market.currency)
        # Both are held, so that a step may come in the middle of a run.
        with shop.lock, tiktok.lock:
            stage = Stage(shop, tiktok, connection, dice, outcome, scenario.sales_known)
            for kind in self.kinds:
                words = ACTIONS[kind][1](stage)
                if words is not None:
                    outcome.words.append(words)
            if not scenario.sales_known:
                outcome.reserved = sorted({order.sku_id for order in _open_orders(stage)})
        return outcome

    def __str__(self) -> str:
        return f"day {self.day}, step {self.number}, after {self.wait} s: {', '.join(self.kinds)}"


@dataclass(frozen=True)
class Scenario:
    """The steps of `days` days. `only` and `without` narrow what happens to names of `ACTIONS`.

    `connection` says whose prices and SKUs it is about. With `sales_known` an order on TikTok Shop is taken off
    PrestaShop's stock at once, as a quick import does; else when it is shipped (see `Outcome.reserved`).
    """

    seed: int
    days: int
    steps_per_day: int = 8
    connection: Connection | None = None
    only: Collection[str] = ()
    without: Collection[str] = ()
    sales_known: bool = True

    def __post_init__(self) -> None:
        if unknown := {*self.only, *self.without} - ACTIONS.keys():
            raise ValueError(f"no such actions: {', '.join(sorted(unknown))}")

    def __iter__(self) -> Iterator[Step]:
        dice = Random(self.seed)
        names = [name for name in self.only or ACTIONS if name not in self.without]
        weights = [ACTIONS[name][0] for name in names]
        number = 0
        for day in range(1, self.days + 1):
            moments = sorted(dice.sample(range(60, DAY), self.steps_per_day))
            before = 0
            for moment in moments:
                number += 1
                kinds = tuple(dice.choices(names, weights, k=dice.randint(2, 6)))
                yield Step(number, day, moment - before, kinds, self)
                before = moment
