"""What the webservice's error codes mean: class, cause and fix per code, as data; matched on code, not text.

Texts of the shop are translated and may echo what was sent, so nothing of them is kept but the names of the fields
they speak of. Source: fact sheet section 1.6, recordings 003-008, 014, 017, 020, 071, 072, 078, 084, 086, 099, 106-110,
117, 119, 127 and 129.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clients.errors import (
    AccessDenied,
    ConfigurationFault,
    PartlyStored,
    Rejected,
    Retryable,
    ShopError,
    Throttled,
    TimedOut,
    Unavailable,
    Uncertain,
)
from clients.prestashop.address import shop_url

READS = frozenset({"GET", "HEAD"})
# PHP's own errors, warnings, notices and deprecations: they say nothing about whether the work was done.
PHP_CODES = frozenset(str(code) for code in range(2, 16))


@dataclass(frozen=True)
class Fault:
    """One row of the table: which error, why in the merchant's words, what to do about it."""

    kind: type[ShopError]
    cause: str
    fix: str


def _rows(codes: str, kind: type[ShopError], cause: str, fix: str) -> Iterator[tuple[str, Fault]]:
    return ((code, Fault(kind, cause, fix)) for code in codes.split())


_KEY_FIX = "Copy the key again from Advanced Parameters > Webservice of the back office and check that it is enabled."
_RIGHT_FIX = "Edit the key in Advanced Parameters > Webservice and tick the missing right for this resource."
_OUR_REQUEST = "The shop does not understand the connector's request."
_OUR_FIX = "Check that a module does not change the webservice; then report this code together with the shop's version."
_IMAGE_FIX = "Open the image in the back office and upload it again as JPEG or PNG."
_SAVE_FIX = "Do the same by hand in the back office; it shows the reason. Often a module's rule refuses it."

