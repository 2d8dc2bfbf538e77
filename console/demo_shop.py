"""A connection to the sandbox with category templates for its catalogue: what the demo, `up --sandbox` and tests use.

It is set up the way a merchant would: the shop is authorized with a consent code, the market's categories are read,
and each family of products gets a template with its mappings, documents and package defaults.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageDraw
from sqlmodel import col, select

from clients.tiktok.auth import App, Authorizer
from config.secret_box import SecretBox
from config.settings import settings
from models.catalogue import ShopRecord
from models.connections import Connection
from models.database import database
from models.taxonomy import Brand
from models.templates import (
    AttributeGroup,
    AttributeMapping,
    AttributeSource,
    BrandMapping,
    CategoryTemplate,
    ValueMapping,
)
from rules.brands import suggestions
from rules.market import market
from tasks.shop_tables import mirror_small_tables
from tasks.shops import DatabaseTokenStore, open_shops, utc_now
from tasks.taxonomy import refresh_brands, refresh_categories, refresh_logistics


@dataclass(frozen=True, slots=True)
class _Mapped:
    """One line of a template's attribute mapping."""

    attribute_id: str
    source: AttributeSource
    key: str = ""
    fixed: tuple[str, ...] = ()
    dictionary: Mapping[str, str] = field(default_factory=dict)
    group: AttributeGroup = AttributeGroup.PRODUCT


@dataclass(frozen=True, slots=True)
class _Template:
    """One family of the sandbox's catalogue. Weight in kilograms, sides in centimetres."""

    name: str
    categories: tuple[str, ...]
    category_id: str
    weight: str
    sides: tuple[int, int, int]
    mapped: tuple[_Mapped, ...] = ()
    size_chart: bool = False
    certificate: str = ""


_FEATURE, _OPTION, _FIXED = AttributeSource.FEATURE, AttributeSource.OPTION, AttributeSource.FIXED
# Names of the shop in any of its languages → ids of the platform's values.
_HARD_MATERIALS = {
    "Ceramic": "1000403", "Stoneware": "1000401", "Oak": "1000407", "Recycled paper": "1000403",
    "Cotton": "1000403", "Linen": "1000403", "Soy wax": "1000403", "Leather": "1000403",
}  # fmt: skip
_SEASONS = {"Spring/Summer": "1000601", "Autumn/Winter": "1000602", "All year": "1000603"}
_COLOUR = _Mapped(
    "100000",
    _OPTION,
    "Colour",
    dictionary={"Ocean blue": "1000001", "Slate grey": "1000008"},
    group=AttributeGroup.VARIANT,
)
_MATERIAL = _Mapped("100398", _FIXED, fixed=("1000403",))

TEMPLATES: tuple[_Template, ...] = (
    _Template(
        "Mugs", ("Mugs", "Travel mugs"), "853000", "0.4", (12, 9, 10),
        (_Mapped("100398", _FEATURE, "Material", dictionary=_HARD_MATERIALS), _Mapped("100399", _FEATURE, "Capacity"),
         _Mapped("100701", _FIXED, fixed=("1000059",)), _COLOUR),
    ),
    _Template("Plates", ("Plates",), "853001", "0.6", (27, 27, 4), (_MATERIAL,)),
    _Template(
        "Cushions", ("Cushions", "Floor cushions"), "853100", "0.7", (45, 45, 14),
        (_Mapped("100397", _FIXED, fixed=("Cotton",)), _COLOUR),
    ),
    _Template(
        "Posters", ("Posters", "Framed posters"), "853101", "0.4", (62, 42, 3),
        (_Mapped("100089", _OPTION, "Dimension", group=AttributeGroup.VARIANT),),
    ),
    _Template("Candles", ("Candles",), "853102", "0.4", (10, 10, 12), certificate="7182427070000000031"),
    _Template(
        "Lamps", ("Lamps", "Bedside lamps"), "853200", "2", (32, 32, 46),
        (_Mapped("100701", _FIXED, fixed=("1000059",)),),
    ),
    _Template(
        "T-shirts", ("T-shirts",), "853300", "0.2", (32, 26, 3),
        (_Mapped("100397", _FIXED, fixed=("Cotton",)), _Mapped("100401", _FEATURE, "Season", dictionary=_SEASONS),
         _Mapped("100007", _OPTION, "Size", group=AttributeGroup.VARIANT), _COLOUR),
        size_chart=True,
    ),
    _Template(
        "Notebooks", ("Notebooks",), "853400", "0.3", (22, 16, 3),
        (_Mapped("100400", _FEATURE, "Pages"),
         _Mapped("100089", _OPTION, "Paper type", group=AttributeGroup.VARIANT)),
    ),
    _Template(
        "Sneakers", ("Sneakers",), "853500", "1", (35, 23, 14),
        (_Mapped("100401", _FEATURE, "Season", dictionary=_SEASONS),
         _Mapped("100007", _OPTION, "Shoe size", group=AttributeGroup.VARIANT), _COLOUR,
         _Mapped("100090", _OPTION, "Width", dictionary={"Regular": "1000112", "Wide": "1000113"},
                 group=AttributeGroup.VARIANT)),
    ),
)  # fmt: skip


