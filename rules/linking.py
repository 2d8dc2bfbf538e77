"""Which PrestaShop variant a SKU on TikTok Shop is: by SKU, then by GTIN, then by title (H3).

A wrong link puts the price and stock of one product on the listing of another, so nothing is guessed: a match that is
not the only one on both sides is handed back with its candidates for a person to decide. What the comparison of titles
asks for is in docs/decisions/0009-title-matching.md.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from rapidfuzz import fuzz, process
from stdnum import ean, isbn

from rules.decision import Reason

Method = Literal["sku", "gtin", "title"]
METHODS: Final[tuple[Method, ...]] = ("sku", "gtin", "title")
"""All of them, the surest first."""

VariantKey = tuple[int, int]
"""(id_product, id_product_attribute)"""

# Scores are percent. A title counts from the first on, and only with the second between it and the next best.
TITLE_THRESHOLD: Final = 92.0
TITLE_MARGIN: Final = 5.0
# From here on two spellings are one word; shorter words have to be equal.
_WORD_THRESHOLD: Final = 85.0
_LONG_WORD: Final = 4
# Letters of scripts before this one may be misspelt; from Arabic on a single other character is another word.
_LAST_ALPHABET: Final = "\u05ff"


@dataclass(frozen=True, slots=True)
class ListedSku:
    """A SKU on TikTok Shop that is not linked, with what its listing says.

    Attributes:
        product_id, sku_id: TikTok's ids of the listing and of the SKU.
        title: the listing's.
        barcode: GTIN, EAN, UPC or ISBN as TikTok Shop has it.
        values: texts of its sales attributes ("Red", "M"); empty when there are none or they were not read.
        created_for: the variant that a cross-reference of ours names.
        rest_is_open: no other SKU of its listing is linked. Else the title says nothing about this one.
    """

    product_id: str
    sku_id: str
    title: str = ""
    seller_sku: str = ""
    barcode: str = ""
    values: tuple[str, ...] = ()
    created_for: VariantKey | None = None
    rest_is_open: bool = True


@dataclass(frozen=True, slots=True)
class ShopVariant:
    """A PrestaShop variant that a SKU may be.

    Attributes:
        sku: what its seller SKU would be (B10), "" for none; `reference` is compared too.
        gtins: EAN-13, UPC and ISBN as PrestaShop has them.
        title: the product's name in the language that is sent.
        values: texts of its attribute values in that language.
        linked: a SKU on TikTok Shop is linked to it already.
    """

    id_product: int
    id_product_attribute: int
    sku: str = ""
    reference: str = ""
    gtins: tuple[str, ...] = ()
    title: str = ""
    values: tuple[str, ...] = ()
    linked: bool = False

    @property
    def key(self) -> VariantKey:
        """Its ids."""
        return self.id_product, self.id_product_attribute


@dataclass(frozen=True, slots=True)
class Proposal:
    """One link, with the score of the match in percent."""

    sku: ListedSku
    variant: VariantKey
    method: Method
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """A SKU that matches, but not in one way only; `candidates` are the variants it may be."""

    sku: ListedSku
    method: Method
    candidates: tuple[VariantKey, ...]
    reason: Reason


@dataclass(frozen=True, slots=True)
class Proposals:
    """What can be linked, and what a person has to decide; both in the order of TikTok's ids."""

    links: tuple[Proposal, ...]
    ambiguous: tuple[Ambiguity, ...]

    @property
    def need_values(self) -> frozenset[str]:
        """Listings (TikTok ids) whose title fits a product, but the values of whose SKUs were not given."""
        return frozenset(one.sku.product_id for one in self.ambiguous if one.reason.code == "values_unknown")


def propose(
    skus: Iterable[ListedSku], variants: Iterable[ShopVariant], methods: Sequence[Method] = METHODS
) -> Proposals:
    """Propose links for SKUs that are not linked; the order of neither input matters.

    A SKU that one method finds ambiguous is not tried by the next: the weaker one would only guess.

    Args:
        skus: those not linked.
        variants: all there are, linked ones too: what is linked makes another match doubtful.
        methods: which to use; always the surest first.
    """
    matching = _Matching.of(skus, variants)
    if "sku" in methods:
        matching.by_cross_reference()
        matching.by_key("sku", 100.0, "the SKU", lambda sku: sku.seller_sku, lambda one: (one.sku,))
        matching.by_key("sku", 95.0, "the reference", lambda sku: sku.seller_sku, lambda one: (one.reference,))
        near = "but for upper case and spaces, the "
        matching.by_key("sku", 90.0, f"{near}SKU", lambda sku: _folded(sku.seller_sku), lambda one: (_folded(one.sku),))
        matching.by_key(
            "sku", 85.0, f"{near}reference", lambda sku: _folded(sku.seller_sku), lambda one: (_folded(one.reference),)
        )
    if "gtin" in methods:
        matching.by_key("gtin", 100.0, "the GTIN", lambda sku: gtin14(sku.barcode), _gtins)
    if "title" in methods:
        matching.by_title()
    return Proposals(
        tuple(matching.links[key] for key in sorted(matching.links)),
        tuple(matching.ambiguous[key] for key in sorted(matching.ambiguous)),
    )


