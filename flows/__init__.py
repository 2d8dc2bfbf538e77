"""What happens in which order: thin Prefect flows, one file each."""

from typing import Any, Final

from prefect import Flow

from flows.apply_plan import apply_plan
from flows.authorization_watch import authorization_watch
from flows.cancellation_sync import cancellation_sync
from flows.catalog_link import catalog_link
from flows.catalog_upload import catalog_upload
from flows.doctor import doctor
from flows.housekeeping import housekeeping
from flows.listing_actions import listing_actions
from flows.order_answer import order_answer
from flows.order_audit import order_audit
from flows.order_cancel import order_cancel
from flows.order_import import order_import
from flows.order_ship import order_ship
from flows.order_status_sync import order_status_sync
from flows.order_watch import order_watch
from flows.price_stock_sync import price_stock_sync
from flows.run_watch import run_watch
from flows.shipment_push import shipment_push
from flows.status_sync import status_sync
from flows.taxonomy_refresh import taxonomy_refresh

FLOWS: Final[dict[str, Flow[..., Any]]] = {
    flow.name: flow
    for flow in (
        taxonomy_refresh,
        catalog_upload,
        price_stock_sync,
        status_sync,
        apply_plan,
        catalog_link,
        listing_actions,
        order_import,
        shipment_push,
        cancellation_sync,
        order_status_sync,
        order_audit,
        order_watch,
        authorization_watch,
        run_watch,
        order_ship,
        order_cancel,
        order_answer,
        housekeeping,
        doctor,
    )
}
"""Every flow by its name."""

__all__ = [
    "FLOWS",
    "apply_plan",
    "authorization_watch",
    "cancellation_sync",
    "catalog_link",
    "catalog_upload",
    "doctor",
    "housekeeping",
    "listing_actions",
    "order_answer",
    "order_audit",
    "order_cancel",
    "order_import",
    "order_ship",
    "order_status_sync",
    "order_watch",
    "price_stock_sync",
    "run_watch",
    "shipment_push",
    "status_sync",
    "taxonomy_refresh",
]
