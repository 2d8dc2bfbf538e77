"""What a request wants printed of its rows, and the columns compiled from it, for the JSON and XML printers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.prestashop.computed import ASSOCIATIONS, COMPUTED, Computed
from sandbox.prestashop.fields import Association, Field, Resource
from sandbox.prestashop.query import Display
from sandbox.prestashop.shop import Shop
from sandbox.prestashop.tables import Row

Source = Literal["stored", "computed", "text"]

Echo = dict[str, Any]
"""What a write put into the object, not yet as the database will print it: recordings 069, 073, 075."""


@dataclass(frozen=True, slots=True)
class Column:
    field: Field
    name: str
    source: Source
    default: Any
    number: bool
    compute: Computed | None


@dataclass(frozen=True, slots=True)
class View:
    """A request's way of printing rows. `virtual`: the `price[alias]` columns, alias → price of a row."""

    shop: Shop
    resource: Resource
    display: Display
    languages: tuple[int, ...]
    id_shop: int = 1
    virtual: dict[str, Callable[[int], str]] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    associations: tuple[Association, ...] = ()

    @property
    def api(self) -> str:
        return f"{self.shop.base_url}/api"

    def stored(self, row_id: int) -> Row:
        """The row as the request's shop sees it."""
        row = self.shop.tables[self.resource.name].rows[row_id]
        if not self.shop.shop_values:
            return row
        own = self.shop.shop_values.get((self.resource.name, row_id, self.id_shop))
        return {**row, **own} if own else row

    def texts(self, row_id: int, name: str) -> dict[int, str]:
        # `names` of a currency is a getter of its name.
        stored = "name" if name == "names" else name
        texts = self.shop.tables[self.resource.name].text(row_id, stored) or {}
        return {language: texts.get(language, "") for language in self.languages}

    def members(self, row_id: int, row: Row, association: Association) -> list[tuple[Any, ...]]:
        return ASSOCIATIONS[self.resource.name, association.name](self.shop, row_id, row)

    def asked_fields(self, association: Association) -> frozenset[str] | None:
        """The association's fields that `display=[assoc[…]]` asks for; None: all of them."""
        return self.display.associations.get(association.name) if self.display.associations is not None else None

    def shows_virtual(self, alias: str) -> bool:
        return self.display.shows(alias)


def make_view(
    shop: Shop,
    resource: Resource,
    display: Display,
    languages: tuple[int, ...],
    id_shop: int = 1,
    virtual: dict[str, Callable[[int], str]] | None = None,
) -> View:
    columns = tuple(
        Column(
            item,
            item.name,
            _source(resource, item),
            item.default,
            item.is_number(shop.major),
            COMPUTED.get((resource.name, item.name)),
        )
        for item in resource.fields
        if display.shows(item.name)
    )
    wanted = display.associations
    associations = tuple(item for item in resource.associations if wanted is None or item.name in wanted)
    return View(shop, resource, display, languages, id_shop, virtual or {}, columns, associations)


def _source(resource: Resource, item: Field) -> Source:
    if (resource.name, item.name) in COMPUTED:
        return "computed"
    return "text" if item.kind == "text" else "stored"