def created_for(external_product_id: str, external_sku_id: str, shop_id: int) -> VariantKey | None:
    """The variant that a listing of ours was made for, from its cross-references; None for anybody else's.

    Args:
        external_product_id: "ps-1:42" when ours.
        external_sku_id: "ps-1:42:7" when ours.
        shop_id: the PrestaShop shop of this connection (B9).
    """
    whole = re.fullmatch(rf"ps-{shop_id}:(\d{{1,10}}):(\d{{1,10}})", external_sku_id)
    if whole:
        return int(whole[1]), int(whole[2])
    product = re.fullmatch(rf"ps-{shop_id}:(\d{{1,10}})", external_product_id)
    return (int(product[1]), 0) if product and not external_sku_id else None


def gtin14(code: str) -> str:
    """A code as 14 digits, so that an EAN, its UPC and either without its leading zeros are the same; "" if invalid."""
    text = re.sub(r"[\s-]", "", code).upper()
    if len(text) == 10 and isbn.is_valid(text):
        text = str(isbn.to_isbn13(text)).replace("-", "")
    if not (text.isascii() and text.isdigit() and text.strip("0") and 7 <= len(text) <= 14):
        return ""
    padded = text.zfill(14)
    return padded if ean.is_valid(padded) else ""


def title_words(title: str) -> tuple[str, ...]:
    """The words of a title, sorted: no case, accents or punctuation; numbers apart from letters ("250ml")."""
    # Compatibility forms first; of the marks only Latin, Greek and Cyrillic accents go, others make other letters.
    letters = unicodedata.normalize("NFKD", title).casefold()
    text = unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", letters))
    # "2.5" is not "25", but "T-shirt" is "Tshirt".
    text = re.sub(r"(?<=\d)[.,](?=\d)", " point ", text)
    text = re.sub(r"(?<=[^\W\d_])[-'’‐‑](?=[^\W\d_])", "", text)
    text = "".join(character if unicodedata.category(character)[0] in "LMN" else " " for character in text)
    return tuple(sorted(re.sub(r"(?<=\d)(?=[^\d\s])|(?<=[^\d\s])(?=\d)", " ", text).split()))


def _folded(sku: str) -> str:
    return sku.strip().casefold()


def _gtins(variant: ShopVariant) -> tuple[str, ...]:
    return tuple(gtin14(code) for code in variant.gtins)


@dataclass(frozen=True, slots=True)
class _Named:
    """The products of one title: its sorted words, as one text too."""

    words: tuple[str, ...]
    ids: list[int]

    @property
    def text(self) -> str:
        return " ".join(self.words)


