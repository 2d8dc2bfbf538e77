"""Titles are plain text of the market's length; descriptions are HTML of the few tags that TikTok Shop keeps."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.market import Market, market
from rules.texts import DESCRIPTION_MAX, cut_at_word, plain, safe_description, text_in, title
from tests.rules.listing_examples import codes

MARKETS = st.sampled_from(["FR", "US", "BR", "SG"]).map(market)
PIECES = [
    "<p>", "</p>", "<h1>", "</h2>", "<div>", "</div>", "<ul>", "<ol>", "<li>", "</li>", "</ul>", "<table>",
    "<tr>", "<td>", "<th>", "</table>", "<strong>", "</b>", "<i>", "<b>", "</em>", "<br>", "<caption>", "<dl>",
    "<dt>", "<span>", "<a href='x'>", "</a>", "<p onclick='x'>", "<script>alert(1)</script>", "<style>p{}</style>",
    "<iframe src=x>", "<img src=x>", "<svg onload=x>", "<!-- x -->", "<plaintext>", "<textarea>",
    "&eacute;", "&lt;script&gt;", "&amp;lt;", "&#x1F600;", "😀",
]  # fmt: skip
HTML = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=30)), max_size=40).map("".join)


class Tags(HTMLParser):
    """Collects a document's tags, attributes and text, and whether every tag is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.balanced = True
        self.text = ""
        self.feed(html)
        self.close()
        self.balanced &= not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.balanced &= bool(self.open) and self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Mug  en\tgrès\n325 ml", "Mug en grès 325 ml"),
        ("Tom &amp; Jerry &eacute;t&eacute;", "Tom & Jerry été"),
        ("Fish &amp;amp; chips", "Fish & chips"),
        ("<b>Mug</b> bleu", "Mug bleu"),
        ("Mug 😀 bleu ❤️", "Mug bleu"),
        ("Mug\u200b\u00ad bleu\x07", "Mug bleu"),
        ("Atelier® 20 °C", "Atelier® 20 °C"),
        ("Promo !!!!!!!!!!!! Mug", "Promo !!! Mug"),
        ("a < b > c", "a < b > c"),
    ],
)
def test_a_title_is_plain_text(name: str, expected: str) -> None:
    assert title(name, market("FR")).value == expected


def test_a_title_that_is_fine_is_left_alone_without_reasons() -> None:
    decision = title("Mug en grès artisanal", market("FR"))
    assert (decision.value, decision.reasons, decision.findings) == ("Mug en grès artisanal", (), ())


def test_a_long_title_is_cut_at_a_word_and_says_so() -> None:
    decision = title("porcelaine " * 30, market("FR"))
    assert len(decision.value) <= 255
    assert decision.value.endswith("porcelaine")
    assert codes(decision.reasons) == ["title_cut"]
    assert "329 to" in decision.reasons[0].text


def test_the_same_title_fits_where_the_market_takes_more() -> None:
    assert title("porcelaine " * 26, market("BR")).reasons == ()


def test_a_short_title_is_a_finding_only_where_the_market_asks_for_more() -> None:
    assert codes(title("Mug bleu", market("SG")).findings) == ["title_too_short"]
    assert "8 characters" in title("Mug bleu", market("SG")).findings[0].text
    assert title("Mug bleu", market("FR")).findings == ()


@pytest.mark.parametrize("name", ["", "   ", "😀😀", "---", "!!!!!!!!!!!!"])
def test_a_title_without_a_letter_is_missing(name: str) -> None:
    assert codes(title(name, market("FR")).findings) == ["title_missing"]


@given(st.text(max_size=400), MARKETS)
@example("&a<b>mp;" * 3, market("FR"))
@example("&" * 12 + "amp;", market("FR"))
def test_a_title_is_valid_for_its_market_or_a_finding(name: str, place: Market) -> None:
    decision = title(name, place)
    if not decision.findings:
        assert place.title_min <= len(decision.value) <= place.title_max
    assert plain(decision.value) == decision.value
    assert not re.search(r"(\S)\1{9}", decision.value)


@given(st.text(max_size=60), st.integers(1, 40))
def test_a_cut_text_is_a_beginning_of_it(text: str, maximum: int) -> None:
    cut = cut_at_word(text, maximum)
    assert len(cut) <= maximum
    assert text.startswith(cut)


