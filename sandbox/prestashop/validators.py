"""Core's field validators, as far as the fields of the resources here use them (fact sheet 2.9 and 2.10)."""

from __future__ import annotations

import re

from sandbox.prestashop.fields import Field

_PATTERNS: dict[str, re.Pattern[str]] = {
    name.lower(): re.compile(pattern, re.DOTALL)
    for name, pattern in {
        "isUnsignedId": r"\s*\d*\s*",
        "isUnsignedInt": r"\s*\d*\s*",
        "isPositiveInt": r"\s*\d*\s*",
        "isInt": r"\s*-?\d*\s*",
        "isBool": r"|0|1",
        "isFloat": r"|-?\d*\.?\d+(e-?\d+)?",
        "isUnsignedFloat": r"|\d*\.?\d+(e-?\d+)?",
        "isPrice": r"|[0-9]{1,10}(\.[0-9]{1,9})?",
        "isNegativePrice": r"|-?[0-9]{1,10}(\.[0-9]{1,9})?",
        "isReference": r"[^<>;={}]*",
        "isEan13": r"[0-9]{0,13}",
        "isGtin": r"[0-9]{0,14}",
        "isUpc": r"[0-9]{0,12}",
        "isIsbn": r"[0-9-]{0,32}",
        "isMpn": r"[^<>;={}]{0,40}",
        "isCatalogName": r"[^<>;=#{}]*",
        "isGenericName": r"[^<>={}]*",
        "isLinkRewrite": r"[_a-zA-Z0-9\-]*",
        "isProductVisibility": r"|both|catalog|search|none",
        "isReductionType": r"amount|percentage",
        "isDateFormat": r"|\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?",
        "isDate": r"|\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?",
        "isNullOrUnsignedId": r"\s*\d*\s*",
        "isCustomerName": r"(?!\s+\Z)(?:[^0-9!<>,;?=+()/\\@#\"°*`{}_^$%:¤\[\]|\.。]|[\.。](?:\s|$))*",
        "isName": r"[^0-9!<>,;?=+()@#\"°{}_$%:¤|]*",
        "isAddress": r"[^!<>?=+@{}_$%]*",
        "isPostCode": r"[a-zA-Z 0-9-]*",
        "isCityName": r"[^!<>;?=+@#\"°{}_$%]*",
        "isMessage": r"[^<>{}]*",
        "isPhoneNumber": r"[+0-9. ()/-]*",
        "isDniLite": r"[0-9A-Za-z-.]{0,16}",
        "isEmail": r"|[^@\s<>]+@[^@\s<>.]+(\.[^@\s<>.]+)+",
        "isMd5": r"|[a-f0-9A-F]{32}",
        "isModuleName": r"[a-zA-Z0-9_-]*",
        "isHashedPassword": r"|.{5,}",
        "isTrackingNumber": r"[~:#,%&_=()\[\].? +\-@/a-zA-Z0-9]{0,64}",
        "isPercentage": r"|\d{1,3}(\.\d+)?",
        "isColor": r"|#[0-9A-Fa-f]{6}|[a-z]+",
    }.items()
}
_SCRIPT = re.compile(r"<\s*script|javascript\s*:|\bon(click|error|load|mouseover)\s*=", re.IGNORECASE)


def check_field(field: Field, text: str) -> bool:
    """Whether the shop takes that text; fields without a validator take everything that is not too long."""
    if field.size is not None and field.kind in ("str", "text") and len(text) > field.size:
        return False
    if field.validator is None:
        return True
    if field.validator == "isCleanHtml":
        return _SCRIPT.search(text) is None
    pattern = _PATTERNS.get(field.validator.lower())
    return pattern is None or pattern.fullmatch(text) is not None