@dataclass(slots=True)
class _Matching:
    """The state of one matching: what is open, what was proposed and what was found ambiguous so far."""

    open: dict[str, ListedSku]
    variants: list[ShopVariant]
    links: dict[tuple[str, str], Proposal] = field(default_factory=dict)
    ambiguous: dict[tuple[str, str], Ambiguity] = field(default_factory=dict)
    # Variants that were proposed or are candidates already; a weaker match must not take them.
    spoken_for: set[VariantKey] = field(default_factory=set)

    @classmethod
    def of(cls, skus: Iterable[ListedSku], variants: Iterable[ShopVariant]) -> _Matching:
        return cls(
            {sku.sku_id: sku for sku in sorted(skus, key=lambda one: (one.product_id, one.sku_id))},
            sorted(variants, key=lambda one: one.key),
        )

    def by_cross_reference(self) -> None:
        """A listing that the connector made, whose record is lost: it says itself what it was made for."""
        by_sku = self._index(lambda one: (one.sku,))
        hits: dict[str, list[ShopVariant]] = {}
        by_key = {one.key: one for one in self.variants}
        for sku in self.open.values():
            made_for = by_key.get(sku.created_for) if sku.created_for else None
            if made_for is None:
                continue
            # Another installation counts its products from 1 too: a SKU that says otherwise makes it doubtful.
            same_sku = by_sku.get(sku.seller_sku, [])
            hits[sku.sku_id] = [made_for] if not same_sku or made_for in same_sku else [made_for, *same_sku]
        self._settle("sku", 100.0, hits, lambda sku: f"the cross-reference of SKU {sku.sku_id}")

    def by_key(
        self,
        method: Method,
        score: float,
        what: str,
        key_of_sku: Callable[[ListedSku], str],
        keys_of_variant: Callable[[ShopVariant], Iterable[str]],
    ) -> None:
        """Equal keys; "" is no key."""
        index = self._index(keys_of_variant)
        hits = {
            sku.sku_id: found
            for sku in self.open.values()
            if (key := key_of_sku(sku)) and (found := index.get(key)) is not None
        }
        self._settle(method, score, hits, lambda sku: f"{what} “{sku.barcode if method == 'gtin' else sku.seller_sku}”")

    def _index(self, keys_of_variant: Callable[[ShopVariant], Iterable[str]]) -> dict[str, list[ShopVariant]]:
        index: dict[str, list[ShopVariant]] = defaultdict(list)
        for variant in self.variants:
            for key in dict.fromkeys(keys_of_variant(variant)):
                if key:
                    index[key].append(variant)
        return index

    def _settle(
        self,
        method: Method,
        score: float,
        hits: Mapping[str, Sequence[ShopVariant]],
        what: Callable[[ListedSku], str],
    ) -> None:
        """Propose what matches in one way only; the rest is ambiguous."""
        claims = Counter(variant.key for found in hits.values() for variant in found)
        decided: list[tuple[ListedSku, Sequence[ShopVariant], Reason | None]] = []
        for sku_id, found in hits.items():
            sku = self.open[sku_id]
            decided.append((sku, found, self._doubt(found, claims, what(sku))))
        for sku, found, doubt in decided:
            if doubt is not None:
                self._leave(sku, method, found, doubt)
                continue
            reasons = (Reason(f"same_{method}", f"{what(sku)} is the same in PrestaShop"), *_notes(sku, found[0]))
            certainty = score if len(reasons) == 1 else score - 5.0
            self._link(sku, found[0], method, certainty, reasons)

    def _doubt(self, found: Sequence[ShopVariant], claims: Mapping[VariantKey, int], what: str) -> Reason | None:
        if len(found) > 1:
            return Reason("several_variants", f"several PrestaShop variants match {what}")
        if claims[found[0].key] > 1:
            return Reason("several_skus", f"several SKUs on TikTok Shop match the variant that {what} names")
        return self._taken(found, what)

    def _taken(self, found: Iterable[ShopVariant], what: str) -> Reason | None:
        for variant in found:
            if variant.linked:
                return Reason("already_linked", f"the variant that {what} names is linked to another SKU")
            if variant.key in self.spoken_for:
                return Reason("better_match", f"another SKU matches the variant that {what} names better")
        return None

    def _link(
        self, sku: ListedSku, variant: ShopVariant, method: Method, score: float, reasons: tuple[Reason, ...]
    ) -> None:
        self.links[sku.product_id, sku.sku_id] = Proposal(sku, variant.key, method, score, reasons)
        self.spoken_for.add(variant.key)
        del self.open[sku.sku_id]

    def _leave(self, sku: ListedSku, method: Method, found: Iterable[ShopVariant], doubt: Reason) -> None:
        candidates = tuple(sorted({variant.key for variant in found}))
        self.ambiguous[sku.product_id, sku.sku_id] = Ambiguity(sku, method, candidates, doubt)
        self.spoken_for.update(candidates)
        del self.open[sku.sku_id]

    def by_title(self) -> None:
        """Whole listings to whole products; partly linked ones are for their SKUs and for people."""
        touched = {product_id for product_id, _ in (*self.links, *self.ambiguous)}
        listings: dict[str, list[ListedSku]] = defaultdict(list)
        for sku in self.open.values():
            if sku.rest_is_open and sku.product_id not in touched:
                listings[sku.product_id].append(sku)
        products: dict[int, list[ShopVariant]] = defaultdict(list)
        for variant in self.variants:
            products[variant.id_product].append(variant)
        names = _Names.of(products)
        found: dict[str, tuple[list[int], float]] = {}
        for product_id, skus in listings.items():
            ids, score = names.like(title_words(skus[0].title))
            if ids:
                found[product_id] = ids, score
        claims = Counter(id_product for ids, _ in found.values() for id_product in ids)
        decided: list[tuple[str, list[ShopVariant], Reason | None]] = []
        for product_id, (ids, _) in found.items():
            variants = [variant for id_product in ids for variant in products[id_product]]
            decided.append((product_id, variants, self._title_doubt(ids, variants, claims)))
        for product_id, variants, doubt in decided:
            skus, score = listings[product_id], found[product_id][1]
            pairs = None if doubt else _pairs(skus, variants)
            if pairs is None:
                for sku in skus:
                    self._leave(sku, "title", variants, doubt or _values_doubt(skus))
                continue
            for sku, variant in pairs:
                reasons = [Reason("same_title", f"the title is {score:.0f} % the same and no other product is close")]
                if len(skus) > 1 or len(variants) > 1:
                    reasons.append(Reason("same_values", f"so are the values {', '.join(sku.values)}"))
                self._link(sku, variant, "title", round(score, 1), tuple(reasons))

    def _title_doubt(
        self, ids: Sequence[int], variants: Sequence[ShopVariant], claims: Mapping[int, int]
    ) -> Reason | None:
        if len(ids) > 1:
            return Reason("several_products", "several PrestaShop products have a title like this")
        if claims[ids[0]] > 1:
            return Reason("several_listings", "several listings have a title like that of this product")
        return self._taken(variants, "the title")


