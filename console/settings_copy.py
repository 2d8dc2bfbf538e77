"""Settings, templates and mappings of one connection for another: an export and an import in one, in memory (K15).

Names lead from one shop to the other. What only means something in the shop it came from stays behind, and is said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlmodel import Session

from console.errors import Refused
from console.settings_export import export_connection
from console.settings_file import ConnectionPart, StatusPart
from console.settings_import import merged, read_what_is_named, save_mappings, validated
from console.shop_names import ShopNames
from console.template_records import save_templates
from models.connections import Connection, find_connection, settings_in_force, store_settings
from models.database import database
from tasks.shops import utc_now

SECTIONS: Final = ("products", "orders", "schedules", "templates", "mappings")
"""What can be copied on its own."""
# Ids that PrestaShop gave, by section: the same only for connections to the same PrestaShop.
_OF_THE_SHOP: Final = {
    "products": ("customer_group",),
    "orders": ("carrier_reference", "imported_state", "shipped_trigger", "shipped_states"),
}
# What follows from the market.
_OF_THE_MARKET: Final = {"products": ("language", "currency", "tax_country", "gtin_exempt", "gtin_exemption_reason")}
# Which of its shops a connection reads is what tells two of them apart.
_OWN: Final = {"products": ("shop_id",)}


@dataclass(slots=True)
class Copied:
    """What changed in the target, and what of the source was left out because it has no meaning there."""

    changed: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def copy_settings(source: str, target: str, sections: Collection[str] = SECTIONS) -> Copied:
    """Bring sections of the target to what they are in the source, in one transaction; nothing is deleted there.

    Args:
        source: name of a connection.
        target: name of another.
        sections: of SECTIONS.

    Raises:
        Refused: they are the same, a section is none, or a name means nothing to the target's shops.
        UnknownConnection: there is none of that name.
    """
    if unknown := [one for one in sections if one not in SECTIONS]:
        raise Refused(f"There is no section {', '.join(unknown)}. There are: {', '.join(SECTIONS)}")
    copied = Copied()
    with database().read() as session:
        from_connection, to_connection = find_connection(session, source), find_connection(session, target)
        if from_connection.key == to_connection.key:
            raise Refused("Settings are copied from one connection to another: --from and --to are the same.")
        part = export_connection(session, from_connection)
        present = settings_in_force(session, to_connection.key)[1].model_dump(mode="json")
    change = _settings_of(part, present, sections, from_connection, to_connection, copied)
    _keep_what_fits(part, sections, same_shop=_same_shop(from_connection, to_connection), copied=copied)
    read_what_is_named(to_connection.key, part.templates or [], brands=bool(part.brands))
    with database().write(to_connection.key) as session:
        copied.changed += _store(session, to_connection.key, change, f"copied from {from_connection.name}")
        names = ShopNames(session, to_connection.key)
        if part.templates:
            copied.changed += save_templates(session, to_connection.key, part.templates, names, prune=False)
        copied.changed += save_mappings(session, to_connection.key, part, names, prune=False)
    return copied


def _settings_of(
    part: ConnectionPart,
    present: Mapping[str, Any],
    sections: Collection[str],
    source: Connection,
    target: Connection,
    copied: Copied,
) -> dict[str, Any]:
    whole = part.settings.model_dump(mode="json") if part.settings else {}
    change: dict[str, Any] = {}
    for section in ("products", "orders", "schedules"):
        if section not in sections or section not in whole:
            continue
        left = set(_OWN.get(section, ()))
        if not _same_shop(source, target):
            left |= set(_OF_THE_SHOP.get(section, ()))
        if source.region != target.region:
            left |= set(_OF_THE_MARKET.get(section, ()))
        change[section] = {name: value for name, value in whole[section].items() if name not in left}
        differing = [name for name, value in whole[section].items() if value != present[section][name]]
        copied.left_out += [f"{section}.{name}" for name in differing if name in left]
    if "orders" in sections and whole:
        # How long buyer data are kept belongs to orders.
        change["retention_days"] = whole["retention_days"]
    if {"products", "orders"} & set(sections):
        copied.left_out += [
            name
            for name in ("sales_warehouse_id", "back_office_url")
            if whole.get(name) and whole[name] != present[name]
        ]
    return change


def _keep_what_fits(part: ConnectionPart, sections: Collection[str], *, same_shop: bool, copied: Copied) -> None:
    """Take out of the part what the target has no use for."""
    if "templates" not in sections:
        part.templates = None
    for template in part.templates or []:
        if template.gpsr.manufacturers or template.gpsr.responsible_persons:
            # Ids of entries that a seller makes in each of his shops on TikTok Shop.
            copied.left_out.append(f"template {template.name}: gpsr")
            template.gpsr.manufacturers, template.gpsr.responsible_persons = [], []
    carriers, statuses = part.carriers or [], part.statuses or []
    part.carriers = part.statuses = None
    if "mappings" not in sections:
        part.brands = None
        return
    # Shipping providers and delivery options have other ids in each shop on TikTok Shop.
    copied.left_out += [f"mapping of carrier {one.carrier}" for one in carriers]
    if same_shop:
        part.statuses = statuses
    else:
        copied.left_out += [f"mapping of status {_status_text(one)}" for one in statuses]


def _status_text(status: StatusPart) -> str:
    return f"{status.tiktok} ({status.direction})"


def _same_shop(source: Connection, target: Connection) -> bool:
    return source.prestashop_url.rstrip("/").casefold() == target.prestashop_url.rstrip("/").casefold()


def _store(session: Session, connection_id: int, change: Mapping[str, Any], note: str) -> list[str]:
    version, present = settings_in_force(session, connection_id)
    wanted = validated(merged(present.model_dump(mode="json"), dict(change)))
    if wanted == present:
        return []
    number = store_settings(session, connection_id, wanted, note=note[:200], now=utc_now())
    return [f"settings version {number}"] if number != version else []
