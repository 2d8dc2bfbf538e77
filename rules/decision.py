"""What every rule answers: a value and the reasons for it (K2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of a decision: a stable code and one short sentence for the merchant."""

    code: str
    text: str

    def as_record(self) -> dict[str, str]:
        """As stored in reason columns."""
        return {"code": self.code, "text": self.text}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that keeps a product from being listed (G13): what it is and what to do about it."""

    code: str
    text: str
    fix: str

    def as_record(self) -> dict[str, str]:
        """As stored in finding columns."""
        return {"code": self.code, "text": self.text, "fix": self.fix}


@dataclass(frozen=True, slots=True)
class Decision(Generic[Value]):
    """A value with the steps that led to it, in order."""

    value: Value
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """Names of PrestaShop's small tables in the language that is sent, by id."""

    categories: Mapping[int, str] = field(default_factory=dict)
    manufacturers: Mapping[int, str] = field(default_factory=dict)
    # id of an attribute value → (id of its group, text)
    option_values: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    options: Mapping[int, str] = field(default_factory=dict)
    features: Mapping[int, str] = field(default_factory=dict)
    feature_values: Mapping[int, str] = field(default_factory=dict)
