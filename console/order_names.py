"""From the names people write to carriers, shipping providers and statuses of both shops (C11, C12)."""

from __future__ import annotations

from sqlmodel import Session

from console.errors import Refused, Status
from console.shop_names import Book, texts
from models.catalogue import ShopRecord
from rules.order_statuses import status_word
from rules.shipping_providers import suggested
from rules.tiktok_order import STATUSES
from tasks.order_mappings import Carrier, Provider, carriers, delivery_options, providers, states

_NO_TABLES = "Run first: connector orders import --dry-run"
_NO_PROVIDERS = "The shipping providers of TikTok Shop are not known yet. Run first: connector run taxonomy_refresh"


def carrier_named(session: Session, connection_id: int, written: str) -> Carrier:
    """A PrestaShop carrier by its name or id_reference.

    Raises:
        Refused: there is none or more than one.
    """
    known = {str(carrier.reference): carrier for carrier in carriers(session, connection_id)}
    book = Book(
        "PrestaShop carriers", ((number, carrier.name) for number, carrier in known.items()), missing=_NO_TABLES
    )
    return known[book.id_of(written, "carrier")]


def provider_named(session: Session, connection_id: int, written: str, *, option: str = "") -> Provider:
    """A shipping provider by its name or id, in a delivery option or in any.

    Where delivery options know it under several ids, any will do: its name finds it in the others.

    Raises:
        Refused: there is none.
    """
    known = providers(session, connection_id, option=option)
    if not known:
        raise Refused(_NO_PROVIDERS, Status.FAILED)
    wanted = written.strip().casefold()
    for provider in known:
        if wanted in (provider.id, provider.name.casefold()):
            return provider
    near = dict.fromkeys(provider.name for provider in _nearest(written, known))
    where = " of this delivery option" if option else ""
    raise Refused(
        f"provider: {written!r} is none of the shipping providers{where}. Do you mean "
        f"{' or '.join(repr(name) for name in near)}? {len(known)} are known."
    )


def option_named(session: Session, connection_id: int, written: str) -> str:
    """The id of a delivery option by its name or id; "" for "".

    Raises:
        Refused: there is none or more than one.
    """
    if not written:
        return ""
    book = Book("delivery options", delivery_options(session, connection_id).items(), missing=_NO_PROVIDERS)
    return book.id_of(written, "delivery option")


def state_named(session: Session, connection_id: int, written: str) -> int:
    """The id of an order status of PrestaShop, by its name in any of its languages, or by its id.

    Raises:
        Refused: there is none or more than one.
    """
    names = []
    for number in states(session, connection_id):
        record = session.get_one(ShopRecord, (connection_id, "order_states", number))
        names += [(str(number), text) for text in texts(record.data.get("name"))]
    return int(Book("PrestaShop order statuses", names, missing=_NO_TABLES).id_of(written, "status"))


def status_named(written: str) -> str:
    """A status of TikTok Shop as it spells it, by that or by its word ("in transit").

    Raises:
        Refused: there is none.
    """
    names = [(status, text) for status in STATUSES for text in (status_word(status), status)]
    return Book("order statuses of TikTok Shop", names, missing="").id_of(
        written.strip().replace("-", " "), "status of TikTok Shop"
    )


def _nearest(written: str, known: list[Provider]) -> list[Provider]:
    from models.taxonomy import ShippingProvider

    rows = {
        provider.name.casefold(): ShippingProvider(
            connection_id=0, delivery_option_id="", id=provider.id, name=provider.name
        )
        for provider in known
    }
    by_id = {provider.id: provider for provider in known}
    return [by_id[row.id] for row in suggested(written, rows.values())]
