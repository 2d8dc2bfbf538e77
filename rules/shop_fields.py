"""What PrestaShop takes in the fields of customers and addresses, and texts made to fit (prestashop-webservice.md 2.9,
2.10). What is not allowed is replaced by what reads the same; nothing of a text is cut off unseen.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rules.texts import plain_characters

MASK: Final = "*"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One field: the most characters, the characters it refuses, and the form the whole must have.

    Attributes:
        refused: single characters; stars are refused everywhere, a masked text is no text (K18).
        form: of the whole text.
        tells: for people, what the field takes.
    """

    size: int
    refused: frozenset[str] = frozenset()
    form: re.Pattern[str] | None = None
    tells: str = ""

    def takes(self, text: str) -> bool:
        """Whether PrestaShop takes the text; an empty one is a matter of whether the field is required."""
        if len(text) > self.size or MASK in text or not self.refused.isdisjoint(text):
            return False
        return not text or self.form is None or self.form.fullmatch(text) is not None


_DIGITS: Final = "0123456789"
# A dot stands before a space or at the end, and so does the one of Chinese and Japanese.
_DOTS = re.compile(r"(?!\s*$)(?:[^.。]|[.。](?:\s|$))*")

CUSTOMER_NAME: Final = FieldRule(
    255,
    frozenset(_DIGITS + '!<>,;?=+()/\\@#"°*`{}_^$%:¤[]|'),
    _DOTS,
    "letters, spaces, hyphens and apostrophes; a dot only before a space or at the end",
)
NAME: Final = FieldRule(
    255,
    frozenset(_DIGITS + '!<>,;?=+()@#"°{}_$%:¤|'),
    re.compile(r"(?!\s*$).*", re.DOTALL),
    'no digits and none of ! < > , ; ? = + ( ) @ # " ° { } _ $ % : ¤ |',
)
STREET: Final = FieldRule(128, frozenset("!<>?=+@{}_$%"), tells="up to 128 characters, none of ! < > ? = + @ { } _ $ %")
CITY: Final = FieldRule(
    64, frozenset('!<>;?=+@#"°{}_$%'), tells='up to 64 characters, none of ! < > ; ? = + @ # " ° { } _ $ %'
)
COMPANY: Final = FieldRule(255, frozenset("<>={}"), tells="up to 255 characters, none of < > = { }")
POSTCODE: Final = FieldRule(
    12, form=re.compile(r"[a-zA-Z 0-9-]+"), tells="up to 12 characters: letters A–Z, digits, spaces and hyphens"
)
PHONE: Final = FieldRule(
    32, form=re.compile(r"[+0-9. ()/-]*"), tells="up to 32 characters: digits, spaces and + . ( ) / -"
)
DNI: Final = FieldRule(
    16, form=re.compile(r"[0-9A-Za-z.-]{1,16}"), tells="up to 16 characters: letters A–Z, digits, hyphens and dots"
)
# 300 before PrestaShop 8, and enough after it.
OTHER: Final = FieldRule(300, frozenset("<>{}"), tells="up to 300 characters, none of < > { }")
ALIAS: Final = FieldRule(32, frozenset("<>={}"), tells="up to 32 characters, none of < > = { }")

# What reads the same, best first; the first that the field takes.
_READS_AS: Final[Mapping[str, tuple[str, ...]]] = {
    "<": ("(", "-"),
    "{": ("(", "-"),
    "[": ("(", "-"),
    "(": ("-",),
    ">": (")", " "),
    "}": (")", " "),
    "]": (")", " "),
    "_": ("-",),
    "=": ("-",),
    "/": ("-",),
    "\\": ("/", "-"),
    "|": ("/", "-"),
    '"': ("'",),
    "`": ("'",),
    "°": ("º",),
    "+": (" & ",),
    "@": (" at ",),
    ";": (",", " "),
    "!": (".", " "),
    "?": (".", " "),
}
_COUNTED = re.compile(r"\W*\d+[A-Za-z]{0,2}\W*", re.ASCII)
_LOOSE: Final = " ,;-&"


def tidy(text: str) -> str:
    """Composed characters without emoji and invisible ones, single spaces; ① is 1."""
    compact = "".join(_unadorned(char) if char.isalnum() and not plain_characters(char) else char for char in text)
    return plain_characters(compact).strip()


def fit(text: str, rule: FieldRule) -> str:
    """The text in characters the field takes; it may still be too long."""
    return _joined("".join(_instead(char, rule) for char in tidy(text)))


