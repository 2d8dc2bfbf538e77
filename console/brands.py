"""`connector brands …`: PrestaShop manufacturer ↔ TikTok brand (E1)."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console.output import AsJson, ConnectionName, result, table

app = typer.Typer(no_args_is_help=True, help="Brands: which TikTok brand a PrestaShop manufacturer is.")


def _open(connection: str) -> tuple[Any, Any]:
    from console.installation import open_installation
    from models.connections import find_connection

    store = open_installation()
    with store.read() as session:
        return store, find_connection(session, connection)


@app.command("list")
def list_brands(connection: ConnectionName = "", as_json: AsJson = False) -> None:
    """List the manufacturers with the brand each is mapped to."""
    store, found = _open(connection)
    from sqlmodel import col, select

    from console.shop_names import ShopNames
    from models.templates import BrandMapping

    with store.read() as session:
        names = ShopNames(session, found.key)
        mapped = {
            row.manufacturer: row.brand_id
            for row in session.exec(
                select(BrandMapping)
                .where(BrandMapping.connection_id == found.key)
                .order_by(col(BrandMapping.manufacturer))
            )
        }
        known = {key.casefold() for key in mapped}
        others = [
            str(record.get("name", ""))
            for record in names.records("manufacturers").values()
            if str(record.get("name", "")).casefold() not in known
        ]
        rows = [
            {"manufacturer": name, "brand": names.brand_label(brand) or "(none is sent)", "brand_id": brand}
            for name, brand in mapped.items()
        ] + [{"manufacturer": name, "brand": "not mapped", "brand_id": ""} for name in sorted(others)]
    table(rows, ["manufacturer", "brand", "brand_id"], as_json=as_json, empty="No manufacturer is known yet.")


@app.command("map")
def map_brand(
    manufacturer: Annotated[str, typer.Argument(help="Name of the manufacturer; each spelling has its own mapping.")],
    brand: Annotated[str, typer.Argument(help='Name or id of the TikTok brand; "" sends no brand.')],
    connection: ConnectionName = "",
    as_json: AsJson = False,
) -> None:
    """Say which TikTok brand a manufacturer is."""
    store, found = _open(connection)
    from sqlmodel import select

    from console.shop_names import ShopNames
    from models.templates import BrandMapping

    with store.write(found.key) as session:
        names = ShopNames(session, found.key)
        brand_id = names.brands().id_of(brand, f"brand of {manufacturer!r}") if brand else ""
        row = session.exec(
            select(BrandMapping).where(
                BrandMapping.connection_id == found.key, BrandMapping.manufacturer == manufacturer
            )
        ).first() or BrandMapping(connection_id=found.key, manufacturer=manufacturer)
        row.brand_id = brand_id
        session.add(row)
    result(
        {"manufacturer": manufacturer, "brand_id": brand_id},
        as_json=as_json,
        text=f"{manufacturer} → {brand or 'no brand'}",
    )


@app.command()
def suggest(connection: ConnectionName = "", as_json: AsJson = False) -> None:
    """Suggest TikTok brands for the manufacturers that are not mapped yet; nothing is changed."""
    store, found = _open(connection)
    from sqlmodel import select

    from console.shop_names import ShopNames
    from models.taxonomy import Brand
    from models.templates import BrandMapping
    from rules.brands import suggestions

    with store.read() as session:
        names = ShopNames(session, found.key)
        mapped = {
            name.casefold()
            for name in session.exec(select(BrandMapping.manufacturer).where(BrandMapping.connection_id == found.key))
        }
        brands = session.exec(select(Brand).where(Brand.connection_id == found.key)).all()
        rows = []
        for record in names.records("manufacturers").values():
            name = str(record.get("name", ""))
            if name.casefold() in mapped:
                continue
            likely = suggestions(name, brands)
            rows.append({"manufacturer": name, "suggestions": [f"{one.name} ({one.id})" for one in likely]})
    table(rows, ["manufacturer", "suggestions"], as_json=as_json, empty="Every known manufacturer is mapped.")
