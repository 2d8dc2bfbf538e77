"""The category tree, attributes and rules of the sandbox, the same for every market but for names and EU duties.

Names are written "en|fr|de|es|it"; a market of another language sees English.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_LANGUAGES = ("en", "fr", "de", "es", "it")
BOTH = ("v1", "v2")


def local(names: str, language: str) -> str:
    """The name in `language`, or in English."""
    given = names.split("|")
    index = _LANGUAGES.index(language) if language in _LANGUAGES else 0
    return given[index] if index < len(given) else given[0]


@dataclass(frozen=True, slots=True)
class Category:
    id: str
    parent_id: str
    names: str
    is_leaf: bool = False
    versions: tuple[str, ...] = BOTH
    permission: str = "AVAILABLE"
    keywords: str = ""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A sales or product attribute. `values` maps value id to its names; `condition` is (attribute id, value id)."""

    id: str
    names: str
    values: Mapping[str, str]
    sales: bool = False
    required: bool = False
    multiple: bool = False
    customizable: bool = False
    numeric: bool = False
    condition: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Certification:
    id: str
    names: str
    required: bool = False
    condition: tuple[str, str] | None = None
    expires: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    certifications: tuple[Certification, ...] = ()
    size_chart_supported: bool = False
    size_chart_required: bool = False
    package_dimension_required: bool = True
    attributes: tuple[str, ...] = field(default=())


YES, NO = "1000058", "1000059"
_BATTERY = ("100701", YES)

ATTRIBUTES = {
    attribute.id: attribute
    for attribute in (
        Attribute(
            "100000",
            "Color|Couleur|Farbe|Color|Colore",
            {
                "1000001": "Blue|Bleu|Blau|Azul|Blu",
                "1000002": "Sand|Sable|Sand|Arena|Sabbia",
                "1000003": "Black|Noir|Schwarz|Negro|Nero",
                "1000004": "White|Blanc|Weiß|Blanco|Bianco",
                "1000005": "Red|Rouge|Rot|Rojo|Rosso",
                "1000006": "Green|Vert|Grün|Verde|Verde",
                "1000007": "Yellow|Jaune|Gelb|Amarillo|Giallo",
                "1000008": "Grey|Gris|Grau|Gris|Grigio",
                "1000009": "Brown|Marron|Braun|Marrón|Marrone",
            },
            sales=True,
            customizable=True,
        ),
        Attribute(
            "100007",
            "Size|Taille|Größe|Talla|Taglia",
            {f"100010{i}": size for i, size in enumerate(("XS", "S", "M", "L", "XL", "XXL"))},
            sales=True,
            customizable=True,
        ),
        Attribute(
            "100089",
            "Specification|Spécification|Ausführung|Especificación|Specifica",
            {},
            sales=True,
            customizable=True,
        ),
        Attribute(
            "100090",
            "Width|Largeur|Weite|Ancho|Larghezza",
            {
                "1000111": "Narrow|Étroit|Schmal|Estrecho|Stretto",
                "1000112": "Standard|Standard|Standard|Estándar|Standard",
                "1000113": "Wide|Large|Breit|Ancho|Largo",
            },
            sales=True,
        ),
        Attribute(
            "100398",
            "Material|Matière|Material|Material|Materiale",
            {
                "1000401": "Stoneware|Grès|Steinzeug|Gres|Gres",
                "1000402": "Porcelain|Porcelaine|Porzellan|Porcelana|Porcellana",
                "1000403": "Ceramic|Céramique|Keramik|Cerámica|Ceramica",
                "1000404": "Glass|Verre|Glas|Vidrio|Vetro",
                "1000405": "Steel|Acier|Stahl|Acero|Acciaio",
                "1000406": "Plastic|Plastique|Kunststoff|Plástico|Plastica",
                "1000407": "Wood|Bois|Holz|Madera|Legno",
            },
            required=True,
            multiple=True,
        ),
        Attribute(
            "100397",
            "Material|Matière|Material|Material|Materiale",
            {
                "1000411": "Cotton|Coton|Baumwolle|Algodón|Cotone",
                "1000412": "Linen|Lin|Leinen|Lino|Lino",
                "1000413": "Polyester|Polyester|Polyester|Poliéster|Poliestere",
                "1000414": "Wool|Laine|Wolle|Lana|Lana",
            },
            required=True,
            multiple=True,
            customizable=True,
        ),
        Attribute(
            "100399",
            "Volume|Volume|Volumen|Volumen|Volume",
            {"1000501": "325ml"},
            customizable=True,
            numeric=True,
        ),
        Attribute("100400", "Pages|Pages|Seiten|Páginas|Pagine", {}, customizable=True, numeric=True),
        Attribute(
            "100401",
            "Season|Saison|Saison|Temporada|Stagione",
            {
                "1000601": "Summer|Été|Sommer|Verano|Estate",
                "1000602": "Winter|Hiver|Winter|Invierno|Inverno",
                "1000603": "All seasons|Toutes saisons|Ganzjährig|Todo el año|Tutte le stagioni",
            },
            multiple=True,
        ),
        Attribute(
            "100701",
            "Contains batteries|Contient des piles|Enthält Batterien|Contiene pilas|Contiene batterie",
            {YES: "Yes|Oui|Ja|Sí|Sì", NO: "No|Non|Nein|No|No"},
        ),
        Attribute(
            "100702",
            "Battery type|Type de pile|Batterietyp|Tipo de pila|Tipo di batteria",
            {"1000060": "Lithium|Lithium|Lithium|Litio|Litio", "1000061": "Alkaline|Alcaline|Alkali|Alcalina|Alcalina"},
            condition=_BATTERY,
        ),
    )
}