TABLE: Mapping[str, Fault] = dict(
    [
        *_rows("16 17", AccessDenied, "The shop received no webservice key.", _KEY_FIX),
        *_rows("18", AccessDenied, "The webservice key does not have 32 characters.", _KEY_FIX),
        *_rows("20 21", AccessDenied, "The webservice key is wrong, switched off or has no right at all.", _KEY_FIX),
        *_rows(
            "22",
            ConfigurationFault,
            "The shop's webservice is switched off.",
            "Switch it on in Advanced Parameters > Webservice of the back office.",
        ),
        *_rows("25 26", AccessDenied, "The webservice key lacks a right the connector needs.", _RIGHT_FIX),
        *_rows("23 101", Rejected, "The shop does not offer this kind of change for this resource.", _OUR_FIX),
        *_rows(
            "27",
            Rejected,
            "The shop does not have this resource.",
            "It may belong to another PrestaShop version or to a module that is switched off.",
        ),
        *_rows("28 29 30 31 32 33 34 35 36 37 38 39 78 79 80 81 100 128", Rejected, _OUR_REQUEST, _OUR_FIX),
        *_rows(
            "41",
            Rejected,
            "A field the shop requires was not sent.",
            "Check which fields are marked as required in the back office (customers, addresses).",
        ),
        *_rows("46", Rejected, "The shop refused to save.", _SAVE_FIX),
        *_rows(" ".join(map(str, range(47, 78))), Rejected, "The shop refused or does not have the image.", _IMAGE_FIX),
        *_rows("84 85", Rejected, "The shop's check of a field failed.", "Correct the field named above."),
        *_rows("86 89 90 91 93 123", Rejected, _OUR_REQUEST, _OUR_FIX),
        *_rows(
            "87 92", Rejected, "The shop has no such object (any more).", "Nothing to do if it was deleted on purpose."
        ),
        *_rows(
            "88", Uncertain, "The shop did not delete everything it was asked to.", "Look what is left, then repeat."
        ),
        *_rows("124 126", ConfigurationFault, "A class the webservice needs is missing in the shop.", _OUR_FIX),
        *_rows("127", Rejected, "The shop could not read the request's XML.", _OUR_FIX),
        *_rows(
            "131",
            Rejected,
            "The object exists, but not in this shop of the multistore.",
            "Check the shop chosen for this connection.",
        ),
        *_rows(
            "132",
            AccessDenied,
            "The webservice key may not be used for this shop of the multistore.",
            "Edit the key in Advanced Parameters > Webservice and associate it with the shop.",
        ),
        *_rows(
            "133",
            Rejected,
            "The product's stock depends on the old warehouse management.",
            "Switch off advanced stock management for this product in the back office.",
        ),
        *_rows("134 135", Rejected, "The position in the category is out of range.", _OUR_FIX),
        *_rows(
            "140 141",
            Rejected,
            "Another customer of the shop already uses this e-mail address.",
            "Choose another e-mail pattern for imported customers, or one technical customer.",
        ),
        *_rows(
            "999",
            ConfigurationFault,
            "The shop or shop group chosen for this connection does not exist.",
            "Choose an existing shop of the multistore.",
        ),
        *_rows(
            "http-401",
            AccessDenied,
            "The key did not reach PrestaShop: the web server dropped it on the way.",
            "Switch on 'CGI mode' in Advanced Parameters > Webservice, or let the server pass 'Authorization' on.",
        ),
        *_rows(
            "http-403 http-406",
            ConfigurationFault,
            "Something in front of the shop (firewall, mod_security) refuses the connector's request.",
            "Ask the hosting company to let requests below /api/ through.",
        ),
        *_rows(
            "http-404",
            ConfigurationFault,
            "There is no PrestaShop webservice at this address.",
            "Check the shop's address and the URL rewriting of /api/ (regenerate .htaccess; nginx needs a rule).",
        ),
        *_rows(
            "http-405",
            ConfigurationFault,
            "The web server does not allow this kind of request.",
            "Ask the hosting company to allow GET, POST, PUT, PATCH and DELETE below /api/.",
        ),
        *_rows("http-413 http-414", Rejected, "The web server finds the request too long.", _OUR_FIX),
        *_rows(
            "http-429", Throttled, "The shop's server asks for fewer requests.", "Nothing: the connector slows down."
        ),
        *_rows(
            "redirect",
            ConfigurationFault,
            "The shop sends us to another address.",
            "Configure the shop's main address.",
        ),
        *_rows(
            "not-a-webservice",
            ConfigurationFault,
            "The address answers with a page, not with the webservice.",
            "Check the shop's address and that nothing in front of it (login page, challenge) stands before /api/.",
        ),
        *_rows(
            "too-large",
            Rejected,
            "The shop's answer is larger than anything the connector has use for.",
            "Look what it is in the back office: a picture or a text may be far too large.",
        ),
        *_rows(
            "certificate",
            ConfigurationFault,
            "The shop's TLS certificate is not valid.",
            "Renew the certificate, or configure the address it was made for.",
        ),
        *_rows(
            "secure-key",
            Rejected,
            "The order's customer is not the one of its cart, or was given another security key meanwhile.",
            "Nothing was made: the connector makes a new cart for the customer.",
        ),
        *_rows(
            "cart-used",
            Uncertain,
            "The cart is gone, or there is an order of it already.",
            "The connector looks for the cart's order and goes on with it.",
        ),
        *_rows(
            "repeating",
            ConfigurationFault,
            "The shop gives the same page again and again.",
            "Exempt /api/ from every cache in front of the shop.",
        ),
        *_rows(
            "put-not-safe",
            AccessDenied,
            "This object can only be changed by PATCH without losing data, and PATCH is not possible here.",
            "Tick PATCH for this resource of the key (PrestaShop 8 and later).",
        ),
    ]
)

_UNAVAILABLE = Fault(
    Unavailable, "The shop cannot answer at the moment.", "Nothing, if it passes; else ask the hosting company."
)
_UNCERTAIN = Fault(
    Uncertain,
    "The shop gave no clear answer to a change: it may have been made.",
    "The connector looks before it tries again; if this repeats, look into the shop's PHP error log.",
)
_TIMED_OUT = Fault(
    TimedOut, "The shop took too long to answer.", "Nothing, if it passes; else the hosting is too slow or busy."
)
_REFUSED = Fault(Rejected, "The shop refused the request.", _OUR_FIX)

