"""Texts of generated products, told from the id and never stored: names, links, short and long descriptions.

Descriptions come in the manners a real shop has: one line, plain paragraphs, a table, inline styles, a pasted script,
images of another site, emoji, HTML entities, and one far too long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.prestashop.computed import link_rewrite
from sandbox.prestashop.generator.vocabulary import ADJECTIVES, DETAILS, FAMILIES, MOTIFS, Family, Words, words

STYLES = ("plain", "line", "table", "styled", "script", "images", "emoji", "entities", "long", "empty")

_OPENING = words(
    "The {name} is made to be used: solid, simple and pleasant to hold."
    "|{name} est fait pour servir : solide, simple et agréable en main."
    "|{name} ist zum Benutzen da: stabil, schlicht und angenehm in der Hand."
    "|{name} está hecho para usarse: sólido, sencillo y agradable."
)
_MORE = (
    words(
        "Designed in our studio and produced in small batches."
        "|Dessiné dans notre studio et produit en petites séries."
        "|In unserem Studio entworfen und in kleinen Serien gefertigt."
        "|Diseñado en nuestro estudio y producido en series cortas."
    ),
    words(
        "Every piece is checked by hand before it leaves the workshop."
        "|Chaque pièce est contrôlée à la main avant de quitter l'atelier."
        "|Jedes Stück wird von Hand geprüft, bevor es die Werkstatt verlässt."
        "|Cada pieza se revisa a mano antes de salir del taller."
    ),
    words(
        "A present that is remembered."
        "|Un cadeau dont on se souvient."
        "|Ein Geschenk, das in Erinnerung bleibt."
        "|Un regalo que se recuerda."
    ),
)
_NO_TEXT = {"meta_title", "meta_description", "meta_keywords", "delivery_in_stock", "delivery_out_stock"}


def mix(seed: int, number: int) -> int:
    """A well-spread whole number from a seed and an id (splitmix)."""
    value = (number * 0x9E3779B97F4A7C15 + seed * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    value ^= value >> 31
    return (value * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF) >> 11


def product_name(family: Family, dice: int, language: str) -> str:
    """From a bare noun to a title of well over a hundred letters."""
    noun, motif = family.noun[language], MOTIFS[dice // 16 % len(MOTIFS)]
    form = dice % 16
    number = dice // 512 % 900 + 100
    if form == 0:
        return f"{noun} {motif}"
    adjective = ADJECTIVES[dice // 7 % len(ADJECTIVES)][language]
    if form == 1:
        details = ", ".join(detail[language] for detail in DETAILS)
        return f"{adjective} {noun} {motif} {number} {details}"[:128].strip()
    if form < 6:
        return f"{noun} “{motif}” – {adjective} {DETAILS[dice // 3 % len(DETAILS)][language]}, {number}"
    if form < 11:
        return f"{adjective} {noun} {motif} {number}"
    return f"{noun} {motif} {number}, {adjective}"


def description(name: str, style: str, dice: int, language: str) -> str:
    """The long HTML description in one of `STYLES`."""
    opening = _OPENING[language].format(name=name)
    more = [sentence[language] for sentence in _MORE]
    if style == "empty":
        return ""
    if style == "line":
        return f"<p>{opening}</p>"
    paragraphs = f"<p>{opening}</p>\n<p>{more[dice % 3]} {more[(dice + 1) % 3]}</p>"
    if style == "table":
        rows = "".join(
            f"<tr><td>{key}</td><td>{dice // (key_place + 3) % 40 + 5} cm</td></tr>"
            for key_place, key in enumerate("LBH")
        )
        return f'{paragraphs}\n<table class="table" border="1"><tbody>{rows}</tbody></table>'
    if style == "styled":
        return (
            f'<div style="font-family: Comic Sans MS; color:#c00"><h2>{name}</h2>{paragraphs}'
            '<p style="margin-left:40px"><strong><em>!!!</em></strong></p></div>'
        )
    if style == "script":
        return f'{paragraphs}<script type="text/javascript">document.write("{dice}")</script><iframe src="https://video.example/{dice}"></iframe>'
    if style == "images":
        banner = f'<img src="https://cdn.example/banner-{dice % 50}.jpg" alt="banner" width="900" />'
        return f"{paragraphs}<p>{banner}</p><ul><li>{more[0]}</li><li>{more[2]}</li></ul>"
    if style == "emoji":
        return f"<p>🎁✨ {opening} 😍</p><p>{more[1]} 👉 ❤️</p>"
    if style == "entities":
        return f"<p>{opening.replace('é', '&eacute;')} &nbsp;&amp;&nbsp; 100&nbsp;% &ndash; &euro;&lt;3</p>"
    if style == "long":
        return paragraphs + "".join(f"<p>{part}. {' '.join(more)}</p>" for part in range(1, 90))
    return paragraphs


def short_description(dice: int, language: str) -> str:
    if dice % 9 == 0:
        return ""
    sentence = _MORE[dice % 3][language]
    return f"<p>{sentence}</p>" if dice % 4 else f"<p>{sentence}</p>\r\n<p></p>"


def product_texts(seed: int, isos: dict[int, str]) -> Callable[[int, dict[str, Any], str], dict[int, str] | None]:
    """A text source for the products table; `isos` are the shop's languages."""

    def source(row_id: int, row: dict[str, Any], field: str) -> dict[int, str] | None:
        if field in _NO_TEXT or "_family" not in row:
            return None
        dice = mix(seed, row_id)
        family = FAMILIES[row["_family"]]
        texts = {}
        for language, iso in isos.items():
            name = product_name(family, dice, iso)
            if field == "name":
                texts[language] = name
            elif field == "link_rewrite":
                texts[language] = link_rewrite(name)
            elif field == "description":
                texts[language] = description(name, STYLES[row.get("_style", 0)], dice, iso)
            elif field == "description_short":
                texts[language] = short_description(dice, iso)
            else:
                return None
        return texts

    return source


def of(shop_languages: dict[int, str], text: Words) -> dict[int, str]:
    """A word in each of the shop's languages."""
    return {language: text[iso] for language, iso in shop_languages.items()}
