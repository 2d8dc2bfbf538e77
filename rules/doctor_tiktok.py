"""What is wrong with a connection's TikTok Shop, its mappings and templates (K19)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from models.connections import AuthorizationState
from models.taxonomy import ShippingProvider
from models.templates import CarrierMapping, CategoryTemplate
from rules import decision
from rules.authorization import fix_of, not_authorized
from rules.doctor import Area, Check, Finding, listed
from rules.papers import papers
from rules.shipping_providers import provider_for

_EXPIRES_SOON: Final = timedelta(days=30)

# Scopes that samples of granted_scopes confirm; the names of others are not certain (tiktok-shop-api.md 0.1, 11.10).
SCOPES: Final = (
    "seller.authorization.info",
    "seller.product.basic",
    "seller.product.write",
    "seller.logistics.basic",
    "seller.order.info",
    "seller.fulfillment.basic",
)
UNCERTAIN_SCOPES: Final = ("seller.product.delete", "seller.fulfillment.package.write", "seller.return_refund.basic")


def judge_authorization(state: AuthorizationState, until: datetime | None, now: datetime, connection: str) -> Finding:
    """How long the merchant's consent still lasts; `until` is None when nobody knows."""
    check, fix = Check(Area.TIKTOK, "authorization"), fix_of(connection)
    if until is not None and until <= now:
        return check.fail(f"The authorization ran out on {until:%Y-%m-%d}.", fix)
    if state is not AuthorizationState.AUTHORIZED:
        return check.fail(not_authorized(connection, state).cause, fix)
    if until is None:
        return check.passed("its end is not known")
    if until - now < _EXPIRES_SOON:
        return check.warn(f"The authorization runs out on {until:%Y-%m-%d}.", fix)
    return check.passed(f"until {until:%Y-%m-%d}")


def judge_covered(shop_id: str, covered: Collection[str], connection: str) -> Finding:
    """Whether the consent still covers the chosen shop."""
    check = Check(Area.TIKTOK, "shop")
    if not shop_id:
        why = not_authorized(connection, AuthorizationState.AUTHORIZED)
        return check.fail(why.cause, why.fix)
    if shop_id in covered:
        return check.passed("covered by the authorization")
    return check.fail(
        "The authorization does not cover the shop of this connection.",
        f"Authorize it again: connector connection authorize {connection}",
    )


def judge_scopes(granted: Collection[str], connection: str) -> Finding:
    """What the merchant allowed the app to do."""
    check = Check(Area.TIKTOK, "scopes")
    fix = f"Add them to the app in Partner Center, then: connector connection authorize {connection}"
    if not granted:
        return check.warn("TikTok Shop did not tell which scopes were granted.", "Nothing; errors would tell.")
    missing = [scope for scope in SCOPES if scope not in granted]
    if missing:
        return check.fail(f"Scopes are missing: {', '.join(missing)}.", fix)
    doubtful = [scope for scope in UNCERTAIN_SCOPES if scope not in granted]
    if doubtful:
        return check.warn(f"Scopes that are probably needed are missing: {', '.join(doubtful)}.", fix)
    return check.passed(f"all {len(SCOPES) + len(UNCERTAIN_SCOPES)} that are needed")


def judge_prerequisites(checks: Sequence[Mapping[str, Any]]) -> Finding:
    """What TikTok Shop still wants from the seller before it takes listings (P9)."""
    check = Check(Area.TIKTOK, "prerequisites")
    failed = [
        f"{one.get('check_item', '')}: {'; '.join(map(str, one.get('fail_reasons') or ['no reason given']))}"
        for one in checks
        if one.get("is_failed")
    ]
    if failed:
        return check.fail(
            f"TikTok Shop does not take listings yet. {listed(failed)}.", "Finish these steps in Seller Center."
        )
    return check.passed(f"{len(checks)} of {len(checks)} met")


def judge_warehouse(warehouses: Sequence[Mapping[str, Any]], chosen: str) -> tuple[Finding, str]:
    """The sales warehouse that stock goes to (A4), and its id ("" when there is none)."""
    check = Check(Area.TIKTOK, "warehouse")
    sales = [one for one in warehouses if one.get("type") == "SALES_WAREHOUSE"]
    usable = [one for one in sales if one.get("effect_status") == "ENABLED"]
    if chosen:
        known = {str(one["id"]): one for one in sales}
        if chosen not in known:
            fix = f"Choose one of {listed(str(one['id']) for one in usable)} in sales_warehouse_id (A4)."
            return check.fail(f"TikTok Shop has no sales warehouse {chosen}.", fix), ""
        if known[chosen] not in usable:
            state = known[chosen].get("effect_status", "")
            return check.fail(f"The chosen warehouse is {state}.", "Open it in Seller Center, or choose another."), ""
        return check.passed(f"{known[chosen].get('name', '')}, chosen"), chosen
    if not usable:
        return check.fail("TikTok Shop has no open sales warehouse.", "Set one up in Seller Center."), ""
    best = min(usable, key=lambda one: not one.get("is_default"))
    if not best.get("is_default") or len(usable) > 1:
        text = f"Stock goes to {best.get('name', '')}, one of {len(usable)} warehouses, because none was chosen."
        return check.warn(text, "Choose one in sales_warehouse_id (A4)."), str(best["id"])
    return check.passed(f"{best.get('name', '')}, the default one"), str(best["id"])