# What a write that broke off with 500 and no error of the webservice most likely means (recordings 106, 109, 110, 119;
# 9: 099, 108, 154, 156). None of it is proof: hooks and mails run after the object is stored.
_BROKE_OFF: Mapping[str, Fault] = {
    "orders": Fault(
        Uncertain,
        "The shop broke off while it made the order: it may exist.",
        "The connector looks for the cart's order. If there is none: check that the payment module is installed and "
        "active and the delivery country active; the shop's PHP error log names the reason.",
    ),
    "order_histories": Fault(
        Uncertain,
        "The shop broke off while it changed the order's state: it may be changed.",
        "The connector looks before it tries again. If it is not: check that the chosen order state still exists; "
        "the shop's PHP error log names the reason.",
    ),
    "carts": Fault(
        Uncertain,
        "The shop broke off while it stored the cart: an empty one may exist, which does no harm.",
        "The connector makes another cart; if this repeats, look into the shop's PHP error log.",
    ),
}

# 46 after the work was done: a hook or the mail failed (recording 117).
_SAVED_BEFORE_46: Mapping[str, Fault] = {
    "orders": Fault(
        Uncertain,
        "The shop reports that the order was not saved, which it also does after it was made.",
        "The connector looks for the cart's order; if there is none, a module's rule refuses it.",
    ),
    "order_histories": Fault(
        Uncertain,
        "The shop reports a failure, often of the mail to the customer; the order's state may be changed all the same.",
        "The connector looks before it tries again; check that the shop can send mails.",
    ),
}

# One line of text instead of an error, up to PrestaShop 8; in the shop's language, so only English is known.
_DIED: Mapping[str, Mapping[bytes, str]] = {
    "orders": {
        b"Secure key does not match": "secure-key",
        b"an order has already been placed using this cart": "cart-used",
    }
}

# Refusals of a request before the first of its objects is looked at.
_WHOLE_BODY = frozenset({"23", "27", "89", "90", "91", "101", "127"})

_CODE = re.compile(rb"""<code>\s*(?:<!\[CDATA\[)?\s*(\d+)|"code"\s*:\s*"?(\d+)""")
# Names of classes and properties, never values: Address->dni, parameter "secure_key".
_FIELD = re.compile(rb"""\b([A-Z][A-Za-z]+)-(?:>|&gt;)(\w+)|[Pp]arameter \\?"(\w+)\\?\"""")


def error(code: str, message: str, *, fault: Fault | None = None, fix: str = "") -> ShopError:
    """The error of the table row `code` (or of `fault`); `message` is for the log and holds no values."""
    row = fault or TABLE[code]
    return row.kind(message, shop="prestashop", code=code, cause=row.cause, fix=fix or row.fix)


def codes_in(body: bytes) -> list[str]:
    """The error codes of an answer, XML or JSON, in order."""
    return [(xml or json).decode() for xml, json in _CODE.findall(body)]


def _fields_in(body: bytes) -> str:
    names = dict.fromkeys(
        f"{owner.decode()}.{name.decode()}" if owner else parameter.decode()
        for owner, name, parameter in _FIELD.findall(body)
    )
    return ", ".join(names)


def unclear(method: str, path: str, code: str, what: str) -> ShopError:
    """No usable answer after the request was sent: a read may be repeated, a write is uncertain."""
    message = f"{method} {path}: {what}"
    if method not in READS:
        broke_off = code.startswith("http-5") and _resource_of(path) in _BROKE_OFF and method == "POST"
        return error(code, message, fault=_BROKE_OFF[_resource_of(path)] if broke_off else _UNCERTAIN)
    return error(code, message, fault=_TIMED_OUT if code == "timeout" else _UNAVAILABLE)


def _resource_of(path: str) -> str:
    return path.partition("/")[0]


def of_one_object(fault: ShopError) -> bool:
    """Whether a write of several objects was refused for one of them, after those before it were stored."""
    return isinstance(fault, Rejected) and not fault.code.startswith("http-") and fault.code not in _WHOLE_BODY


