"""The PrestaShop customer of an order: a guest for each buyer or one technical customer, name and e-mail (I3;
prestashop-webservice.md 2.9).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from models.settings import OrderSettings
from rules.decision import Decision, Reason
from rules.shop_fields import CUSTOMER_NAME, MASK, FieldRule, fit_name, part_at_word, tidy
from rules.tiktok_order import Recipient, TikTokOrder

NOBODY: Final = ("TikTok Shop", "buyer")
"""First and last name where the buyer's is masked or has no letters."""
TECHNICAL: Final = ("TikTok", "Shop")
_DEFAULT_EMAIL: Final = "buyerid@tiktok.com"
_BUYER_ID: Final = "buyerid"
# The one name of people who have one; PrestaShop takes no empty first name.
_NO_NAME: Final = "-"
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_EMAIL_MAX: Final = 254
_LOCAL_MAX: Final = 64
# Chinese, Japanese, Korean: the family name comes first.
_FAMILY_FIRST = re.compile(r"[\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff66-\uff9f\U00020000-\U0003ffff\s・]+")

_FILLERS: Final[Mapping[str, object]] = {
    "company": "-",
    # 14 zeros have the right check digit; an APE code is digits and a letter.
    "siret": "00000000000000",
    "ape": "0000Z",
    "website": "https://www.tiktok.com",
    "birthday": "1970-01-01",
    "note": "-",
    "newsletter": False,
    "optin": False,
}


@dataclass(frozen=True, slots=True)
class Customer:
    """What makes the customer in PrestaShop, but its password; e-mails in the order to try them.

    PrestaShop before 9 refuses a guest whose e-mail is a registered customer's (2.9): then the next one.
    """

    fields: Mapping[str, Any] = field(repr=False)
    emails: tuple[str, ...] = field(repr=False)


def customer_fields(
    order: TikTokOrder,
    settings: OrderSettings,
    guest_group: int,
    *,
    customer_group: int = 3,
    recipient: Recipient | None = None,
    required: Mapping[str, Collection[str]] | None = None,
    corrections: Mapping[str, str] | None = None,
) -> Decision[Customer]:
    """The customer of an order. It never keeps an order back: what cannot be said of a buyer has a stand-in.

    Args:
        order: as TikTok Shop tells it; its e-mail may be missing.
        settings: of the connection.
        guest_group, customer_group: ids of the shop's groups.
        recipient: the one that is kept of the order, where it differs from what the order says now.
        required: fields the merchant made obligatory, by resource.
        corrections: address fields a person gave; first and last name count here.
    """
    reasons: list[Reason] = []
    technical = settings.customer == "technical"
    group = customer_group if technical else guest_group
    if technical:
        first, last = TECHNICAL
        emails: tuple[str, ...] = (settings.technical_email,)
        reasons.append(Reason("technical_customer", "all orders are the technical customer's"))
    else:
        given = corrections or {}
        whose = order.recipient if recipient is None else recipient
        raw_first, raw_last = split_name(whose)
        first, last, named = fitted_name(
            given.get("firstname") or raw_first, given.get("lastname") or raw_last, CUSTOMER_NAME
        )
        emails, mail = _emails(order, settings)
        reasons += (Reason("guest_customer", "a guest customer for each buyer"), *named, mail)
    fields: dict[str, Any] = {
        "firstname": first,
        "lastname": last,
        "id_default_group": group,
        "active": True,
        "is_guest": not technical,
        "associations": {"groups": [{"id": group}]},
    }
    for name in sorted((required or {}).get("customers", ())):
        if name in _FILLERS:
            fields[name] = _FILLERS[name]
            reasons.append(Reason("required_filled", f"the shop requires {name} of customers: filled with a stand-in"))
    return Decision(Customer(fields, emails), tuple(reasons))


def split_name(recipient: Recipient) -> tuple[str, str]:
    """First and last name as they can be read, uncleaned; ("", "") if the name is masked or missing.

    Of a name in one piece the last word is the last name; Chinese, Japanese and Korean names begin with it. A name of
    one word is a last name.
    """
    texts = (recipient.name, recipient.first_name, recipient.last_name)
    name, first, last = ("" if MASK in text else tidy(text) for text in texts)
    if first and last:
        return first, last
    words = (name or first or last).split()
    if len(words) < 2:
        return "", " ".join(words)
    if _FAMILY_FIRST.fullmatch(" ".join(words)):
        return " ".join(words[1:]), words[0]
    return " ".join(words[:-1]), words[-1]


def fitted_name(first: str, last: str, rule: FieldRule) -> tuple[str, str, tuple[Reason, ...]]:
    """First and last name as the fields take them, never empty, and what was done to them."""
    cleaned = [fit_name(first, rule), fit_name(last, rule)]
    reasons: list[Reason] = []
    if not any(cleaned):
        why = "has no letters" if first or last else "cannot be read"
        return *NOBODY, (Reason("name_missing", f"the buyer's name {why}: {' '.join(NOBODY)} stands for it"),)
    if cleaned != [tidy(first), tidy(last)]:
        reasons.append(Reason("name_cleaned", "characters PrestaShop refuses in names were replaced or left out"))
    if not all(cleaned):
        # One word is the last name: that is what lists and labels go by.
        cleaned = [_NO_NAME, cleaned[0] or cleaned[1]]
        reasons.append(Reason("one_name", f"the buyer has one name: the first name is {_NO_NAME}"))
    parts = [part_at_word(text, rule.size) for text in cleaned]
    if any(rest for _, rest in parts):
        reasons.append(Reason("name_cut", f"the name is longer than {rule.size} characters"))
    return parts[0][0], parts[1][0], tuple(reasons)


def is_email(text: str) -> bool:
    """Whether every version of PrestaShop takes it as an e-mail address."""
    if len(text) > _EMAIL_MAX or MASK in text:
        return False
    return len(text.partition("@")[0]) <= _LOCAL_MAX and _EMAIL.fullmatch(text) is not None


def default_email(order: TikTokOrder, settings: OrderSettings) -> str:
    """The e-mail by I3's default, `buyerid` replaced by the buyer's id, or the order's where the buyer has none."""
    buyer = re.sub(r"[^A-Za-z0-9]", "", order.user_id) or re.sub(r"[^A-Za-z0-9]", "", order.id) or "unknown"
    for pattern in (settings.default_email, _DEFAULT_EMAIL):
        email = pattern.replace(_BUYER_ID, buyer[:40])
        if is_email(email):
            return email
    raise AssertionError("the built-in default is an e-mail address")


def _emails(order: TikTokOrder, settings: OrderSettings) -> tuple[tuple[str, ...], Reason]:
    default = default_email(order, settings)
    if settings.email_source == "default":
        return (default,), Reason("default_email", "the e-mail is made by the setting (I3)")
    alias = order.buyer_email.strip()
    if is_email(alias):
        both = (alias,) if alias == default else (alias, default)
        return both, Reason("alias_email", "the e-mail is the relay address TikTok Shop gives (I3)")
    what = "no relay address" if not alias else "no usable relay address"
    return (default,), Reason("alias_missing", f"TikTok Shop gives {what}: the e-mail is made by the setting (I3)")
