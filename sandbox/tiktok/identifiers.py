"""Product identifier codes: lengths by type and check digits (sheet 3.12)."""

_LENGTHS = {"GTIN": (14,), "EAN": (8, 13, 14), "UPC": (12,), "ISBN": (13,), "JAN": (8, 13)}


def is_valid(kind: str, code: str) -> bool:
    if kind == "ISBN" and len(code) == 10:
        return _is_isbn10(code)
    if not (code.isascii() and code.isdigit()) or len(code) not in _LENGTHS.get(kind, ()):
        return False
    # From the right, digits weigh 1, 3, 1, 3, …; the sum with the check digit is a multiple of ten.
    weighed = (int(digit) * (3 if i % 2 else 1) for i, digit in enumerate(reversed(code)))
    return sum(weighed) % 10 == 0


def _is_isbn10(code: str) -> bool:
    if not code[:9].isdigit() or (code[9] != "X" and not code[9].isdigit()):
        return False
    values = [10 if character == "X" else int(character) for character in code]
    return sum(weight * value for weight, value in zip(range(10, 0, -1), values, strict=True)) % 11 == 0