CATEGORIES = {
    category.id: category
    for category in (
        Category("600001", "0", "Home Supplies|Fournitures de maison|Haushaltswaren|Hogar|Casa"),
        Category("851001", "600001", "Kitchenware|Vaisselle|Küchenbedarf|Menaje de cocina|Cucina"),
        Category(
            "853000",
            "851001",
            "Mugs & Cups|Tasses et mugs|Tassen und Becher|Tazas|Tazze",
            is_leaf=True,
            keywords="mug cup tasse becher taza tazza",
        ),
        Category(
            "853001",
            "851001",
            "Plates & Bowls|Assiettes et bols|Teller und Schüsseln|Platos y cuencos|Piatti e ciotole",
            is_leaf=True,
            keywords="plate bowl assiette bol teller plato piatto",
        ),
        Category("853012", "851001", "Glasses|Verres|Gläser|Vasos|Bicchieri", is_leaf=True, versions=("v1",)),
        Category("851011", "851001", "Glass & Bar|Verre et bar|Glas und Bar|Cristal y bar", versions=("v2",)),
        Category("851021", "851011", "Drinking Glasses|Verres à boire|Trinkgläser|Vasos", versions=("v2",)),
        Category(
            "853010",
            "851021",
            "Wine Glasses|Verres à vin|Weingläser|Copas de vino|Calici",
            is_leaf=True,
            versions=("v2",),
            keywords="wine glass verre vin weinglas copa",
        ),
        Category("853011", "851021", "Tumblers|Gobelets|Becher|Vasos bajos", is_leaf=True, versions=("v2",)),
        Category("851002", "600001", "Home Decor|Décoration|Dekoration|Decoración|Decorazione"),
        Category(
            "853100",
            "851002",
            "Cushions & Covers|Coussins et housses|Kissen und Bezüge|Cojines y fundas|Cuscini",
            is_leaf=True,
            keywords="cushion pillow coussin kissen cojín cuscino",
        ),
        Category(
            "853101",
            "851002",
            "Posters & Prints|Affiches|Poster und Drucke|Pósteres y láminas|Poster e stampe",
            is_leaf=True,
            keywords="poster print art affiche plakat cartel frame",
        ),
        Category(
            "853102",
            "851002",
            "Candles|Bougies|Kerzen|Velas|Candele",
            is_leaf=True,
            keywords="candle bougie kerze vela candela",
        ),
        Category("851003", "600001", "Lighting|Luminaires|Beleuchtung|Iluminación|Illuminazione"),
        Category(
            "853200",
            "851003",
            "Table Lamps|Lampes de table|Tischlampen|Lámparas de mesa|Lampade da tavolo",
            is_leaf=True,
            keywords="lamp lampe lámpara lampada",
        ),
        Category("600010", "0", "Apparel|Vêtements|Bekleidung|Ropa|Abbigliamento"),
        Category("851100", "600010", "Tops|Hauts|Oberteile|Prendas superiores|Maglie"),
        Category(
            "853300",
            "851100",
            "T-shirts|T-shirts|T-Shirts|Camisetas|T-shirt",
            is_leaf=True,
            keywords="shirt sweater pull camiseta maglietta",
        ),
        Category("851101", "600010", "Shoes|Chaussures|Schuhe|Zapatos|Scarpe"),
        Category(
            "853500",
            "851101",
            "Sneakers|Baskets|Sneaker|Zapatillas|Sneakers",
            is_leaf=True,
            keywords="sneaker shoe baskets schuh zapatilla scarpa",
        ),
        Category("600020", "0", "Stationery|Papeterie|Schreibwaren|Papelería|Cartoleria"),
        Category("851200", "600020", "Paper|Papier|Papier|Papel|Carta"),
        Category(
            "853400",
            "851200",
            "Notebooks|Carnets|Notizbücher|Cuadernos|Quaderni",
            is_leaf=True,
            keywords="notebook carnet notizbuch cuaderno quaderno",
        ),
        Category("600030", "0", "Restricted|Soumis à autorisation|Beschränkt|Restringido|Soggetto a restrizioni"),
        Category(
            "700645",
            "600030",
            "Food Supplements|Compléments alimentaires|Nahrungsergänzung|Suplementos|Integratori",
            is_leaf=True,
            permission="INVITE_ONLY",
        ),
        Category(
            "700646",
            "600030",
            "Knives|Couteaux|Messer|Cuchillos|Coltelli",
            is_leaf=True,
            permission="NON_MAIN_CATEGORY",
        ),
        Category("700647", "600030", "Weapons|Armes|Waffen|Armas|Armi", is_leaf=True, permission="PROHIBITED"),
    )
}

