"""`name=value` arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from console.errors import Refused


def assignments(words: Sequence[str]) -> dict[str, Any]:
    """{name: value} with values read as YAML: numbers, true and false, [1, 2], null, texts.

    Raises:
        Refused: a word without "=", or a name twice.
    """
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        name = name.strip()
        if not equals or not name:
            raise Refused(f"{word!r} is not of the form name=value.")
        if name in found:
            raise Refused(f"{name} is given twice.")
        try:
            found[name] = yaml.safe_load(value) if value.strip() else ""
        except yaml.YAMLError:
            found[name] = value
    return found
