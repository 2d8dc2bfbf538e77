"""Shapes of parameters: the gateway refuses unknown and ill-typed ones before any business rule (sheet 1.9, 2.2)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.tiktok.errors import invalid_parameter

# A type, a tuple of allowed words, a list with the shape of its elements, or an object's fields. A field name that
# ends with "!" must be there. `object` lets anything pass.
Shape = type | tuple[str, ...] | Sequence["Shape"] | Mapping[str, "Shape"]


def check(value: Any, shape: Any, name: str = "body") -> None:
    """Raise 36009004 naming the first field that does not fit."""
    if isinstance(shape, tuple):
        if value not in shape:
            raise invalid_parameter(name)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            raise invalid_parameter(name)
        for i, element in enumerate(value):
            check(element, shape[0], f"{name}[{i}]")
    elif isinstance(shape, Mapping):
        _check_object(value, shape, name)
    elif shape is not object and (
        not isinstance(value, shape) or (isinstance(value, bool) and shape is not bool)  # a bool is an int
    ):
        raise invalid_parameter(name)


def _check_object(value: Any, shape: Mapping[str, Any], name: str) -> None:
    if not isinstance(value, dict):
        raise invalid_parameter(name)
    fields = {key.rstrip("!"): (key.endswith("!"), inner) for key, inner in shape.items()}
    for key, element in value.items():
        if key not in fields:
            raise invalid_parameter(key if name == "body" else f"{name}.{key}")
        if element is not None:  # null is taken as not sent
            check(element, fields[key][1], key if name == "body" else f"{name}.{key}")
    for key, (required, _) in fields.items():
        if required and value.get(key) is None:
            raise invalid_parameter(key)


def read_query(pairs: Sequence[tuple[str, str]], shape: Mapping[str, Any]) -> dict[str, Any]:
    """Typed query parameters by name; lists are accepted repeated and comma-joined."""
    fields = {key.rstrip("!"): (key.endswith("!"), inner) for key, inner in shape.items()}
    read: dict[str, Any] = {}
    for key, text in pairs:
        if key not in fields:
            raise invalid_parameter(key)
        kind = fields[key][1]
        if isinstance(kind, list):
            read.setdefault(key, []).extend(part for part in text.split(",") if part)
        else:
            read[key] = _typed(key, text, kind)
    for key, (required, _) in fields.items():
        if required and key not in read:
            raise invalid_parameter(key)
    return read


def _typed(key: str, text: str, kind: Any) -> Any:
    if kind is int or isinstance(kind, range):
        if not text.lstrip("-").isdigit() or (isinstance(kind, range) and int(text) not in kind):
            raise invalid_parameter(key)
        return int(text)
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise invalid_parameter(key)
        return text.lower() == "true"
    if isinstance(kind, tuple | frozenset) and text not in kind:
        raise invalid_parameter(key)
    return text