# Mappings and templates


def judge_carriers_mapped(
    carriers: Mapping[int, str],
    options: Sequence[Mapping[str, Any]],
    providers: Sequence[ShippingProvider],
    mappings: Sequence[CarrierMapping],
) -> Finding:
    """Whether parcels can be reported: each option that the seller ships needs a mapped carrier (C11).

    Args:
        carriers: names of PrestaShop's active carriers by id_reference.
        options: delivery options of the warehouse.
        providers: of all of them.
    """
    check = Check(Area.MAPPINGS, "carriers")
    fix = "Map them: connector carriers list"
    shipped = [one for one in options if one.get("type") == "SEND_BY_SELLER"]
    unmapped: set[str] = set()
    for option in shipped:
        decisions = {
            name: provider_for(key, mappings, providers, carrier_name=name, delivery_option_id=str(option["id"]))
            for key, name in carriers.items()
        }
        open_ones = {name for name, found in decisions.items() if isinstance(found, decision.Finding)}
        if len(open_ones) == len(carriers):
            return check.fail(
                f"No carrier of PrestaShop is mapped to a provider of the delivery option {option.get('name', '')}: "
                "its parcels cannot be reported.",
                fix,
            )
        unmapped |= open_ones
    if unmapped:
        return check.warn(f"Not mapped, their parcels would be parked: {listed(sorted(unmapped))}.", fix)
    return check.passed("all are mapped" if shipped else "not needed: TikTok ships everything")


def judge_templates(
    templates: Sequence[CategoryTemplate],
    tree: Mapping[str, Mapping[str, Any]],
    rules: Mapping[str, Mapping[str, Any]],
    attributes: Mapping[str, Sequence[Mapping[str, Any]]],
    mapped: Mapping[int, Collection[str]],
) -> list[Finding]:
    """Each template against the category's rules of today (F5–F9).

    Args:
        tree: the market's categories by id.
        rules, attributes: of the templates' categories, by category id.
        mapped: ids of the attributes that each template feeds, by its id.
    """
    check = Check(Area.MAPPINGS, "templates")
    findings = []
    for template in templates:
        faults = _template_faults(template, tree, rules, attributes, mapped.get(template.id or 0, ()))
        if faults:
            findings.append(
                check.fail(
                    f"Template {template.name}: {' '.join(faults)}",
                    f"Correct it: connector templates show {template.name!r}; then connector run taxonomy_refresh",
                )
            )
    if findings:
        return findings
    if not templates:
        return [check.warn("There is no category template: nothing is listed.", "Make one: connector templates")]
    return [check.passed(f"{len(templates)} fit today's category rules")]


def _template_faults(
    template: CategoryTemplate,
    tree: Mapping[str, Mapping[str, Any]],
    rules: Mapping[str, Mapping[str, Any]],
    attributes: Mapping[str, Sequence[Mapping[str, Any]]],
    mapped: Collection[str],
) -> list[str]:
    if not template.category_id:
        return [] if template.is_default else ["No category is chosen."]
    category = tree.get(template.category_id)
    if category is None:
        return [f"The category {template.category_id} is gone."]
    if not category.get("is_leaf"):
        return [f"The category {template.category_id} has sub-categories now and takes no products."]
    statuses = category.get("permission_statuses") or ["AVAILABLE"]
    if "AVAILABLE" not in statuses:
        return [f"The category {template.category_id} is not open to this shop ({', '.join(statuses)})."]
    known = attributes.get(template.category_id, ())
    faults = [
        f"The required attribute {one.get('name', '')} is not mapped."
        for one in known
        if one.get("is_required") and one.get("type") != "SALES_PROPERTY" and one["id"] not in mapped
    ]
    asked = papers(template, rules.get(template.category_id, {}), {}, template.category_id)
    # Files are uploaded with the next run.
    return faults + [one.text for one in asked.findings if one.code != "file_not_uploaded"]