def connect_sandbox(facts: Mapping[str, str], auth_code: str, *, name: str = "sandbox") -> int:
    """Make (or renew) the connection to a sandbox and authorize it; answer its id.

    Args:
        facts: what `Sandbox.settings()` prints.
        auth_code: a fresh consent code.
        name: name of the connection.
    """
    box = SecretBox.open(settings())
    app = App(facts["app_key"], facts["app_secret"], facts["service_id"])
    with httpx.Client() as http:
        tokens = Authorizer(app, http=http, clock=utc_now, auth_url=facts["auth_url"]).exchange(auth_code)
    columns: dict[str, Any] = {
        "name": name,
        "region": facts["region"],
        "category_version": market(facts["region"]).category_version,
        "prestashop_url": facts["prestashop_url"],
        "prestashop_key_secret": box.encrypt(facts["prestashop_key"]),
        "tiktok_api_url": facts["tiktok_url"],
        "tiktok_auth_url": facts["auth_url"],
        "app_key": facts["app_key"],
        "app_secret_secret": box.encrypt(facts["app_secret"]),
        "service_id": facts["service_id"],
        "shop_cipher": facts["shop_cipher"],
    }
    with database().write() as session:
        connection = session.exec(select(Connection).where(Connection.name == name)).first() or Connection(**columns)
        connection.sqlmodel_update(columns)
        session.add(connection)
        session.flush()
        connection_id = connection.key
    DatabaseTokenStore(database(), connection_id, box).save(tokens)
    _learn_from_shops(connection_id)
    return connection_id


def _learn_from_shops(connection_id: int) -> None:
    """Version and time zone of PrestaShop, name and id of the TikTok shop."""
    shops = open_shops(connection_id)
    status = shops.prestashop.check()
    authorized = next(shop for shop in shops.tiktok.shops() if shop.cipher == shops.connection.shop_cipher)
    with database().write() as session:
        connection = session.get_one(Connection, connection_id)
        connection.prestashop_version = status.version
        connection.prestashop_timezone = str(status.timezone or "")
        connection.prestashop_checked_at = utc_now()
        connection.shop_id, connection.shop_name = authorized.id, authorized.name


