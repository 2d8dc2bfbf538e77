"""The webservice's own errors: code, HTTP status and text as recorded, and PHP's "did you mean" message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class WebserviceError(Exception):
    """Ends a request with an error body; `errors` are (code, message) pairs."""

    def __init__(self, status: int, code: int, message: str, more: Sequence[tuple[int, str]] = ()) -> None:
        super().__init__(f"{status}/{code} {message}")
        self.status = status
        self.errors: list[tuple[int, str]] = [(code, message), *more]


class FatalError(Exception):
    """PHP dies: 500 and a page of nothing, or of one line of text (recordings 099, 106, 108)."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.text = text


class NotFound(Exception):
    """404 without a body: a single object that does not exist."""


def did_you_mean(message: str, wrong: str, available: Iterable[str]) -> str:
    """`message. Did you mean: "x"? The full list is: …`, the guess being the nearest by PHP's similar distance."""
    names = list(available)
    nearest = min(names, key=lambda name: _distance(wrong, name))
    full = '", "'.join(names)
    return f'{message}. Did you mean: "{nearest}"? The full list is: "{full}"'


def _distance(left: str, right: str) -> int:
    """Levenshtein distance."""
    previous = list(range(len(right) + 1))
    for row, a in enumerate(left, 1):
        current = [row]
        for column, b in enumerate(right, 1):
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (a != b)))
        previous = current
    return previous[-1]


def php_warning(message: str, line: int, file: str = "WebserviceRequest.php") -> tuple[int, str]:
    """A PHP warning as the webservice puts it into its error list (display_errors off)."""
    return 3, f"[PHP Warning #2] {message} (/var/www/html/classes/webservice/{file}, line {line})"
