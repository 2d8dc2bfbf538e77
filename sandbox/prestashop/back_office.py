"""What a merchant does to the shop besides saving products one by one, with the traces it leaves (fact sheet 5.1).

`products.date_upd` moves only where the product itself is saved: contents of a pack, a product made anew, the order of
a category. Special prices, taxes, currency rates, group discounts, stock and its flags leave it alone, and so does
taking a product out of the shop. Times are given as aware datetimes and stored as the shop writes them, in its own
zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.prestashop.order_office import OrderOffice
from sandbox.prestashop.tables import Row

OPEN = "0000-00-00 00:00:00"


class BackOffice(OrderOffice):
    """A shop with its merchant's hands; those on orders are `OrderOffice`."""

    # --- special prices: no product's date moves, the rows have none --------------------------------------------------

    def add_special(
        self,
        id_product: int,
        *,
        percent: Decimal | str | int | None = None,
        amount: Decimal | str | None = None,
        price: Decimal | str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        **fields: Any,
    ) -> int:
        """A specific price of a product, or of the whole catalogue with id_product 0; answers its id.

        `percent` 20 takes a fifth off, `amount` is money off (tax included unless reduction_tax=0), `price` a fixed
        price without tax. More `fields` as the resource has them: id_group, id_currency, id_country, id_shop,
        id_product_attribute, from_quantity.
        """
        row_id = self.add_specific_price(id_product, **self._special_row(percent, amount, price, start, end), **fields)
        # Core switches the feature on with the first row.
        if self.setting("PS_SPECIFIC_PRICE_FEATURE_ACTIVE") != "1":
            self.set_setting("PS_SPECIFIC_PRICE_FEATURE_ACTIVE", "1")
        return row_id

    def edit_special(
        self,
        row_id: int,
        *,
        percent: Decimal | str | int | None = None,
        amount: Decimal | str | None = None,
        price: Decimal | str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        **fields: Any,
    ) -> None:
        """Edited in place: the row keeps its id, and nothing says that it changed."""
        changes = {**self._special_row(percent, amount, price, start, end), **fields}
        self.tables["specific_prices"].update(row_id, changes)

    def delete_special(self, row_id: int) -> None:
        self.tables["specific_prices"].delete(row_id)

    def _special_row(
        self,
        percent: Decimal | str | int | None,
        amount: Decimal | str | None,
        price: Decimal | str | None,
        start: datetime | None,
        end: datetime | None,
    ) -> Row:
        row: Row = {}
        if percent is not None:
            row |= {"reduction": f"{Decimal(percent) / 100:.6f}", "reduction_type": "percentage"}
        if amount is not None:
            row |= {"reduction": f"{Decimal(amount):.6f}", "reduction_type": "amount"}
        if price is not None:
            row["price"] = f"{Decimal(price):.6f}"
        if start is not None:
            row["from"] = self.local(start)
        if end is not None:
            row["to"] = self.local(end)
        return row

    # --- taxes, money, groups -----------------------------------------------------------------------------------------

    def add_tax(self, rate: Decimal | str) -> int:
        text = f"{Decimal(rate):.3f}"
        return self.tables["taxes"].insert({"rate": text, "name": dict.fromkeys(self.languages(), f"VAT {text}%")})

    def change_tax_rate(self, id_tax: int, rate: Decimal | str) -> int:
        """Another rate for a tax that orders have used: core keeps the old tax as deleted and makes a new one.

        The rules change their id_tax in place and keep their ids; groups and products stay as they are.
        """
        taxes, rules = self.tables["taxes"], self.tables["tax_rules"]
        old = taxes.rows[id_tax]
        new_id = taxes.insert({**old, "rate": f"{Decimal(rate):.3f}"})
        taxes.update(id_tax, {"deleted": 1, "active": 0})
        for row_id, row in rules.rows.items():
            if row["id_tax"] == id_tax:
                rules.update(row_id, {"id_tax": new_id})
        return new_id

    def edit_tax_rules_group(self, id_group: int, taxes: Mapping[int, int] | None = None) -> int:
        """Save a tax rules group that orders have used; `taxes` are new id_tax by id_country. Answers the new id.

        Core copies the group and its rules, marks the old group deleted and renumbers products and carriers by SQL:
        no product's date_upd moves (fact sheet 2.7).
        """
        groups, rules, now = self.tables["tax_rule_groups"], self.tables["tax_rules"], self.now()
        new_id = groups.insert({**groups.rows[id_group], "date_add": now, "date_upd": now})
        groups.update(id_group, {"deleted": 1, "date_upd": now})
        changed = dict(taxes or {})
        for row_id in list(rules.where("id_tax_rules_group", id_group)):
            row = self.row("tax_rules", row_id)
            id_tax = changed.get(row["id_country"], row["id_tax"])
            rules.insert({**row, "id_tax_rules_group": new_id, "id_tax": id_tax})
        for resource in ("products", "carriers"):
            table = self.tables[resource]
            for row_id, row in table.rows.items():
                if table.value(row, "id_tax_rules_group") == id_group:
                    table.update(row_id, {"id_tax_rules_group": new_id})
        for (resource, _, _), own in self.shop_values.items():
            if resource == "products" and own.get("id_tax_rules_group") == id_group:
                own["id_tax_rules_group"] = new_id
        return new_id

    def set_currency_rate(self, id_currency: int, rate: Decimal | str) -> None:
        self.tables["currencies"].update(id_currency, {"conversion_rate": f"{Decimal(rate):.6f}"})

    def set_group_reduction(self, id_group: int, percent: Decimal | str | int) -> None:
        """Only the group's own date moves."""
        changes = {"reduction": f"{Decimal(percent):.2f}", "date_upd": self.now()}
        self.tables["groups"].update(id_group, changes)

    # --- stock: no trace in the product -------------------------------------------------------------------------------

    def set_out_of_stock(self, id_product: int, flag: int) -> None:
        """0 deny, 1 allow, 2 as the shop is set; core writes it to every row of the product."""
        table = self.tables["stock_availables"]
        for row_id, _ in self.stock_rows(id_product):
            table.update(row_id, {"out_of_stock": flag})

    def vanish_stock_row(self, id_product: int, id_product_attribute: int = 0) -> None:
        """The row is gone, as after a change of the stock's scope; the product stays."""
        row_id = self.stock_row(id_product, id_product_attribute)
        if row_id is None:
            raise KeyError(f"no stock row for product {id_product}, combination {id_product_attribute}")
        self.tables["stock_availables"].delete(row_id)

    def restore_stock_row(self, id_product: int, quantity: int, id_product_attribute: int = 0) -> int:
        """A row for a product that has none, with a new id: what saving it in the back office does."""
        group = self.share_stock_group(1)
        row: Row = {"id_product": id_product, "id_product_attribute": id_product_attribute, "quantity": quantity}
        row_id = self.tables["stock_availables"].insert(row | ({"id_shop": 0, "id_shop_group": group} if group else {}))
        if id_product_attribute:
            self.recompute_sum(row_id)
        return row_id

    # --- products and variants ----------------------------------------------------------------------------------------

    def set_pack(
        self, id_product: int, contents: Iterable[tuple[int, int, int]], pack_stock_type: int | None = None
    ) -> None:
        """(id_product, id_product_attribute, number) of what the pack holds; nothing makes it a product as others."""
        bundle = tuple(contents)
        changes: Row = {"_bundle": bundle, "cache_is_pack": int(bool(bundle))}
        changes["product_type"] = "pack" if bundle else "standard"
        if pack_stock_type is not None:
            changes["pack_stock_type"] = pack_stock_type
        self.tables["products"].update(id_product, changes)
        self.touch(id_product)

    def reorder_category(self, id_category: int) -> None:
        """Drag and drop in a category's list: it is turned round, and every product in it is saved: noise."""
        members = self.category_products[id_category]
        for position, id_product in enumerate(sorted(members, key=members.__getitem__, reverse=True), 1):
            members[id_product] = position
            self.touch(id_product)

    def unlink_product(self, id_product: int) -> None:
        """Out of the shop without a trace: lists no longer hold it and its variants, the stock rows stay."""
        self.unlinked.add(id_product)
        self.tables["products"].update(id_product, {"_shops": ()})
        for combination in self.combination_ids(id_product):
            self.tables["combinations"].update(combination, {"_shops": ()})

    def relink_product(self, id_product: int) -> None:
        """Back in the shop, saved by it."""
        self.unlinked.discard(id_product)
        self.tables["products"].rows[id_product].pop("_shops", None)
        for combination in self.combination_ids(id_product):
            self.tables["combinations"].rows[combination].pop("_shops", None)
        self.touch(id_product)

    def recreate_product(self, id_product: int) -> int:
        """Delete a product and make it again: the same in every field, yet with new ids throughout."""
        products, combinations = self.tables["products"], self.tables["combinations"]
        old = products.rows[id_product]
        texts = {
            field.name: products.text(id_product, field.name)
            for field in products.resource.fields
            if field.kind == "text"
        }
        now = self.now()
        saved: Row = {**old, **{name: text for name, text in texts.items() if text}, "date_add": now, "date_upd": now}
        saved["_images"] = ()  # the pictures go with the product
        variants = [combinations.rows[combination] for combination in self.combination_ids(id_product)]
        # Copies: deleting a variant empties its row first.
        stock = {row.get("id_product_attribute", 0): dict(row) for _, row in self.stock_rows(id_product)}
        by_old = dict(zip(self.combination_ids(id_product), variants, strict=True))
        places = [category for category, members in self.category_products.items() if id_product in members]
        self.delete_product(id_product)
        new_id = products.insert(saved)
        self.set_categories(new_id, places)
        renamed = {0: 0}
        for old_id, variant in by_old.items():
            renamed[old_id] = combinations.insert({**variant, "id_product": new_id, "_images": ()})
        if default := saved.get("cache_default_attribute"):
            products.update(new_id, {"cache_default_attribute": renamed.get(default, 0)})
        for old_id, stock_row in stock.items():
            self.tables["stock_availables"].insert(
                {**stock_row, "id_product": new_id, "id_product_attribute": renamed[old_id]}
            )
        return new_id

    def recreate_combination(self, id_combination: int) -> int:
        """Delete a variant and make it again with a new id, as the back office's generator does."""
        combinations = self.tables["combinations"]
        row = dict(combinations.rows[id_combination])
        id_product = row["id_product"]
        old_stock = self.stock_row(id_product, id_combination)
        stock = dict(self.tables["stock_availables"].rows[old_stock]) if old_stock is not None else None
        self.delete_combination(id_combination)
        new_id = combinations.insert(row)
        if row.get("default_on"):
            self.tables["products"].update(id_product, {"cache_default_attribute": new_id})
        if stock is not None:
            row_id = self.tables["stock_availables"].insert({**stock, "id_product_attribute": new_id})
            self.recompute_sum(row_id)
        return new_id

    # --- modules ------------------------------------------------------------------------------------------------------

    def set_price_factor(self, id_product: int, factor: Decimal | str | None) -> None:
        """Play a module on actionProductPriceCalculation: `price[]` answers that many times the price; None ends it."""
        if factor is None:
            self.price_factors.pop(id_product, None)
        else:
            self.price_factors[id_product] = Decimal(factor)
