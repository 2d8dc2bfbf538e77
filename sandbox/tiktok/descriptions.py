"""Product descriptions: what HTML is taken, dropped with a warning, or refused (sheet 3.11)."""

from collections.abc import Iterator
from html.parser import HTMLParser

from sandbox.tiktok.errors import Problem

ALLOWED = frozenset({"p", "ul", "ol", "li", "strong", "b", "em", "br", "img"})
_VOID = frozenset({"br", "img"})
REFUSED = frozenset({"script", "iframe", "style", "object", "embed", "form"})
MAX_LENGTH, MAX_IMAGES = 10_000, 30


class _Reader(HTMLParser):
    """Collects tags and image sources and writes the text again with allowed tags only."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.tags: set[str] = set()
        self.images: list[str] = []
        self.output: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "img":
            self.images.append(dict(attrs).get("src") or "")
        if tag in ALLOWED:
            self.output.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ALLOWED - _VOID:  # the parser also ends what was written as <br/>
            self.output.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.output.append(data)

    def handle_entityref(self, name: str) -> None:
        self.output.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.output.append(f"&#{name};")


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


def problems(html: str, media_host: str) -> Iterator[Problem]:
    if len(html) > MAX_LENGTH:
        yield Problem(12052013, "The description is too long")
    reader = _read(html)
    if reader.tags & REFUSED:
        yield Problem(12052340, "The description contains HTML that is not allowed")
    if "a" in reader.tags:
        yield Problem(12052236, "The description must not contain links")
    if any(not source.startswith(f"{media_host}/") for source in reader.images):
        yield Problem(12052235, "Images of the description must be uploaded first")
    if len(reader.images) > MAX_IMAGES:
        yield Problem(12052237, "The description has too many images")
    if any("\u4e00" <= character <= "\u9fff" for character in html):
        yield Problem(12052346, "The description must not contain Chinese characters")


def clean(html: str) -> tuple[str, bool]:
    """The description with allowed tags only, and whether anything was dropped."""
    reader = _read(html)
    if reader.tags <= ALLOWED:
        return html, False
    return "".join(reader.output), True
