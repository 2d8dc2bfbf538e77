"""The words of the generated shop: product families, nouns, motifs, options, in four languages."""

from __future__ import annotations

from dataclasses import dataclass, field

LANGUAGES = ("en", "fr", "de", "es")

Words = dict[str, str]


def words(text: str) -> Words:
    """`en|fr|de|es` → a text per language."""
    return dict(zip(LANGUAGES, text.split("|"), strict=True))


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of product. `options`: what its variants differ in, and how many values of it each product has."""

    key: str
    prefix: str
    noun: Words
    parent: str
    leaves: tuple[Words, ...]
    price: tuple[float, float]
    weight: tuple[float, float]
    size_cm: tuple[float, float, float]
    options: tuple[tuple[str, int, int], ...] = ()
    features: tuple[str, ...] = ()
    tax_group: int = 1
    kind: str = "standard"
    colour_share: int = field(default=0)
    """Of a hundred products of the family, how many come in colours although the family has no options."""


LIVING, WEAR, PAPER, GIFTS = "living", "wear", "paper", "gifts"
PARENTS: dict[str, Words] = {
    LIVING: words("Home & Living|Maison|Wohnen|Hogar"),
    WEAR: words("Fashion|Mode|Mode|Moda"),
    PAPER: words("Paper & Art|Papeterie et art|Papier & Kunst|Papelería y arte"),
    GIFTS: words("Gifts|Cadeaux|Geschenke|Regalos"),
}

FAMILIES: tuple[Family, ...] = (
    Family(
        "mugs", "MUG", words("Mug|Mug|Becher|Taza"), LIVING,
        (words("Mugs|Mugs|Becher|Tazas"), words("Travel mugs|Mugs de voyage|Thermobecher|Tazas de viaje")),
        (7.5, 24.0), (0.25, 0.55), (12, 9, 10), (), ("Material", "Capacity", "Care"), colour_share=50,
    ),
    Family(
        "plates", "PLT", words("Plate|Assiette|Teller|Plato"), LIVING,
        (words("Plates|Assiettes|Teller|Platos"),),
        (6.0, 32.0), (0.3, 0.9), (27, 27, 3), (), ("Material", "Care"),
    ),
    Family(
        "cushions", "CUS", words("Cushion|Coussin|Kissen|Cojín"), LIVING,
        (words("Cushions|Coussins|Kissen|Cojines"), words("Floor cushions|Poufs|Bodenkissen|Cojines de suelo")),
        (14.0, 49.0), (0.3, 1.2), (45, 45, 12), (("Colour", 1, 3),), ("Material", "Care", "Season"),
    ),
    Family(
        "posters", "POS", words("Poster|Affiche|Poster|Póster"), PAPER,
        (words("Posters|Affiches|Poster|Pósteres"), words("Framed posters|Cadres|Gerahmte Poster|Cuadros")),
        (9.0, 69.0), (0.15, 1.8), (60, 40, 2), (("Dimension", 1, 2),), ("Material",),
    ),
    Family(
        "candles", "CND", words("Scented candle|Bougie parfumée|Duftkerze|Vela aromática"), LIVING,
        (words("Candles|Bougies|Kerzen|Velas"),),
        (8.0, 39.0), (0.2, 0.8), (9, 9, 11), (), ("Material", "Season"),
    ),
    Family(
        "lamps", "LMP", words("Lamp|Lampe|Lampe|Lámpara"), LIVING,
        (words("Lamps|Lampes|Lampen|Lámparas"), words("Bedside lamps|Lampes de chevet|Nachtlampen|De mesilla")),
        (29.0, 189.0), (0.9, 4.5), (30, 30, 45), (), ("Material",),
    ),
    Family(
        "tshirts", "TSH", words("T-shirt|T-shirt|T-Shirt|Camiseta"), WEAR,
        (words("T-shirts|T-shirts|T-Shirts|Camisetas"),),
        (12.0, 35.0), (0.15, 0.3), (30, 25, 2), (("Size", 2, 4), ("Colour", 2, 2)), ("Material", "Care", "Season"),
    ),
    Family(
        "notebooks", "NBK", words("Notebook|Carnet|Notizbuch|Cuaderno"), PAPER,
        (words("Notebooks|Carnets|Notizbücher|Cuadernos"),),
        (3.5, 19.0), (0.15, 0.6), (21, 15, 2), (("Paper type", 2, 2),), ("Pages", "Material"), tax_group=2,
    ),
    Family(
        "sneakers", "SNK", words("Sneakers|Baskets|Sneaker|Zapatillas"), WEAR,
        (words("Sneakers|Baskets|Sneaker|Zapatillas"),),
        (49.0, 149.0), (0.7, 1.3), (34, 22, 13), (("Shoe size", 2, 3), ("Colour", 2, 2), ("Width", 2, 2)),
        ("Material", "Season"),
    ),
    Family(
        "giftcards", "GFT", words("Gift card|Carte cadeau|Geschenkkarte|Tarjeta regalo"), GIFTS,
        (words("Gift cards|Cartes cadeaux|Geschenkkarten|Tarjetas regalo"),),
        (10.0, 100.0), (0.0, 0.0), (0, 0, 0), (), (), tax_group=3, kind="virtual",
    ),
    Family(
        "giftsets", "SET", words("Gift set|Coffret cadeau|Geschenkset|Set de regalo"), GIFTS,
        (words("Gift sets|Coffrets cadeaux|Geschenksets|Sets de regalo"),),
        (25.0, 120.0), (0.6, 2.4), (35, 25, 15), (), ("Material",), kind="pack",
    ),
)  # fmt: skip

# A hundred products in a row hold these numbers of each family: 55 with variants, 1.2 variants per product in all.
SHARES = {
    "mugs": 16, "plates": 9, "cushions": 19, "posters": 19, "candles": 9, "lamps": 7,
    "tshirts": 2, "notebooks": 9, "sneakers": 1, "giftcards": 4, "giftsets": 5,
}  # fmt: skip

ADJECTIVES = tuple(
    words(text)
    for text in (
        "Handmade|Fait main|Handgemachte Serie|Hecho a mano",
        "Classic|Classique|Klassik|Clásico",
        "Nordic|Nordique|Nordisch|Nórdico",
        "Vintage|Vintage|Vintage|Vintage",
        "Modern|Moderne|Modern|Moderno",
        "Rustic|Rustique|Rustikal|Rústico",
        "Limited edition|Édition limitée|Limitierte Edition|Edición limitada",
        "Organic|Bio|Bio|Ecológico",
        "Minimalist|Minimaliste|Minimalistisch|Minimalista",
        "Everyday|Quotidien|Alltag|Diario",
    )
)
MOTIFS = tuple(
    motif.replace("_", " ")
    for motif in [
        "Aurora",
        "Fjord",
        "Mountain_Fox",
        "Brown_Bear",
        "Hummingbird",
        "Terracotta",
        "Saffron",
        "Lagoon",
        "Old_Harbour",
        "Wild_Poppy",
        "Birch",
        "Marrakesh",
        "Café_Noir",
        "Zürich",
        "Señorita",
        "Île_de_Ré",
        "Sunday_Morning",
        "Night_Train",
        "Paper_Moon",
        "Cobalt",
        "Nº5",
        "Kyoto",
        "Little_Prince",
        "Ocean_Drive",
        "Winter_Tale",
        "Blue_Hour",
        "Strawberry_Fields",
        "Rosé",
        "Smörgås",
        "Ebony_&_Ivory",
    ]
)
DETAILS = tuple(
    words(text)
    for text in (
        "for every day|pour tous les jours|für jeden Tag|para cada día",
        "in a gift box|en coffret|in Geschenkbox|en caja de regalo",
        "from our workshop|de notre atelier|aus unserer Werkstatt|de nuestro taller",
        "with matching accessories|avec accessoires assortis|mit passendem Zubehör|con accesorios a juego",
        "– our own design|– un design de notre studio|– eigener Entwurf|– un diseño de nuestro estudio",
    )
)

COLOURS: tuple[tuple[Words, str], ...] = (
    (words("White|Blanc|Weiß|Blanco"), "#F7F7F4"),
    (words("Black|Noir|Schwarz|Negro"), "#2B2B2B"),
    (words("Red|Rouge|Rot|Rojo"), "#C0392B"),
    (words("Ocean blue|Bleu océan|Ozeanblau|Azul océano"), "#2E6F9E"),
    (words("Sage|Sauge|Salbei|Salvia"), "#8FA98B"),
    (words("Mustard|Moutarde|Senf|Mostaza"), "#D4A017"),
    (words("Blush|Rose poudré|Altrosa|Rosa palo"), "#E8B7B2"),
    (words("Slate grey|Gris ardoise|Schiefergrau|Gris pizarra"), "#6C7A83"),
)
OPTIONS: dict[str, tuple[Words, tuple[Words, ...]]] = {
    "Size": (
        words("Size|Taille|Größe|Talla"),
        tuple(words("|".join([size] * 4)) for size in ("S", "M", "L", "XL", "XXL")),
    ),
    "Colour": (words("Colour|Couleur|Farbe|Color"), tuple(colour for colour, _ in COLOURS)),
    "Dimension": (
        words("Dimension|Dimensions|Maße|Dimensiones"),
        tuple(words("|".join([size] * 4)) for size in ("30x40 cm", "40x60 cm", "60x90 cm", "80x120 cm")),
    ),
    "Paper type": (
        words("Paper type|Type de papier|Papierart|Tipo de papel"),
        (
            words("Ruled|Ligné|Liniert|Rayado"),
            words("Plain|Uni|Blanko|Liso"),
            words("Dotted|Pointillé|Gepunktet|Punteado"),
        ),
    ),
    "Shoe size": (
        words("Shoe size|Pointure|Schuhgröße|Número"),
        tuple(words("|".join([str(size)] * 4)) for size in range(36, 47)),
    ),
    "Width": (
        words("Width|Largeur|Weite|Ancho"),
        (words("Regular|Normale|Normal|Normal"), words("Wide|Large|Weit|Ancho")),
    ),
}
FEATURES: dict[str, tuple[Words, tuple[Words, ...]]] = {
    "Material": (
        words("Material|Matière|Material|Material"),
        tuple(
            words(text)
            for text in (
                "Ceramic|Céramique|Keramik|Cerámica",
                "Stoneware|Grès|Steingut|Gres",
                "Cotton|Coton|Baumwolle|Algodón",
                "Linen|Lin|Leinen|Lino",
                "Recycled paper|Papier recyclé|Recyclingpapier|Papel reciclado",
                "Oak|Chêne|Eiche|Roble",
                "Soy wax|Cire de soja|Sojawachs|Cera de soja",
                "Leather|Cuir|Leder|Cuero",
            )
        ),
    ),
    "Capacity": (
        words("Capacity|Contenance|Volumen|Capacidad"),
        tuple(words("|".join([size] * 4)) for size in ("250 ml", "325 ml", "400 ml", "0.5 l")),
    ),
    "Season": (
        words("Season|Saison|Saison|Temporada"),
        (
            words("Spring/Summer|Printemps/Été|Frühjahr/Sommer|Primavera/Verano"),
            words("Autumn/Winter|Automne/Hiver|Herbst/Winter|Otoño/Invierno"),
            words("All year|Toute l'année|Ganzjährig|Todo el año"),
        ),
    ),
    "Care": (
        words("Care|Entretien|Pflege|Cuidado"),
        (
            words("Dishwasher safe|Lave-vaisselle|Spülmaschinenfest|Apto para lavavajillas"),
            words("Hand wash|Lavage à la main|Handwäsche|Lavar a mano"),
            words("Machine wash 30°|Lavage en machine 30°|Maschinenwäsche 30°|Lavado a máquina 30°"),
        ),
    ),
    "Pages": (
        words("Pages|Pages|Seiten|Páginas"),
        tuple(words("|".join([number] * 4)) for number in ("80", "120", "192")),
    ),
}
MANUFACTURERS = (
    "Studio Aurora", "Graphic Harbour", "Casa Lumière", "Nordlicht & Söhne", "Terra Cotta Works", "Paper Moon",
    "Le Petit Atelier", "Sole Mates", "Wax & Wick", "Brightside", "Cojines del Sur", "No Name",
)  # fmt: skip
SUPPLIERS = ("Ceramics Direct", "Textile Union", "Paper Mill 1872", "Import House")
