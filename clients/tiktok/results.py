"""What the calls that change something answer, and the shops an authorization covers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from clients.tiktok.answers import Answer, Json
from clients.tiktok.errors import ErrorEntry, explain


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop an authorization covers; `cipher` goes into `shop_cipher`, never `id` (section 1.5)."""

    id: str
    name: str
    region: str
    seller_type: str
    cipher: str = field(repr=False)
    code: str = ""

    @classmethod
    def read(cls, row: Json) -> Shop:
        """From a row of `data.shops`."""
        return cls(*(str(row.get(name) or "") for name in ("id", "name", "region", "seller_type", "cipher", "code")))


@dataclass(frozen=True, slots=True)
class ItemError:
    """One object a call did not change although the call as a whole was accepted (K3).

    Attributes:
        object_id: product, SKU, warehouse, package or order id; "" when the platform does not say which.
        code: the platform's code as text.
        message: the platform's text.
        parts: what exactly was wrong inside the object, such as one warehouse of a SKU.
    """

    object_id: str
    code: str
    message: str
    parts: tuple[ItemError, ...] = ()

    @property
    def entry(self) -> ErrorEntry:
        """Class, cause and fix of the code."""
        return explain(self.code, self.message)

    @classmethod
    def read(cls, row: Json) -> ItemError:
        """From a row of `data.errors`: the id is in `detail`, or beside the code in `extra_errors`."""
        detail = row.get("detail") or {}
        where = {**row, **detail}
        return cls(
            object_id=next(
                (
                    str(where[name])
                    for name in ("product_id", "sku_id", "warehouse_id", "package_id", "order_id")
                    if where.get(name)
                ),
                "",
            ),
            code=str(row.get("code", "")),
            message=str(row.get("message") or ""),
            parts=tuple(cls.read(part) for part in detail.get("extra_errors") or ()),
        )


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """Which objects of a batch were changed and which were not."""

    succeeded: tuple[str, ...]
    errors: tuple[ItemError, ...]
    request_id: str

    @classmethod
    def read(cls, asked: Iterable[str], answer: Answer) -> BatchAnswer:
        """Nothing counts as done when the platform reports an error without saying for which object."""
        errors = tuple(ItemError.read(row) for row in answer.data.get("errors") or ())
        failed = {error.object_id for error in errors}
        succeeded = () if "" in failed else tuple(item for item in asked if item not in failed)
        return cls(succeeded, errors, answer.request_id)


@dataclass(frozen=True, slots=True)
class SavedSku:
    """The ids of one SKU; map by `external_sku_id`, then `seller_sku`, never by position (section 3.12)."""

    id: str
    seller_sku: str
    external_sku_id: str


@dataclass(frozen=True, slots=True)
class ProductSaved:
    """An accepted create or edit: not yet live, the audit decides. Warnings name dropped or altered fields."""

    product_id: str
    skus: tuple[SavedSku, ...]
    warnings: tuple[str, ...]
    audit_status: str
    request_id: str

    @classmethod
    def read(cls, answer: Answer, product_id: str = "") -> ProductSaved:
        """From `data`; an edit may leave out the id it was called with."""
        data = answer.data
        return cls(
            product_id=str(data.get("product_id") or product_id),
            skus=tuple(
                SavedSku(
                    *(str(sku.get(name) or "") for name in ("id", "seller_sku", "external_sku_id")),
                )
                for sku in data.get("skus") or ()
            ),
            warnings=_messages(data.get("warnings")),
            audit_status=str((data.get("audit") or {}).get("status") or ""),
            request_id=answer.request_id,
        )


@dataclass(frozen=True, slots=True)
class ListingCheck:
    """The platform's own dry run of a create: the codes are those a create would fail with (section 3.10)."""

    passed: bool
    fail_reasons: tuple[ItemError, ...]
    warnings: tuple[str, ...]
    request_id: str

    @classmethod
    def read(cls, answer: Answer) -> ListingCheck:
        """From `data`; anything but an explicit PASS has not passed."""
        return cls(
            passed=answer.data.get("check_result") == "PASS",
            fail_reasons=tuple(ItemError.read(row) for row in answer.data.get("fail_reasons") or ()),
            warnings=_messages(answer.data.get("warnings")),
            request_id=answer.request_id,
        )


@dataclass(frozen=True, slots=True)
class UploadedImage:
    """Products refer to `uri`; `url` is only for `<img src>` in a description. Width and height in pixels."""

    uri: str
    url: str
    width: int
    height: int
    use_case: str


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A PDF or video; products refer to `id`."""

    id: str
    url: str
    name: str
    format: str


@dataclass(frozen=True, slots=True)
class Shipped:
    """A package on its way; `warning` is the platform's doubt about number and carrier, "" when it has none.

    With such a warning in the US the parcel may never be seen as collected (section 5.2).
    """

    package_id: str
    line_ids: tuple[str, ...] = ()
    warning: str = ""
    request_id: str = ""

    @classmethod
    def read(cls, answer: Answer, package_id: str = "") -> Shipped:
        """From `data`; the answer for a known package is empty."""
        data = answer.data
        return cls(
            package_id=str(data.get("package_id") or package_id),
            line_ids=tuple(str(line) for line in data.get("order_line_item_ids") or ()),
            warning=" ".join(_messages(data.get("warning"))),
            request_id=answer.request_id,
        )


@dataclass(frozen=True, slots=True)
class Cancelled:
    """An accepted cancellation; `status` as in section 4.11, the refund may still be running."""

    cancel_id: str
    status: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A change that was made and has nothing else to tell."""

    request_id: str
    warning: str = ""

    @classmethod
    def read(cls, answer: Answer) -> Accepted:
        """From an answer without data."""
        return cls(answer.request_id, " ".join(_messages(answer.data.get("warning"))))


def _messages(warnings: Any) -> tuple[str, ...]:
    """Warnings come as a list of objects, or as one object (listing check)."""
    rows = [warnings] if isinstance(warnings, dict) else warnings or []
    return tuple(str(row.get("message") or "") for row in rows if row.get("message"))
