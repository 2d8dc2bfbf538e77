"""PrestaShop's carriers and TikTok Shop's providers, statuses of both: what is mapped to what (C11, C12).

This module does not need Prefect, so that lists answer at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlmodel import Session, col, select

from models.catalogue import ShopRecord
from models.database import database
from models.taxonomy import DeliveryOption, ShippingProvider
from models.templates import CarrierMapping, StatusMapping
from rules.order_statuses import default_mapping, status_word
from rules.shipping_providers import suggested
from rules.tiktok_order import CANCELLED, STATUSES

TO_PRESTASHOP: Final = "to_prestashop"
TO_TIKTOK: Final = "to_tiktok"
_SETTINGS: Final = "configurations"


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier of PrestaShop that was not deleted, by what stays the same when it is edited."""

    reference: int
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class Provider:
    """A shipping provider of TikTok Shop, and the delivery options it ships."""

    id: str
    name: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CarrierRow:
    """A carrier and the provider it is mapped to; `provider` is "" while it is not."""

    carrier: str
    reference: int
    active: bool
    provider: str
    provider_id: str
    delivery_option: str


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One direction of the status mapping. `by`: "you" mapped it, or it is the connector's "default"."""

    direction: str
    tiktok: str
    status: str
    state: int
    prestashop: str
    cancel_reason: str
    by: str


class CannotMap(LookupError):
    """What was named is not known, or not mapped. The text says what to do."""


# Carriers (C11)


def carriers(session: Session, connection_id: int) -> list[Carrier]:
    """The carriers as they were last read, by name."""
    found: dict[int, Carrier] = {}
    for number, row in sorted(_records(session, connection_id, "carriers").items()):
        if not _flag(row, "deleted"):
            reference = int(row.get("id_reference") or number)
            found[reference] = Carrier(reference, str(row.get("name") or ""), _flag(row, "active"))
    return sorted(found.values(), key=lambda carrier: (carrier.name.casefold(), carrier.reference))


def providers(session: Session, connection_id: int, *, option: str = "") -> list[Provider]:
    """The providers of a delivery option, or of all, by name; one that has an id for each option comes once an id."""
    query = select(ShippingProvider).where(ShippingProvider.connection_id == connection_id)
    if option:
        query = query.where(ShippingProvider.delivery_option_id == option)
    options: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in session.exec(query.order_by(col(ShippingProvider.delivery_option_id))):
        options[row.name, row.id].append(row.delivery_option_id)
    return [Provider(number, name, tuple(some)) for (name, number), some in sorted(options.items())]


def delivery_options(session: Session, connection_id: int) -> dict[str, str]:
    """Names of the delivery options by id."""
    rows = session.exec(select(DeliveryOption).where(DeliveryOption.connection_id == connection_id))
    return {row.id: row.name for row in rows}


def carrier_rows(connection_id: int) -> list[CarrierRow]:
    """Every carrier with its providers, and mappings of carriers that are gone."""
    with database().read() as session:
        known = carriers(session, connection_id)
        options = delivery_options(session, connection_id)
        names = {provider.id: provider.name for provider in providers(session, connection_id)}
        mapped: dict[int, list[CarrierMapping]] = defaultdict(list)
        for row in session.exec(
            select(CarrierMapping)
            .where(CarrierMapping.connection_id == connection_id)
            .order_by(col(CarrierMapping.delivery_option_id))
        ):
            mapped[row.id_reference].append(row)
    gone = [Carrier(reference, "(gone)", active=False) for reference in sorted(mapped.keys() - _references(known))]
    return [
        CarrierRow(
            carrier=carrier.name,
            reference=carrier.reference,
            active=carrier.active,
            provider=(one.provider_name or names.get(one.provider_id, "")) if one else "",
            provider_id=one.provider_id if one else "",
            delivery_option=options.get(one.delivery_option_id, one.delivery_option_id) if one else "",
        )
        for carrier in (*known, *gone)
        for one in mapped.get(carrier.reference) or (None,)
    ]


def carrier_suggestions(connection_id: int) -> dict[Carrier, list[str]]:
    """The providers with the nearest names, for each active carrier that is not mapped; several delivery options have
    the same provider under several ids, so its name is what counts."""
    with database().read() as session:
        mapped = set(
            session.exec(select(CarrierMapping.id_reference).where(CarrierMapping.connection_id == connection_id)).all()
        )
        rows = session.exec(select(ShippingProvider).where(ShippingProvider.connection_id == connection_id)).all()
        known = carriers(session, connection_id)
    by_name = list({row.name.casefold(): row for row in rows}.values())
    return {
        carrier: [provider.name for provider in suggested(carrier.name, by_name)]
        for carrier in known
        if carrier.active and carrier.reference not in mapped
    }


def store_carrier(connection_id: int, reference: int, provider: Provider, *, option: str = "") -> None:
    """Say which provider a carrier is, for a delivery option or for all of them ("")."""
    with database().write() as session:
        row = session.exec(
            select(CarrierMapping).where(
                CarrierMapping.connection_id == connection_id,
                CarrierMapping.id_reference == reference,
                CarrierMapping.delivery_option_id == option,
            )
        ).first() or CarrierMapping(
            connection_id=connection_id, id_reference=reference, delivery_option_id=option, provider_id=""
        )
        row.provider_id, row.provider_name = provider.id, provider.name
        session.add(row)