def _notes(sku: ListedSku, variant: ShopVariant) -> list[Reason]:
    """What speaks against a match without making it doubtful."""
    barcode, gtins = gtin14(sku.barcode), [code for code in _gtins(variant) if code]
    if barcode and gtins and barcode not in gtins:
        return [Reason("gtin_differs", f"the GTIN differs: {sku.barcode} on TikTok Shop, {gtins[0]} in PrestaShop")]
    if (
        sku.seller_sku
        and variant.sku
        and _folded(sku.seller_sku) not in (_folded(variant.sku), _folded(variant.reference))
    ):
        return [Reason("sku_differs", f"the SKU differs: {sku.seller_sku} on TikTok Shop, {variant.sku} in PrestaShop")]
    return []


def _pairs(skus: Sequence[ListedSku], variants: Sequence[ShopVariant]) -> list[tuple[ListedSku, ShopVariant]] | None:
    """Each SKU of a listing with its variant; None unless all can be told apart by their values."""
    if len(skus) == len(variants) == 1:
        return [(skus[0], variants[0])]
    by_values = {_values(variant.values): variant for variant in variants}
    wanted = [_values(sku.values) for sku in skus]
    if len(by_values) < len(variants) or len(set(wanted)) < len(wanted):
        return None
    if any(not values or values not in by_values for values in wanted):
        return None
    return [(sku, by_values[values]) for sku, values in zip(skus, wanted, strict=True)]


def _values(texts: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(sorted(title_words(text) for text in texts))


def _values_doubt(skus: Sequence[ListedSku]) -> Reason:
    if any(not sku.values for sku in skus):
        return Reason("values_unknown", "the title fits, but nothing tells which SKU is which variant")
    return Reason("values_differ", "the title fits, but the values of the variants are not the same")


@dataclass(slots=True)
class _Names:
    """Products by title: equal ones by lookup, alike ones among those with as many words and the same numbers."""

    equal: dict[tuple[str, ...], _Named]
    alike: dict[tuple[int, tuple[str, ...]], tuple[list[_Named], list[str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, products: Mapping[int, Sequence[ShopVariant]]) -> _Names:
        equal: dict[tuple[str, ...], _Named] = {}
        for id_product, variants in products.items():
            words = title_words(variants[0].title)
            if words:
                equal.setdefault(words, _Named(words, [])).ids.append(id_product)
        names = cls(equal)
        for words in sorted(equal):
            named, texts = names.alike.setdefault(_block(words), ([], []))
            named.append(equal[words])
            texts.append(equal[words].text)
        return names

    def like(self, words: tuple[str, ...]) -> tuple[list[int], float]:
        """The products that a title may name, one when it is clear, and the score; ([], 0) for none."""
        if not any(any(map(str.isalpha, word)) for word in words):
            return [], 0.0
        if words in self.equal:
            return self.equal[words].ids, 100.0
        named, texts = self.alike.get(_block(words), ([], []))
        close = process.extract(
            " ".join(words), texts, scorer=fuzz.ratio, score_cutoff=TITLE_THRESHOLD - TITLE_MARGIN, limit=5
        )
        if not close or close[0][1] < TITLE_THRESHOLD or not _same_words(words, named[close[0][2]].words):
            return [], 0.0
        best = float(close[0][1])
        rivals = [named[index] for _, score, index in close if best - score < TITLE_MARGIN]
        return [id_product for rival in rivals for id_product in rival.ids], best


def _block(words: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return len(words), tuple(word for word in words if word[0].isdigit())


def _same_words(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two titles differ in the spelling of words only: "red" is no way to spell "blue"."""
    left, right = Counter(one) - Counter(other), list((Counter(other) - Counter(one)).elements())
    for word in left.elements():
        twin = max(right, key=lambda each: (fuzz.ratio(word, each), each), default="")
        if not _may_be_misspelt(word, twin) or fuzz.ratio(word, twin) < _WORD_THRESHOLD:
            return False
        right.remove(twin)
    return not right


def _may_be_misspelt(*words: str) -> bool:
    return all(len(word) >= _LONG_WORD and word.isalpha() and max(word) <= _LAST_ALPHABET for word in words)
