"""Title and description of a listing, from PrestaShop's texts to what TikTok Shop takes (3.11, codes 12052931–935).

Nothing is invented: what is not allowed is taken out, and the reasons say so.
"""

from __future__ import annotations

import re
import unicodedata
from html import escape, unescape
from html.parser import HTMLParser
from itertools import groupby

import nh3

from models.columns import Texts
from rules.decision import Finding, Reason
from rules.findings import Checked, finding
from rules.market import Market

DESCRIPTION_MAX = 10_000

# Pictographs, dingbats, technical symbols, flags, variation selectors and the enclosing keycap. ©, ®, ™ and ° stay.
_EMOJI = re.compile(
    "[\u2300-\u23ff\u2460-\u24ff\u2600-\u27bf\u2b00-\u2bff\u3030\u303d\u3297\u3299\u20e3\ufe00-\ufe0f"
    "\U0001f000-\U0001fbff\U000e0000-\U000e01ef]"
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--.*?-->", re.DOTALL)
_RUN = re.compile(r"(\S)\1{9,}")
_LOOSE_END = " \t,;:-–—/|&+(·"


def text_in(texts: Texts, language_id: str, fallback_language_id: str) -> str:
    """A text in the language that is sent, or in the shop's own where it is not translated."""
    return texts.get(language_id, "").strip() or texts.get(fallback_language_id, "").strip()


def plain_characters(text: str) -> str:
    """Composed characters without emoji, control and invisible ones; any white space is one space."""
    # A line break separates words; every other character of the C categories is simply not there.
    text = "".join(
        " " if character.isspace() else character
        for character in _EMOJI.sub("", unicodedata.normalize("NFC", text))
        if character.isspace() or unicodedata.category(character)[0] != "C"
    )
    return re.sub(r"\s+", " ", text)


def plain(text: str) -> str:
    """A text without markup and entities, repeated until nothing hidden inside another thing comes out."""
    while True:
        cleaned = plain_characters(_TAG.sub(" ", unescape(text))).strip()
        if cleaned == text:
            return text
        text = cleaned


def cut_at_word(text: str, maximum: int) -> str:
    """The beginning of a text up to `maximum` characters, ending with a whole word where there is one."""
    if len(text) <= maximum:
        return text
    head = text[: maximum + 1]
    space = head.rfind(" ")
    shorter = head[:space] if space > maximum // 2 else text[:maximum]
    return shorter.rstrip(_LOOSE_END)


def title(name: str, market: Market) -> Checked[str]:
    """The listing's title: plain text within the market's length."""
    reasons: list[Reason] = []
    findings: list[Finding] = []
    text = plain(name)
    if text != name.strip():
        reasons.append(Reason("title_cleaned", "markup, emoji or invisible characters were taken out of the title"))
    collapsed = plain(_RUN.sub(r"\1\1\1", text))
    if collapsed != text:
        reasons.append(Reason("title_repeats", "a character repeated ten times or more was shortened in the title"))
    cut = cut_at_word(collapsed, market.title_max)
    if cut != collapsed:
        reasons.append(Reason("title_cut", f"the title was cut from {len(collapsed)} to {len(cut)} characters"))
    if not any(character.isalnum() for character in cut):
        findings.append(finding("title_missing"))
    elif len(cut) < market.title_min:
        findings.append(finding("title_too_short", title=cut, length=len(cut), minimum=market.title_min))
    return Checked(cut, tuple(reasons), tuple(findings))


_LISTS = {"ul": "ul", "ol": "ol", "table": "ul", "dl": "ul"}
_ITEMS = {"li", "tr", "dt", "dd"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6", "caption"}
_INLINE = {"strong": "strong", "b": "b", "em": "em", "i": "em"}
_PARAGRAPHS = {"p", "div", "section", "article", "header", "footer", "blockquote", "pre", "address", "figure", "hr"}
_CELLS = {"td", "th"}
_READ_TAGS = {*_LISTS, *_ITEMS, *_HEADINGS, *_INLINE, *_PARAGRAPHS, *_CELLS, "br", "tbody", "thead", "tfoot"}
_DROPPED_WITH_CONTENT = {
    "script", "style", "iframe", "object", "embed", "form", "video", "audio", "svg", "math", "noscript", "template",
    "textarea", "select", "button", "title",
}  # fmt: skip
_LOSSES = {
    "pictures": re.compile(r"<img\b", re.IGNORECASE),
    "links": re.compile(r"<a\b", re.IGNORECASE),
    "scripts and embedded pages": re.compile(r"<(script|style|iframe|object|embed|form|video|audio)\b", re.IGNORECASE),
    "tables (now lists)": re.compile(r"<table\b", re.IGNORECASE),
}


class _Flattener(HTMLParser):
    """Turns balanced HTML into a flat row of paragraphs and list items with only inline markup inside.

    `blocks` is [(list number, "p" | "ul" | "ol", inline HTML)]; nested lists join the outermost one.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[tuple[int, str, str]] = []
        self._run: list[str] = []
        self._open: list[str] = []
        self._lists: list[str] = []
        self._number = 0
        self._cells = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in _LISTS:
            self._flush()
            self._lists.append(_LISTS[tag])
            self._number += len(self._lists) == 1
        elif tag in _ITEMS:
            self._flush()
            self._cells = 0
        elif tag in _CELLS:
            if self._cells and self._has_text():
                self._run.append(": " if self._cells == 1 else ", ")
            self._cells += 1
        elif tag in _HEADINGS:
            self._flush()
            self._enter("strong")
        elif tag in _INLINE:
            self._enter(_INLINE[tag])
        elif tag == "br" or (tag in _PARAGRAPHS and self._lists):
            if self._has_text():
                self._run.append("<br>")
        elif tag in _PARAGRAPHS:
            self._flush()

    def handle_endtag(self, tag: str) -> None:
        if tag in _LISTS:
            self._flush()
            if self._lists:
                self._lists.pop()
        elif tag in _HEADINGS:
            self._leave("strong")
            self._flush()
        elif tag in _ITEMS or (tag in _PARAGRAPHS and not self._lists):
            self._flush()
        elif tag in _INLINE:
            self._leave(_INLINE[tag])

    def handle_data(self, data: str) -> None:
        self._run.append(escape(plain_characters(data), quote=False))

    def close(self) -> None:
        super().close()
        self._flush()

    def _enter(self, tag: str) -> None:
        self._open.append(tag)
        self._run.append(f"<{tag}>")

    def _leave(self, tag: str) -> None:
        if tag in self._open:
            while (last := self._open.pop()) != tag:
                self._run.append(f"</{last}>")
            self._run.append(f"</{tag}>")

    def _has_text(self) -> bool:
        return bool(plain("".join(self._run)))

    def _flush(self) -> None:
        """End the current block; inline tags that are still open go on in the next one."""
        inline = "".join((*self._run, *(f"</{tag}>" for tag in reversed(self._open))))
        self._run = [f"<{tag}>" for tag in self._open]
        inline = _tidy(inline)
        if plain(inline):
            self.blocks.append((self._number if self._lists else 0, self._lists[0] if self._lists else "p", inline))


def _tidy(inline: str) -> str:
    """Without empty tags, doubled spaces and line breaks at the ends."""
    before = None
    while before != inline:
        before = inline
        inline = re.sub(r"<(strong|b|em)>(\s*(?:<br>)?\s*)</\1>", r"\2", inline)
        inline = re.sub(r"^(?:\s|<br>)+|(?:\s|<br>)+$", "", inline)
        inline = re.sub(r"\s+", " ", inline)
        inline = re.sub(r"(?:<br>\s*){3,}", "<br><br>", inline)
    return inline


def _rendered(blocks: list[tuple[int, str, str]]) -> str:
    parts = []
    for (_, kind), group in groupby(blocks, key=lambda block: block[:2]):
        texts = [text for _, _, text in group]
        if kind == "p":
            parts += [f"<p>{text}</p>" for text in texts]
        else:
            parts.append(f"<{kind}>" + "".join(f"<li>{text}</li>" for text in texts) + f"</{kind}>")
    return "".join(parts)


def _fitting(blocks: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """The leading blocks whose HTML stays within the limit; of a single endless block, its beginning as text."""
    room, last, kept = DESCRIPTION_MAX, (0, "p"), 0
    for number, kind, text in blocks:
        room -= len(text) + (len("<p></p>") if kind == "p" else len("<li></li>"))
        room -= len("<ul></ul>") if kind != "p" and (number, kind) != last else 0
        if room < 0:
            break
        last, kept = (number, kind), kept + 1
    if kept or not blocks:
        return blocks[:kept]
    text = re.sub(r"&\w*$", "", cut_at_word(escape(plain(blocks[0][2]), quote=False), DESCRIPTION_MAX - 100)).rstrip()
    return [(0, "p", text)]


def safe_description(html: str, short: str = "") -> Checked[str]:
    """The description in the few tags TikTok Shop keeps: p, ul, ol, li, strong, b, em, br; at most 10,000 characters.

    Headings become bold paragraphs and tables lists. All pictures are left out: the product's own are in the gallery,
    and others are refused (12052235–238). Without a description the summary is taken.
    """
    for source, text in (("description", html), ("summary", short)):
        flattener = _Flattener()
        flattener.feed(nh3.clean(text, tags=_READ_TAGS, clean_content_tags=_DROPPED_WITH_CONTENT, attributes={}))
        flattener.close()
        if not any(character.isalnum() for _, _, inline in flattener.blocks for character in plain(inline)):
            continue
        reasons = []
        if source == "summary":
            reasons.append(Reason("description_from_summary", "the description is empty: the summary is used"))
        lost = [f"{what}: {len(found)}" for what, pattern in _LOSSES.items() if (found := pattern.findall(text))]
        if lost:
            reasons.append(Reason("description_cleaned", f"taken out of the {source}: {', '.join(lost)}"))
        kept = _fitting(flattener.blocks)
        if kept != flattener.blocks:
            reasons.append(Reason("description_cut", f"the {source} was cut to {DESCRIPTION_MAX} characters"))
        return Checked(_rendered(kept), tuple(reasons))
    return Checked("", (), (finding("description_missing"),))
