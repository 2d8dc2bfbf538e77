"""`connector carriers …`: PrestaShop carrier ↔ TikTok shipping provider (C11)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from console.output import AsJson, ConnectionName, result, table

app = typer.Typer(no_args_is_help=True, help="Carriers: which shipping provider of TikTok Shop a carrier is.")

CarrierName = Annotated[str, typer.Argument(help="Name or id_reference of a PrestaShop carrier.")]
DeliveryOption = Annotated[
    str, typer.Option("--delivery-option", help="Name or id of a delivery option; all of them when left out.")
]


def _open(connection: str) -> tuple[Any, int]:
    from console.installation import open_installation
    from models.connections import find_connection

    store = open_installation()
    with store.read() as session:
        return store, find_connection(session, connection).key


@app.command("list")
def list_carriers(connection: ConnectionName = "", as_json: AsJson = False) -> None:
    """List the carriers of PrestaShop with the shipping provider each is mapped to."""
    _, connection_id = _open(connection)
    from tasks.order_mappings import carrier_rows

    table(
        [
            {**asdict(row), "provider": row.provider or row.provider_id or "not mapped"}
            for row in carrier_rows(connection_id)
        ],
        ["carrier", "reference", "active", "provider", "delivery_option"],
        as_json=as_json,
        empty="No carrier is known yet. Read them with: connector orders import --dry-run",
    )


@app.command("map")
def map_carrier(
    carrier: CarrierName,
    provider: Annotated[str, typer.Argument(help="Name or id of the shipping provider of TikTok Shop.")],
    delivery_option: DeliveryOption = "",
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Say which shipping provider a carrier is; a mapping for one delivery option comes before the one for all."""
    store, connection_id = _open(connection)
    from console.order_names import carrier_named, option_named, provider_named
    from tasks.order_mappings import store_carrier

    with store.read() as session:
        option = option_named(session, connection_id, delivery_option)
        found = carrier_named(session, connection_id, carrier)
        chosen = provider_named(session, connection_id, provider, option=option)
    store_carrier(connection_id, found.reference, chosen, option=option)
    result(
        {"carrier": found.reference, "provider_id": chosen.id, "provider": chosen.name, "delivery_option": option},
        as_json=as_json,
        text=f"{found.name} → {chosen.name}" + (f" for {delivery_option}" if option else ""),
    )


@app.command()
def unmap(
    carrier: CarrierName, delivery_option: DeliveryOption = "", connection: ConnectionName = "", as_json: AsJson = False
) -> None:
    """Take the mappings of a carrier back: that of one delivery option, or every one when none is named."""
    store, connection_id = _open(connection)
    from console.order_names import carrier_named, option_named
    from tasks.order_mappings import forget_carrier

    with store.read() as session:
        option = option_named(session, connection_id, delivery_option)
        # A carrier that is gone from PrestaShop is named by its number.
        reference = int(carrier) if carrier.isdecimal() else carrier_named(session, connection_id, carrier).reference
    number = forget_carrier(connection_id, reference, option=option or None)
    result({"carrier": reference, "removed": number}, as_json=as_json, text=f"{carrier} is no longer mapped.")


@app.command()
def suggest(connection: ConnectionName = "", as_json: AsJson = False) -> None:
    """Suggest providers with names like those of the active carriers that are not mapped yet; nothing is changed."""
    _, connection_id = _open(connection)
    from tasks.order_mappings import carrier_suggestions

    rows = [
        {"carrier": carrier.name, "reference": carrier.reference, "suggestions": names}
        for carrier, names in carrier_suggestions(connection_id).items()
    ]
    table(rows, ["carrier", "reference", "suggestions"], as_json=as_json, empty="Every known active carrier is mapped.")