def add_templates(connection_id: int, folder: Path) -> int:
    """Category templates for the sandbox's families, those with documents too; answer how many there are.

    What templates are written with (PrestaShop's names, the market's categories and brands) is read first.

    Args:
        connection_id: whose templates; a connection that has some keeps them.
        folder: where size chart and certificate files are written.
    """
    with database().read() as session:
        present = session.exec(select(CategoryTemplate).where(CategoryTemplate.connection_id == connection_id)).all()
        if present:
            return len(present)
    for read in (refresh_categories, refresh_brands, refresh_logistics, mirror_small_tables):
        read.fn(connection_id)
    with database().read() as session:
        by_name = {
            str(text): record.id
            for record in session.exec(
                select(ShopRecord).where(ShopRecord.connection_id == connection_id, ShopRecord.resource == "categories")
            )
            for text in _texts(record.data.get("name"))
        }
    gpsr = _gpsr(connection_id)
    folder.mkdir(parents=True, exist_ok=True)
    with database().write() as session:
        session.add(CategoryTemplate(connection_id=connection_id, name="Everything else", is_default=True, position=99))
        for position, family in enumerate(TEMPLATES):
            template = CategoryTemplate(
                connection_id=connection_id,
                name=family.name,
                position=position,
                category_ids=sorted(by_name[name] for name in family.categories),
                category_id=family.category_id,
                package_weight=Decimal(family.weight),
                package_length=Decimal(family.sides[0]),
                package_width=Decimal(family.sides[1]),
                package_height=Decimal(family.sides[2]),
                size_chart={"file": str(_size_chart(folder))} if family.size_chart else {},
                certificates=[{"id": family.certificate, "file": str(_certificate(folder))}]
                if family.certificate
                else [],
                manufacturer_gpsr_ids=gpsr[:1],
                responsible_person_ids=gpsr[1:],
            )
            session.add(template)
            session.flush()
            for mapped in family.mapped:
                mapping = AttributeMapping(
                    template_id=template.key,
                    group=mapped.group,
                    attribute_id=mapped.attribute_id,
                    source=mapped.source,
                    source_key=mapped.key,
                    fixed_values=list(mapped.fixed),
                )
                session.add(mapping)
                session.flush()
                session.add_all(
                    ValueMapping(mapping_id=mapping.id or 0, source_value=text, value_id=value_id)
                    for text, value_id in mapped.dictionary.items()
                )
    _map_brands(connection_id)
    return len(TEMPLATES) + 1


def _texts(texts: object) -> list[str]:
    return [str(text) for text in texts.values()] if isinstance(texts, Mapping) else [str(texts)]


def _map_brands(connection_id: int) -> None:
    """Every manufacturer to the brand of its name, to none where TikTok has no such brand (E1)."""
    with database().write() as session:
        brands = session.exec(select(Brand).where(Brand.connection_id == connection_id)).all()
        usable = [brand for brand in brands if brand.is_authorized or not brand.is_t1]
        for record in session.exec(
            select(ShopRecord).where(
                ShopRecord.connection_id == connection_id, col(ShopRecord.resource) == "manufacturers"
            )
        ):
            name = str(record.data.get("name", ""))
            found = suggestions(name, usable, limit=1)
            exact = found[0].id if found and found[0].name.casefold() == name.casefold() else ""
            session.add(BrandMapping(connection_id=connection_id, manufacturer=name, brand_id=exact))


def _gpsr(connection_id: int) -> list[str]:
    """Ids of a manufacturer and a responsible person, made where the market wants them (tiktok-shop-api.md 7.3)."""
    shops = open_shops(connection_id)
    if not shops.market.gpsr:
        return []
    phone = {"country_code": "+49", "local_number": "301234567"}
    manufacturer = shops.tiktok.create_manufacturer(
        {
            "name": "Sandbox Works",
            "email": "safety@sandbox.example",
            "phone_number": phone,
            "address": "Example street 1, 10115 Berlin",
        }
    )
    responsible = shops.tiktok.create_responsible_person(
        {
            "name": "Sandbox Works EU",
            "email": "safety@sandbox.example",
            "phone_number": phone,
            "address": {"street_address_line1": "Example street 1", "postal_code": "10115", "country": "DE"},
        }
    )
    return [manufacturer, responsible]


def _size_chart(folder: Path) -> Path:
    path = folder / "size-chart.png"
    picture = Image.new("RGB", (1200, 1200), "white")
    draw = ImageDraw.Draw(picture)
    for row, line in enumerate(
        ("Size    Chest    Length", "S       96 cm    69 cm", "M      102 cm    72 cm", "L      108 cm    75 cm")
    ):
        draw.text((120, 200 + row * 180), line, fill="black", font_size=64)
    picture.save(path)
    return path


def _certificate(folder: Path) -> Path:
    path = folder / "safety-data-sheet.pdf"
    page = Image.new("RGB", (827, 1169), "white")
    ImageDraw.Draw(page).text((80, 100), "Safety data sheet\n\nScented candle, soy wax", fill="black", font_size=28)
    written = io.BytesIO()
    page.save(written, "PDF")
    path.write_bytes(written.getvalue())
    return path