def fit_name(text: str, rule: FieldRule) -> str:
    """A name in characters the field takes, "" if no letter is left. Numbers go: who needs them keeps the original."""
    words = [
        "".join(char for char in word if char not in _DIGITS)
        for word in tidy(text).split()
        if not _COUNTED.fullmatch(word)
    ]
    # A name is not a place: nobody is called "at"; and what stood in brackets stands between spaces.
    cleaned = "".join(" " if char in "@()[]{}<>" else _instead(char, rule) for char in " ".join(words))
    if rule is CUSTOMER_NAME:
        cleaned = re.sub(r"([.。])(?=\S)", r"\1 ", cleaned)
        cleaned = re.sub(r"[.。](?:\s+[.。])+", ".", cleaned)
    cleaned = _joined(cleaned).strip(_LOOSE + "/")
    # What is left of "(Ann)" or "Ann -" between two words.
    cleaned = re.sub(r"(?<=\s)[-/,]+\s+", " ", cleaned).strip()
    return cleaned if any(char.isalpha() for char in cleaned) else ""


def part_at_word(text: str, size: int) -> tuple[str, str]:
    """The beginning that fits, ending with a whole word where there is one, and all of the rest."""
    if len(text) <= size:
        return text, ""
    space = text.rfind(" ", size // 2, size + 1)
    at = size if space < 0 else space
    return text[:at].rstrip(_LOOSE), text[at:].lstrip(_LOOSE)


def holds(text: str, wanted: str) -> bool:
    """Whether every word of `wanted` stands in `text`, in whatever case and with whatever accents."""
    return set(fold(wanted).split()) <= set(fold(text).split())


def fold(text: str) -> str:
    """A name in a form to compare: without case, accents and punctuation."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not "\u0300" <= char <= "\u036f")
    return " ".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFC", plain)))


def fit_postcode(text: str) -> tuple[str, bool]:
    """The postcode in characters and length the field takes, and whether every letter and digit is in it."""
    plain = unicodedata.normalize("NFKC", text)
    kept = " ".join(re.sub(r"[^a-zA-Z0-9 -]", " ", plain).split())
    if len(kept) > POSTCODE.size:
        kept = re.sub(r"[ -]", "", kept)[: POSTCODE.size]
    return kept, _letters(kept) == _letters(plain)


def fit_phone(text: str) -> tuple[str, bool]:
    """The phone number as the field takes it, "" without digits, and whether every letter and digit is in it.

    "(+33)612…" becomes "+33 612…".
    """
    plain = "".join(_digit(char) for char in unicodedata.normalize("NFKC", text))
    plain = re.sub(r"^\(\s*(\+\d+)\s*\)\s*", r"\1 ", plain)
    kept = " ".join(re.sub(r"[^+0-9. ()/-]", " ", plain).split())
    if len(kept) > PHONE.size:
        kept = re.sub(r"[^+0-9]", "", kept)[: PHONE.size]
    if not any(char.isdecimal() for char in kept):
        kept = ""
    return kept, _letters(kept) == _letters(plain)


def stand_in_postcode(given: str, form: str, iso: str) -> str:
    """What can be read of a postcode, filled up with 0 and A to PrestaShop's form: N digit, L letter, C country."""
    if not form:
        return re.sub(r"[^a-zA-Z0-9 -]", "", given.replace(MASK, "0"))[: POSTCODE.size].strip(" -") or "00000"
    made = ""
    for sign in form:
        seen = given[len(made)] if len(made) < len(given) else ""
        match sign:
            case "N":
                made += seen if seen in tuple("0123456789") else "0"
            case "L":
                made += seen if seen.isascii() and seen.isalpha() else "A"
            case "C":
                made += iso
            case "-":
                made += "-"
            case _:
                made += " "
    return made[: POSTCODE.size]


def _instead(char: str, rule: FieldRule) -> str:
    if char == MASK:
        return " "
    if char not in rule.refused:
        return char
    for other in _READS_AS.get(char, ()):
        if rule.refused.isdisjoint(other):
            return other
    return " "


def _joined(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace(" ,", ",").strip()


def _letters(text: str) -> list[str]:
    return [char for char in text if char.isalnum()]


def _digit(char: str) -> str:
    """A digit of any script in ours."""
    return str(unicodedata.decimal(char)) if char.isdecimal() else char


def _unadorned(char: str) -> str:
    """A letter or number out of its circle."""
    bare = unicodedata.normalize("NFKC", char)
    return bare if bare != char else f"{unicodedata.numeric(char, 0):.0f}"