def partly_stored(fault: ShopError) -> PartlyStored:
    """The refusal of one object of several: nobody says of which."""
    return PartlyStored(
        f"{fault} (one of several in one body)",
        shop="prestashop",
        code=fault.code,
        cause=f"{fault.cause} Others of the same request may be stored.",
        fix=fault.fix,
    )


def unsent(code: str, message: str) -> ShopError:
    """The request never left: nothing happened, whatever its method."""
    return error(code, message, fault=TABLE.get(code, _UNAVAILABLE))


def truncated(method: str, path: str) -> ShopError:
    """The answer's body is cut or empty."""
    return unclear(method, path, "truncated", "body cut or unreadable")


def too_large(method: str, path: str, most: int) -> ShopError:
    """The answer has more bytes than were taken."""
    message = f"{method} {path}: more than {most} bytes"
    return error("too-large", message) if method in READS else unclear(method, path, "too-large", message)


def refusal(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> ShopError:
    """The error for an answer of status 300 and above, or with an error body."""
    codes = codes_in(body) if b"<html" not in body[:1000].lower() else []
    main = next((code for code in codes if code not in PHP_CODES), "")
    if main:
        return _known(method, path, status, main, _fields_in(body))
    if codes:
        return unclear(method, path, codes[0], f"{status}, PHP errors {', '.join(sorted(set(codes), key=int))}")
    for text, code in _DIED.get(_resource_of(path), {}).items():
        if status >= 500 and text in body and method not in READS:
            return error(code, f"{method} {path}: {status}, {code}")
    return _by_status(method, path, status, headers)


def _known(method: str, path: str, status: int, code: str, fields: str) -> ShopError:
    about = f" ({fields})" if fields else ""
    message = f"{method} {path}: {status}, code {code}{about}"
    row = TABLE.get(code)
    if code == "46" and method == "POST" and _resource_of(path) in _SAVED_BEFORE_46:
        return error("46", message, fault=_SAVED_BEFORE_46[_resource_of(path)])
    if row is None or (code == "85" and status >= 500):
        # A module's own code, or an association refused after the object itself was saved.
        if status >= 500:
            return unclear(method, path, code, f"{status}, code {code}{about}")
        row = _REFUSED
    result = error(code, message, fault=row)
    result.cause += about
    return result


def _by_status(method: str, path: str, status: int, headers: Mapping[str, str]) -> ShopError:
    code = f"http-{status}"
    message = f"{method} {path}: {status}"
    if status < 400:
        return redirected(message, headers.get("location", ""), path)
    retry_after = _seconds(headers.get("retry-after", ""))
    if status == 429 or (status == 503 and method in READS and retry_after is not None):
        row = TABLE["http-429"]
        return Throttled(message, shop="prestashop", code=code, cause=row.cause, fix=row.fix, retry_after=retry_after)
    if status == 404 and is_prestashop(headers):
        return error(code, message, fault=TABLE["92"])
    if status == 408:
        return unclear(method, path, "timeout", str(status))
    if status >= 500:
        return unclear(method, path, code, str(status))
    return error(code, message, fault=TABLE.get(code, _REFUSED))


def redirected(message: str, location: str, path: str) -> ShopError:
    """A redirect is never followed: the key must not travel, and writes would lose their body (recording 129)."""
    main = re.split(r"/api(?:/|$)", location.split("?", 1)[0], maxsplit=1)[0]
    try:
        fix = f"Configure {shop_url(main)} as the shop's address."
    except ConfigurationFault:
        # A path of the same host, or nothing that may be repeated to a person.
        fix = ""
    return error("redirect", f"{message}, redirect of {path}", fix=fix)


def is_prestashop(headers: Mapping[str, str]) -> bool:
    """Whether the webservice itself answered, not something in front of it."""
    return "psws-version" in headers or headers.get("x-powered-by", "") == "PrestaShop Webservice"


def too_heavy(fault: ShopError) -> bool:
    """Whether asking for fewer rows at once may help: the shop broke off over its work, or said too much."""
    return fault.code == "too-large" or (
        isinstance(fault, Retryable)
        and fault.code in {"timeout", "truncated", "http-500", "http-502", "http-504", "http-524"} | PHP_CODES
    )


def _seconds(text: str) -> float | None:
    return float(text) if text.strip().isdigit() else None