def test_an_untranslated_text_is_taken_in_the_shops_own_language() -> None:
    assert text_in({"1": " ", "2": "Mug"}, "1", "2") == "Mug"
    assert text_in({"1": "Tasse", "2": "Mug"}, "1", "2") == "Tasse"
    assert text_in({}, "1", "2") == ""


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("Mug", "<p>Mug</p>"),
        ("<h2>Taille</h2><p>12 cm</p>", "<p><strong>Taille</strong></p><p>12 cm</p>"),
        ("<div>Un <i>beau</i> <b>mug</b></div>", "<p>Un <em>beau</em> <b>mug</b></p>"),
        ('<p style="x" onclick="y">Mug</p>', "<p>Mug</p>"),
        ('<p>Voir <a href="https://x">ici</a></p>', "<p>Voir ici</p>"),
        ("<p>a</p><script>alert(1)</script><style>p{}</style>", "<p>a</p>"),
        ("<ul><li>un<ul><li>deux</li></ul></li><li></li></ul>", "<ul><li>un</li><li>deux</li></ul>"),
        ("<ol><li><p>un</p><p>deux</p></li></ol>", "<ol><li>un<br>deux</li></ol>"),
        ("<ul><li>a</li></ul><ul><li>b</li></ul>", "<ul><li>a</li></ul><ul><li>b</li></ul>"),
        ("<strong><p>a</p><p>b</p></strong>", "<p><strong>a</strong></p><p><strong>b</strong></p>"),
        ("<p><b> </b>a<br><br></p><p>&nbsp;</p>", "<p>a</p>"),
        ("<p>5 &lt; 6 &amp; 7 😀</p>", "<p>5 &lt; 6 &amp; 7</p>"),
        (
            "<table><tr><th>Matière</th><td>Grès</td></tr><tr><td>a</td><td>b</td><td>c</td></tr></table>",
            "<ul><li>Matière: Grès</li><li>a: b, c</li></ul>",
        ),
    ],
)
def test_a_description_keeps_its_sense_in_the_allowed_tags(html: str, expected: str) -> None:
    assert safe_description(html).value == expected


def test_what_was_taken_out_of_a_description_is_said() -> None:
    decision = safe_description('<p>a</p><img src="1"><img src="2"><a href="x">b</a>')
    assert decision.reasons[0].text == "taken out of the description: pictures: 2, links: 1"


def test_the_summary_stands_in_for_an_empty_description() -> None:
    decision = safe_description('<p>&nbsp;</p><img src="x">', "<p>Résumé</p>")
    assert decision.value == "<p>Résumé</p>"
    assert codes(decision.reasons) == ["description_from_summary"]


def test_no_text_at_all_is_a_finding() -> None:
    assert codes(safe_description("<p> </p>", "😀").findings) == ["description_missing"]


def test_a_long_description_is_cut_between_elements() -> None:
    decision = safe_description("<p>" + "mot " * 500 + "</p>" + "<ul>" + "<li>ligne</li>" * 1000 + "</ul>")
    assert DESCRIPTION_MAX - 20 < len(decision.value) <= DESCRIPTION_MAX
    assert decision.value.endswith("<li>ligne</li></ul>")
    assert codes(decision.reasons) == ["description_cut"]


def test_a_single_endless_paragraph_is_cut_at_a_word() -> None:
    decision = safe_description("<p><b>" + "mot &amp; " * 3000 + "</b></p>")
    assert 9000 < len(decision.value) <= DESCRIPTION_MAX
    assert Tags(decision.value).text.endswith("mot")


@given(HTML, HTML)
@example("<p>" + "a&lt;" * 4000, "")
@example("<li>a<p>b</strong><table><td>c<h1>d", "")
def test_a_description_never_holds_anything_forbidden(html: str, short: str) -> None:
    decision = safe_description(html, short)
    seen = Tags(decision.value)
    assert seen.tags <= {"p", "ul", "ol", "li", "strong", "b", "em", "br"}
    assert seen.attributes == []
    assert seen.balanced
    assert len(decision.value) <= DESCRIPTION_MAX
    assert bool(decision.findings) != any(character.isalnum() for character in seen.text)


@given(HTML)
def test_cleaning_a_clean_description_changes_nothing(html: str) -> None:
    once = safe_description(html).value
    assert safe_description(once).value == once
