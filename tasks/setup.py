"""What is there of a connection that is being set up (A8): from our tables and from both shops, judged by rules.setup.

Nothing is changed by looking, and nothing is remembered: an interrupted set-up goes on where the facts say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, func, select

from clients.errors import Rejected
from clients.tiktok.client import CategoryVersion
from config.secret_box import SecretBox, SecretBoxError
from config.settings import settings
from models.connections import Connection
from models.database import database
from models.listings import Assignment
from models.taxonomy import Category, CategoryAttribute
from models.templates import AttributeMapping, CategoryTemplate
from rules.setup import SetupFacts, categories_named
from tasks.doctor import examine_prestashop, examine_tiktok
from tasks.shops import open_shops


def setup_facts(name: str) -> SetupFacts:
    """The facts about the connection called `name`, which need not be there yet; both shops are asked."""
    with database().read() as session:
        connection = session.exec(select(Connection).where(Connection.name == name)).first()
        if connection is None:
            return SetupFacts(name)
        default = session.exec(
            select(CategoryTemplate).where(
                CategoryTemplate.connection_id == connection.key, col(CategoryTemplate.is_default)
            )
        ).first()
        listing = session.exec(
            select(func.count())
            .select_from(CategoryTemplate)
            .where(CategoryTemplate.connection_id == connection.key, CategoryTemplate.category_id != "")
        ).one()
        decided, ready = _decided(session, connection.key)
    return SetupFacts(
        connection=connection.name,
        stored=True,
        has_app=bool(connection.app_key) and _is_filled(connection.app_secret_secret),
        has_service_id=bool(connection.service_id),
        authorization=connection.authorization,
        shop=connection.shop_name or connection.shop_id,
        findings=(*examine_prestashop.fn(connection.key), *examine_tiktok.fn(connection.key)),
        default_template=default.name if default else "",
        listing_templates=listing,
        decided=decided,
        ready=ready,
        stopped=connection.stopped_at is not None,
    )


def _decided(session: Session, connection_id: int) -> tuple[int, int]:
    """Products that were decided about, and those of them that nothing keeps from being listed."""
    products = select(func.count()).select_from(Assignment).where(Assignment.connection_id == connection_id)
    return session.exec(products).one(), session.exec(products.where(Assignment.content_hash != "")).one()


def _is_filled(secret: str) -> bool:
    try:
        return bool(SecretBox.open(settings()).decrypt(secret))
    except SecretBoxError:
        # It is there; that it cannot be read is a finding of the doctor.
        return True


def find_categories(connection_id: int, words: str) -> list[Category]:
    """The categories whose path has these words; where there is none, the one TikTok Shop recommends for them."""
    with database().read() as session:
        tree = session.exec(select(Category).where(Category.connection_id == connection_id)).all()
    found = categories_named(words, tree)
    if found or not words.strip():
        return found
    shops = open_shops(connection_id)
    version: CategoryVersion = "v2" if shops.connection.category_version == "v2" else "v1"
    try:
        answer = shops.tiktok.recommend_category(words, version=version, locale=shops.market.locale)
    except Rejected:
        return []
    return [one for one in tree if one.id == str(answer.get("leaf_category_id", ""))]


def attributes_without_value(template_id: int) -> Sequence[CategoryAttribute]:
    """What the category of a template asks for and the template does not map, in the platform's order."""
    with database().read() as session:
        template = session.get_one(CategoryTemplate, template_id)
        mapped = select(AttributeMapping.attribute_id).where(AttributeMapping.template_id == template_id)
        return session.exec(
            select(CategoryAttribute)
            .where(
                CategoryAttribute.connection_id == template.connection_id,
                CategoryAttribute.category_id == template.category_id,
                col(CategoryAttribute.is_required),
                CategoryAttribute.type != "SALES_PROPERTY",
                col(CategoryAttribute.id).not_in(mapped),
            )
            .order_by(col(CategoryAttribute.position))
        ).all()


def sales_warehouses(connection_id: int) -> list[dict[str, Any]]:
    """The open warehouses that stock can go to (A4)."""
    return [
        one
        for one in open_shops(connection_id).tiktok.warehouses()
        if one.get("type") == "SALES_WAREHOUSE" and one.get("effect_status") == "ENABLED"
    ]
