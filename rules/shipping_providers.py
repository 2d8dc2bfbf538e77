"""Which shipping provider of TikTok Shop a PrestaShop carrier is (C11; tiktok-shop-api.md 3.8).

Each delivery option has a list of its own, and a provider may have another id in each. Nothing is guessed: a parcel
with the wrong provider is never scanned and its order is cancelled (5.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rapidfuzz import fuzz

from models.taxonomy import ShippingProvider
from models.templates import CarrierMapping
from rules.decision import Decision, Finding, Reason
from rules.linking import title_words

_SUGGESTED: Final = 3


def provider_for(
    carrier_reference: int,
    mappings: Iterable[CarrierMapping],
    providers: Sequence[ShippingProvider],
    *,
    carrier_name: str,
    delivery_option_id: str,
) -> Decision[ShippingProvider] | Finding:
    """The provider that stands for a carrier in an order's delivery option.

    A mapping for this delivery option comes first, then one for all, then those of other options.

    Args:
        carrier_reference: id_reference of the carrier in PrestaShop.
        mappings: the connection's.
        providers: those of the order's delivery option; others are left out.
        carrier_name: the carrier's name in PrestaShop, for people.
        delivery_option_id: the order's.
    """
    offered = [provider for provider in providers if provider.delivery_option_id == delivery_option_id]
    if not offered:
        return Finding(
            "no_providers",
            f"No shipping providers are known for the delivery option {delivery_option_id or 'of this order'}.",
            "Refresh the warehouses and carriers of TikTok Shop.",
        )
    places = {delivery_option_id: 0, "": 1}
    own = sorted(
        (mapping for mapping in mappings if mapping.id_reference == carrier_reference),
        key=lambda mapping: (places.get(mapping.delivery_option_id, 2), mapping.delivery_option_id),
    )
    names = ", ".join(provider.name for provider in suggested(carrier_name, offered))
    if not own:
        return Finding(
            "carrier_not_mapped",
            f"The PrestaShop carrier “{carrier_name}” is not mapped to a shipping provider of TikTok Shop.",
            f"Map it under carriers (C11). The nearest by name: {names}.",
        )
    for mapping in own:
        found = _offered(mapping, offered)
        if found is not None:
            text = f"“{carrier_name}” is mapped to “{found.value.name}” (C11)"
            return Decision(found.value, (Reason("carrier_mapped", text), *found.reasons))
    return Finding(
        "provider_not_offered",
        f"“{own[0].provider_name or own[0].provider_id}”, to which the PrestaShop carrier “{carrier_name}” is mapped, "
        "does not ship this delivery option.",
        f"Map “{carrier_name}” for the delivery option {delivery_option_id} (C11). The nearest by name: {names}.",
    )


def suggested(
    carrier_name: str, providers: Iterable[ShippingProvider], limit: int = _SUGGESTED
) -> list[ShippingProvider]:
    """Providers by how alike their names are to a carrier's, the likeliest first."""
    wanted = _words(carrier_name)
    return sorted(
        providers,
        key=lambda provider: (-_alike(wanted, _words(provider.name)), provider.name, provider.id),
    )[:limit]


def _offered(mapping: CarrierMapping, offered: Sequence[ShippingProvider]) -> Decision[ShippingProvider] | None:
    """The provider of a mapping in a list: by id, else the only one of that name."""
    for provider in offered:
        if provider.id == mapping.provider_id:
            return Decision(provider)
    name = title_words(mapping.provider_name)
    same = [provider for provider in offered if name and title_words(provider.name) == name]
    if len(same) != 1:
        return None
    text = f"found by its name: in this delivery option its id is {same[0].id}"
    return Decision(same[0], (Reason("provider_by_name", text),))


def _words(name: str) -> str:
    return " ".join(title_words(name))


def _alike(one: str, other: str) -> float:
    # All words of the shorter name in the longer one count ("DPD" and "DPD Next Day"), then how much else there is.
    return fuzz.token_set_ratio(one, other) + fuzz.ratio(one, other) / 1000
