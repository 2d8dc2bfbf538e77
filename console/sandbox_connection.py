"""The connection of `connector up --sandbox`, made anew at every start: the simulated shops forget everything too."""

from __future__ import annotations

from sqlmodel import select

from config.settings import settings
from console.demo_orders import agree_on_orders
from console.demo_shop import add_templates, connect_sandbox
from models.connections import Connection, settings_in_force, store_settings
from models.database import database
from sandbox.server import Sandbox
from tasks.shop_tables import mirror_small_tables
from tasks.shops import utc_now
from tasks.taxonomy import refresh_brands, refresh_categories, refresh_logistics
from tasks.webhook_subscriptions import subscribe_all

NAME = "sandbox"
FIRST_UPLOAD_SECONDS = 120


def connect(shops: Sandbox) -> None:
    """Make the connection `sandbox`, set up for products and orders; what an earlier one left behind is forgotten."""
    with database().write() as session:
        earlier = session.exec(select(Connection).where(Connection.name == NAME)).first()
        if earlier is not None:
            session.delete(earlier)
    connection_id = connect_sandbox(shops.settings(), shops.auth_code(), name=NAME)
    for read in (refresh_categories, refresh_brands, refresh_logistics, mirror_small_tables):
        # What templates refer to; the schedules read it anew later.
        read.fn(connection_id)
    folder = settings().home / "documents"
    folder.mkdir(parents=True, exist_ok=True)
    add_templates(connection_id, folder)
    agree_on_orders(shops, connection_id)
    with database().write() as session:
        _, document = settings_in_force(session, connection_id)
        # People who look around want to see the first upload, not to wait an hour for it.
        document.schedules.catalog_upload = FIRST_UPLOAD_SECONDS
        store_settings(session, connection_id, document, note="sandbox", now=utc_now())
    subscribe_all(connection_id, f"http://127.0.0.1:{settings().door_port}/tiktok/webhooks")