_SALES = ("100000", "100007", "100089")
_KITCHEN = (*_SALES, "100398", "100399", "100701", "100702")
_FOOD_CONTACT = Certification(
    "7182427070000000022",
    "Food contact certificate|Certificat de contact alimentaire|Lebensmittelkontakt|Contacto alimentario",
    condition=_BATTERY,
)
_SAFETY_SHEET = Certification(
    "7182427070000000031",
    "Safety data sheet|Fiche de données de sécurité|Sicherheitsdatenblatt|Ficha de seguridad",
    required=True,
)
_BATTERY_TEST = Certification(
    "7182427070000000041",
    "Battery test report|Rapport d'essai de pile|Batterie-Prüfbericht|Informe de ensayo de pilas",
    condition=_BATTERY,
    expires=True,
)
_DEFAULT_RULES = Rules(attributes=_SALES)
RULES = {
    "853000": Rules((_FOOD_CONTACT,), attributes=_KITCHEN),
    "853001": Rules((_FOOD_CONTACT,), attributes=_KITCHEN),
    "853010": Rules((_FOOD_CONTACT,), attributes=_KITCHEN),
    "853011": Rules((_FOOD_CONTACT,), attributes=_KITCHEN),
    "853012": Rules((_FOOD_CONTACT,), attributes=_KITCHEN),
    "853100": Rules(attributes=(*_SALES, "100397")),
    "853101": Rules(package_dimension_required=False, attributes=_SALES),
    "853102": Rules((_SAFETY_SHEET,), attributes=_SALES),
    "853200": Rules((_BATTERY_TEST,), attributes=(*_SALES, "100701", "100702")),
    "853300": Rules(size_chart_supported=True, size_chart_required=True, attributes=(*_SALES, "100397", "100401")),
    "853500": Rules(size_chart_supported=True, attributes=(*_SALES, "100090", "100401")),
    "853400": Rules(attributes=(*_SALES, "100400")),
}


def rules_of(category_id: str) -> Rules:
    return RULES.get(category_id, _DEFAULT_RULES)


def attributes_of(category_id: str) -> Iterator[Attribute]:
    return (ATTRIBUTES[attribute_id] for attribute_id in rules_of(category_id).attributes)


def attribute_of(category_id: str, attribute_id: str) -> Attribute | None:
    return ATTRIBUTES[attribute_id] if attribute_id in rules_of(category_id).attributes else None


def chain(category_id: str) -> list[Category]:
    """From the root to the category."""
    path: list[Category] = []
    while category_id != "0":
        path.insert(0, CATEGORIES[category_id])
        category_id = CATEGORIES[category_id].parent_id
    return path


def condition_rows(condition: tuple[str, str] | None) -> list[dict[str, Any]]:
    if condition is None:
        return []
    attribute_id, value_id = condition
    return [{"condition_type": "VALUE_ID_MATCH", "attribute_id": attribute_id, "attribute_value_id": value_id}]