def forget_carrier(connection_id: int, reference: int, *, option: str | None = None) -> int:
    """Take mappings of a carrier back: that for one delivery option ("" is the one for all), or every one of it.

    Raises:
        CannotMap: there is none.
    """
    query = select(CarrierMapping).where(
        CarrierMapping.connection_id == connection_id, CarrierMapping.id_reference == reference
    )
    if option is not None:
        query = query.where(CarrierMapping.delivery_option_id == option)
    with database().write() as session:
        rows = session.exec(query).all()
        if not rows:
            raise CannotMap(f"Carrier {reference} is not mapped. See: connector carriers list")
        for row in rows:
            session.delete(row)
    return len(rows)


# Statuses (C12)


def states(session: Session, connection_id: int) -> dict[int, str]:
    """Names of PrestaShop's order states that were not deleted, by id."""
    return {
        number: _text(row.get("name"))
        for number, row in _records(session, connection_id, "order_states").items()
        if not _flag(row, "deleted")
    }


def status_rows(connection_id: int) -> list[StatusRow]:
    """Both directions: what is mapped, and what holds where nothing is."""
    with database().read() as session:
        records = _records(session, connection_id, "order_states")
        settings = _records(session, connection_id, _SETTINGS).get(0, {})
        stored = session.exec(
            select(StatusMapping)
            .where(StatusMapping.connection_id == connection_id)
            .order_by(col(StatusMapping.id_order_state))
        ).all()
    own = {row.tiktok_status: row for row in stored if row.direction == TO_PRESTASHOP}
    defaults = default_mapping(records, settings)
    found = []
    for status in STATUSES:
        state = own[status].id_order_state if status in own else defaults[status]
        found.append(_row(TO_PRESTASHOP, status, state, records, by="you" if status in own else "default"))
    cancelling = [row for row in stored if row.direction == TO_TIKTOK]
    for row in cancelling:
        found.append(
            _row(TO_TIKTOK, row.tiktok_status, row.id_order_state, records, by="you", reason=row.cancel_reason)
        )
    cancelled = str(settings.get("PS_OS_CANCELED") or "")
    if cancelled.isdecimal() and int(cancelled) not in {row.id_order_state for row in cancelling}:
        found.append(_row(TO_TIKTOK, CANCELLED, int(cancelled), records, by="default"))
    return found


def store_status(connection_id: int, direction: str, status: str, state: int, *, cancel_reason: str = "") -> None:
    """Map a status; to PrestaShop one state stands for it, to TikTok Shop each state may stand for it."""
    with database().write() as session:
        rows = _stored(session, connection_id, direction, status, state if direction == TO_TIKTOK else None)
        row, *others = rows or [
            StatusMapping(connection_id=connection_id, direction=direction, tiktok_status=status, id_order_state=state)
        ]
        for other in others:
            session.delete(other)
        session.flush()
        row.id_order_state, row.cancel_reason = state, cancel_reason
        session.add(row)


def forget_status(connection_id: int, direction: str, status: str, state: int | None = None) -> int:
    """Take a mapping back, so that the default holds again; all of the status when no state is named.

    Raises:
        CannotMap: there is none.
    """
    with database().write() as session:
        rows = _stored(session, connection_id, direction, status, state)
        if not rows:
            raise CannotMap(f"{status_word(status)} is not mapped like that. See: connector statuses list")
        for row in rows:
            session.delete(row)
    return len(rows)


def _stored(
    session: Session, connection_id: int, direction: str, status: str, state: int | None
) -> list[StatusMapping]:
    query = select(StatusMapping).where(
        StatusMapping.connection_id == connection_id,
        StatusMapping.direction == direction,
        StatusMapping.tiktok_status == status,
    )
    if state is not None:
        query = query.where(StatusMapping.id_order_state == state)
    return list(session.exec(query.order_by(col(StatusMapping.id))).all())


def _row(
    direction: str,
    status: str,
    state: int,
    records: Mapping[int, Mapping[str, Any]],
    *,
    by: str,
    reason: str = "",
) -> StatusRow:
    name = _text(records.get(state, {}).get("name")) if state else "(changes nothing)"
    return StatusRow(direction, status, status_word(status), state, name or f"state {state}", reason, by)


def _records(session: Session, connection_id: int, resource: str) -> dict[int, Mapping[str, Any]]:
    rows = session.exec(
        select(ShopRecord).where(ShopRecord.connection_id == connection_id, ShopRecord.resource == resource)
    )
    return {row.id: row.data for row in rows}


def _references(known: Iterable[Carrier]) -> set[int]:
    return {carrier.reference for carrier in known}


def _text(value: Any) -> str:
    return str(next(iter(value.values()), "")) if isinstance(value, Mapping) else str(value or "")


def _flag(row: Mapping[str, Any], name: str) -> bool:
    return str(row.get(name) or "0").lower() not in ("0", "false")
