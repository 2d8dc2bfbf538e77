"""The default category template as a conversation (A8, F5, F7, F11): its category, and what that asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlmodel import col, select

from console.errors import Refused
from console.output import say
from console.runs import run_flow
from console.settings_file import AttributePart, TemplatePart
from console.settings_import import read_what_is_named
from console.shop_names import ShopNames
from console.template_records import as_part, save_templates
from models.database import database
from models.taxonomy import Category, CategoryAttribute
from models.templates import AttributeSource, CategoryTemplate
from rules.setup import StepState
from tasks.setup import attributes_without_value, find_categories
from tasks.taxonomy import refresh_category_details

_NAME = "Default"
_MOST = 15
_VALUES_SHOWN = 8

Choose = Callable[[str, Sequence[str]], int | None]
Ask = Callable[..., str]


class Templates:
    """The templates of one connection, as far as the first upload needs them."""

    def __init__(self, name: str, connection_id: int) -> None:
        self._name = name
        self._id = connection_id

    def settle(self, step: StepState, *, choose: Choose, ask: Ask, again: Callable[[], None]) -> None:
        """Give the default template a category, then values to the attributes that it asks for."""
        default = self._default()
        if default is None or not default.category_id:
            self._choose_category(choose, ask)
            default = self._default()
        if default is None or not default.category_id:
            return
        asked = attributes_without_value(default.key)
        if not asked:
            for lack in step.missing:
                say(f"  ! {lack.what} {lack.fix}".rstrip())
            if ask("c for another category, or put that right and press Enter", "", optional=True) == "c":
                self._choose_category(choose, ask)
            else:
                again()
            return
        say(f"  The category asks for attributes that “{default.name}” gives no value to:")
        for attribute in asked:
            self._map(attribute, ask)

    def _default(self) -> CategoryTemplate | None:
        with database().read() as session:
            return session.exec(
                select(CategoryTemplate).where(
                    CategoryTemplate.connection_id == self._id, col(CategoryTemplate.is_default)
                )
            ).first()

    def _choose_category(self, choose: Choose, ask: Ask) -> None:
        self._read_taxonomy()
        say("  Products that no other template takes are listed in this category; more templates can be added later.")
        while True:
            words = ask("Category: words of its name, or the title of a typical product", "", optional=True)
            found = find_categories(self._id, words)
            if not found:
                say("  No open category has these words. Try others, such as mug or kitchen.")
                continue
            if len(found) > _MOST:
                say(f"  {len(found)} categories have these words, the first {_MOST}:")
            chosen = choose("Category", [one.path for one in found[:_MOST]])
            if chosen is not None:
                break
        part = self._part() or TemplatePart(name=_NAME, default=True, position=99)
        if part.category and part.category != found[chosen].path:
            # Attributes belong to their category.
            part.attributes = []
        part.category = found[chosen].id
        refresh_category_details.fn(self._id, [found[chosen].id])
        self._save(part)

    def _read_taxonomy(self) -> None:
        with database().read() as session:
            known = session.exec(select(Category).where(Category.connection_id == self._id).limit(1)).first()
        if known is None:
            say("  Reading what TikTok Shop offers: categories, brands, warehouses, carriers …")
            run_flow("taxonomy_refresh", {"connection": self._name})

    def _map(self, attribute: CategoryAttribute, ask: Ask) -> None:
        """A value for all products, or where PrestaShop has it."""
        some = ", ".join(value["name"] for value in attribute.values[:_VALUES_SHOWN])
        more = ", …" if len(attribute.values) > _VALUES_SHOWN else ""
        say(f"  {attribute.name}" + (f": one of {some}{more}" if some else ""))
        say("    A value for all products, or feature:NAME, option:NAME or field:NAME of PrestaShop.")
        while answer := ask(attribute.name, "", optional=True):
            part = self._part()
            if part is None:
                return
            part.attributes.append(_attribute(attribute.id, answer))
            try:
                self._save(part)
            except Refused as error:
                say(f"  ! {error}")
            else:
                return

    def _part(self) -> TemplatePart | None:
        default = self._default()
        if default is None:
            return None
        with database().read() as session:
            return as_part(session, session.get_one(CategoryTemplate, default.key), ShopNames(session, self._id))

    def _save(self, part: TemplatePart) -> None:
        read_what_is_named(self._id, [part], brands=False)
        with database().write() as session:
            save_templates(session, self._id, [part], ShopNames(session, self._id), prune=False)


def _attribute(attribute_id: str, answer: str) -> AttributePart:
    """An answer as a file would write it."""
    kind, colon, key = answer.partition(":")
    if colon and kind.strip() in ("feature", "option", "field") and key.strip():
        return AttributePart(attribute=attribute_id, source=AttributeSource(kind.strip()), key=key.strip())
    return AttributePart(attribute=attribute_id, source=AttributeSource.FIXED, values=[answer])
