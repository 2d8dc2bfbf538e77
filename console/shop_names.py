"""From the names people write to the ids both shops use, and back: read from our mirror of the two shops."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from sqlmodel import Session, col, select

from console.errors import Refused, Status
from models.catalogue import ShopRecord
from models.taxonomy import Brand, Category, CategoryAttribute

_SEPARATOR = " > "


class Book:
    """Ids by every name they go by, for one kind of thing. Names are compared without case."""

    def __init__(self, kind: str, names: Iterable[tuple[str, str]], *, missing: str) -> None:
        self._kind = kind
        self._missing = missing
        self.ids: set[str] = set()
        self._by_name: dict[str, set[str]] = defaultdict(set)
        self._written: dict[str, str] = {}
        for identifier, name in names:
            self.ids.add(identifier)
            if name:
                self._by_name[name.strip().casefold()].add(identifier)
                self._written.setdefault(name.strip().casefold(), name.strip())

    def id_of(self, written: str, where: str) -> str:
        """The id that a name, a path or an id stands for.

        Raises:
            Refused: there is none or more than one; `where` says whose it was.
        """
        found = self._by_name.get(written.strip().casefold(), set())
        if len(found) == 1:
            return next(iter(found))
        if written in self.ids:
            return written
        if found:
            raise Refused(
                f"{where}: several of the {self._kind} are called {written!r}; write the whole path or the id "
                f"({', '.join(sorted(found))})."
            )
        if not self.ids:
            raise Refused(f"{where}: the {self._kind} are not known yet. {self._missing}", Status.FAILED)
        close = get_close_matches(written.casefold(), self._by_name, n=3, cutoff=0.6)
        hint = f" Do you mean {' or '.join(repr(self._written[name]) for name in close)}?" if close else ""
        raise Refused(f"{where}: {written!r} is not one of the {self._kind}.{hint}")

    def name_of(self, identifier: str, preferred: str) -> str:
        """`preferred` if it leads back to this id, the id itself otherwise."""
        found = self._by_name.get(preferred.strip().casefold(), set())
        return preferred if found == {identifier} and not preferred.strip().isdigit() else identifier


class ShopNames:
    """The books of one connection, read once."""

    def __init__(self, session: Session, connection_id: int) -> None:
        self._session = session
        self._connection_id = connection_id
        self._records: dict[str, Mapping[int, Mapping[str, Any]]] = {}
        self._attributes: dict[str, list[CategoryAttribute]] = {}
        self._leaves: dict[str, Category] | None = None
        self._brands: Book | None = None
        self._categories: Book | None = None
        self._books: dict[str, Book] = {}

    def records(self, resource: str) -> Mapping[int, Mapping[str, Any]]:
        """Rows of one of PrestaShop's small tables by id."""
        if resource not in self._records:
            rows = self._session.exec(
                select(ShopRecord).where(
                    ShopRecord.connection_id == self._connection_id, ShopRecord.resource == resource
                )
            )
            self._records[resource] = {row.id: row.data for row in rows}
        return self._records[resource]

    def shop(self, resource: str, kind: str) -> Book:
        """Manufacturers, suppliers, features or attribute groups of PrestaShop, in any of its languages."""
        if resource not in self._books:
            names = [
                (str(number), text)
                for number, record in self.records(resource).items()
                for field in ("name", "public_name")
                for text in texts(record.get(field))
            ]
            self._books[resource] = Book(kind, names, missing=_NOT_MIRRORED)
        return self._books[resource]

    def shop_categories(self) -> Book:
        """PrestaShop categories, by name and by path."""
        if "categories" not in self._books:
            records = self.records("categories")
            names = [(str(number), text) for number, record in records.items() for text in texts(record.get("name"))]
            names += [(str(number), path) for number in records for path in self._paths(number)]
            self._books["categories"] = Book("PrestaShop categories", names, missing=_NOT_MIRRORED)
        return self._books["categories"]

    def _paths(self, number: int) -> list[str]:
        """The path of a category in every language, from the top and from below each of its ancestors."""
        records = self.records("categories")
        line: list[Mapping[str, Any]] = []
        at = number
        while at in records and records[at] not in line:
            line.insert(0, records[at])
            at = int(records[at].get("id_parent") or 0)
        languages = {language for record in line for language in (record.get("name") or {})}
        found = []
        for language in sorted(languages):
            names = [str((record.get("name") or {}).get(language, "")) for record in line]
            found += [_SEPARATOR.join(names[start:]) for start in range(len(names) - 1)]
        return found

    def ancestors(self) -> dict[int, frozenset[int]]:
        """PrestaShop category → itself and everything above it."""
        records = self.records("categories")
        above: dict[int, frozenset[int]] = {}
        for number in records:
            line: set[int] = set()
            at = number
            while at in records and at not in line:
                line.add(at)
                at = int(records[at].get("id_parent") or 0)
            above[number] = frozenset(line)
        return above

    def shop_label(self, resource: str, kind: str, number: int) -> str:
        """How a thing of PrestaShop is written in a file: its name if that is enough, else its id."""
        book = self.shop_categories() if resource == "categories" else self.shop(resource, kind)
        record = self.records(resource).get(number, {})
        options = texts(record.get("name"))
        if resource == "categories":
            options += self._paths(number)
        for option in options:
            if book.name_of(str(number), option) == option:
                return option
        return str(number)

    def category(self, written: str, where: str) -> str:
        """The id of a TikTok category that products can be listed in.

        Raises:
            Refused: unknown, or not a leaf.
        """
        if not written:
            return ""
        tree = self._tree()
        if self._categories is None:
            names = [(category.id, text) for category in tree.values() for text in (category.name, category.path)]
            self._categories = Book("TikTok Shop categories", names, missing=_NO_TAXONOMY)
        found = self._categories.id_of(written, where)
        if not tree[found].is_leaf:
            below = [category.name for category in tree.values() if category.parent_id == found][:5]
            raise Refused(
                f"{where}: {tree[found].path!r} is not a category products can be listed in; choose one below it: "
                f"{', '.join(below)}."
            )
        return found

    def category_label(self, category_id: str) -> str:
        """The path of a TikTok category, or its id when the path is not unique or not known."""
        category = self._tree().get(category_id)
        if category is None:
            return category_id
        same = [other for other in self._tree().values() if other.path.casefold() == category.path.casefold()]
        return category.path if len(same) == 1 and category.path else category_id

    def _tree(self) -> dict[str, Category]:
        if self._leaves is None:
            rows = self._session.exec(select(Category).where(Category.connection_id == self._connection_id))
            self._leaves = {row.id: row for row in rows}
        return self._leaves

    def attributes(self, category_id: str) -> list[CategoryAttribute]:
        """The attributes of a TikTok category in the platform's order."""
        if category_id not in self._attributes:
            self._attributes[category_id] = list(
                self._session.exec(
                    select(CategoryAttribute)
                    .where(
                        CategoryAttribute.connection_id == self._connection_id,
                        CategoryAttribute.category_id == category_id,
                    )
                    .order_by(col(CategoryAttribute.position))
                )
            )
        return self._attributes[category_id]

    def attribute(self, category_id: str, written: str, where: str) -> CategoryAttribute:
        """An attribute of a category by name or id."""
        rows = self.attributes(category_id)
        book = Book("attributes of its category", ((row.id, row.name) for row in rows), missing=_NO_TAXONOMY)
        found = book.id_of(written, where)
        return next(row for row in rows if row.id == found)

    def brands(self) -> Book:
        """TikTok brands by name. Of several of one name, the one the shop is authorized for."""
        if self._brands is None:
            rows = self._session.exec(select(Brand).where(Brand.connection_id == self._connection_id)).all()
            authorized = {row.name.casefold() for row in rows if row.is_authorized}
            names = [
                (row.id, row.name if row.is_authorized or row.name.casefold() not in authorized else "") for row in rows
            ]
            self._brands = Book("TikTok Shop brands", names, missing=_NO_TAXONOMY)
        return self._brands

    def brand_label(self, brand_id: str) -> str:
        """The name of a brand, or its id when the name is not unique."""
        row = self._session.get(Brand, (self._connection_id, brand_id)) if brand_id else None
        return self.brands().name_of(brand_id, row.name) if row else brand_id


def texts(value: Any) -> list[str]:
    """All texts of a field that is one text, or one per language."""
    if isinstance(value, Mapping):
        return list(dict.fromkeys(str(text) for text in value.values() if text))
    return [str(value)] if value else []


_NO_TAXONOMY = "Run first: connector run taxonomy_refresh"
_NOT_MIRRORED = "Run first: connector run catalog_upload --dry-run"
