"""Which carrier orders are made with (C2; prestashop-webservice.md 2.8, 4.1 and 4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.decision import Decision, Finding, Reason


def choose_carrier(
    carriers: Mapping[int, Mapping[str, Any]], *, default: int, reference: int
) -> Decision[int] | Finding:
    """The present id of the chosen carrier, or of one that costs nothing (4.4): shipping is a line of its own.

    A free carrier is often only for picking up and serves no zone; one that is called after TikTok is meant for this.

    Editing a carrier in the back office gives it a new id and keeps its id_reference (2.8).

    Args:
        carriers: the shop's, by id.
        default: PS_CARRIER_DEFAULT; -1 and -2 stand for the cheapest and the fastest.
        reference: id_reference of the chosen one; 0 for none.
    """
    usable = {key: row for key, row in carriers.items() if row.get("active") and not row.get("deleted")}
    if reference:
        chosen = [key for key, row in usable.items() if int(row.get("id_reference") or 0) == reference]
        if not chosen:
            return Finding(
                "carrier_gone",
                f"PrestaShop has no active carrier with the reference {reference} (C2).",
                "Choose another one in orders.carrier_reference, or switch it on in PrestaShop.",
            )
        row = usable[max(chosen)]
        reasons = [Reason("carrier", f"carrier {row['name']}")]
        if not row.get("is_free"):
            text = (
                "it is not free: orders are right only where it costs nothing for the customer group of TikTok's buyers"
            )
            reasons.append(Reason("carrier_not_free", text))
        return Decision(max(chosen), tuple(reasons))
    free = sorted(key for key, row in usable.items() if row.get("is_free"))
    meant = [key for key in free if "tiktok" in str(usable[key].get("name") or "").casefold()]
    if meant:
        return Decision(meant[0], (Reason("carrier", f"the carrier {usable[meant[0]]['name']}, which is free"),))
    if default in free:
        return Decision(
            default, (Reason("carrier", f"the shop's default carrier {usable[default]['name']}, which is free"),)
        )
    if free:
        return Decision(free[0], (Reason("carrier", f"the first free carrier, {usable[free[0]]['name']}"),))
    return Finding(
        "no_free_carrier",
        "PrestaShop has no carrier that is free, and shipping costs of its own would change the order's total.",
        "Make a carrier called for example TikTok Shipping that is free and delivers everywhere, or name one in "
        "orders.carrier_reference (C2).",
    )
