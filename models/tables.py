"""Every table in one place, so that migrations and tests see the whole schema."""

from models import catalogue, connections, listings, orders, taxonomy, templates, webhooks

__all__ = ["catalogue", "connections", "listings", "orders", "taxonomy", "templates", "webhooks"]
