"""What the platform's error codes mean for the merchant and for the connector, as one table (K8).

Sources: tiktok-shop-api.md sections 1.4, 2.2 and 3.22. A row names its codes (single ones and `first-last` ranges),
the class of `clients.errors` a call fails with, whether trying again can help, and cause and fix in the merchant's
words. A code that is not in the table is `Rejected`, with the platform's own text as cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from clients.errors import (
    AccessDenied,
    ConfigurationFault,
    ReauthorizationNeeded,
    Rejected,
    ShopError,
    Throttled,
    TimedOut,
    TokenExpired,
    Unavailable,
)

Retry = Literal["no", "yes", "slowly", "tomorrow", "after refresh"]


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One code: the error class it becomes, whether repeating helps, cause and fix for the merchant."""

    code: str
    kind: type[ShopError]
    retry: Retry
    cause: str
    fix: str


_NO_FIX: Final = "Nothing to do: the connector tries again by itself."
_CATEGORY_FIX: Final = "Choose another category in the template, or refresh the categories first."
_ATTRIBUTE_FIX: Final = "Fill in the attribute mapping of the category template."
_IMAGE_FIX: Final = "Replace the image: JPG, PNG or WEBP, 300 to 4000 pixels a side, at most 10 MB."
_VARIANT_FIX: Final = "Give every combination the same attributes, each with its own distinct set of values."
_CERTIFICATE_FIX: Final = "Add or replace the document in the category template."

_Row = tuple[str, type[ShopError], Retry, str, str]

_ROWS: Final[tuple[_Row, ...]] = (
    # Platform (section 2.2) and authorization host (section 1.4)
    (
        "36004004",
        ReauthorizationNeeded,
        "no",
        "The authorization code or the refresh token is no longer valid.",
        "Authorize the shop again: open the consent link and approve within 30 minutes.",
    ),
    ("36009001 36009003", Unavailable, "yes", "TikTok Shop has an internal fault.", _NO_FIX),
    ("36009002 36009037", Throttled, "slowly", "Too many calls for this shop at the moment.", _NO_FIX),
    (
        "36009004",
        Rejected,
        "no",
        "TikTok Shop found the request itself invalid.",
        "Check the region and the chosen shop of the connection; if they are right, report the request id.",
    ),
    ("36009007", TimedOut, "yes", "TikTok Shop did not answer in time.", _NO_FIX),
    (
        "36009009 36009010 36009014",
        ConfigurationFault,
        "no",
        "The address answers, but does not know this call or this version of it.",
        "Check the API address in the settings; if it is right, update the connector.",
    ),
    ("36009021", Rejected, "no", "The file is too large.", "Use a smaller file: images 10 MB, PDF 20 MB."),
    (
        "36009022 36009023",
        Rejected,
        "no",
        "TikTok Shop did not accept the kind of content sent.",
        "Report the request id: this is a fault of the connector.",
    ),
    (
        "36009033",
        AccessDenied,
        "no",
        "The address of this server is not on the allow-list of the app.",
        "Add the server's IP address to the app's allow-list in the partner centre.",
    ),
    (
        "36009043 36009044",
        AccessDenied,
        "no",
        "The shop or the seller is disabled.",
        "Check the state of the shop in Seller Center.",
    ),
    (
        "98001004 98001005 98001006",
        ConfigurationFault,
        "no",
        "The authorization service refused the parameters.",
        "Check app key and app secret, then open the consent link again.",
    ),
    (
        "101000",
        ConfigurationFault,
        "no",
        "The chosen shop does not belong to this authorization.",
        "Choose the shop again from the list of authorized shops.",
    ),
    ("105001", TokenExpired, "after refresh", "The access token is missing or malformed.", _NO_FIX),
    ("105002", TokenExpired, "after refresh", "The access token has expired.", _NO_FIX),
    (
        "105005",
        AccessDenied,
        "no",
        "The app was not granted the right for this call.",
        "Enable the scope in the partner centre, then authorize the shop again.",
    ),
    (
        "106001",
        AccessDenied,
        "no",
        "The signature of the request is wrong.",
        "Check the app secret: it was mistyped or has been reset in the partner centre.",
    ),
    (
        "106013",
        ConfigurationFault,
        "no",
        "No shop is chosen for this connection.",
        "Choose the shop from the list of authorized shops.",
    ),
    (
        "11050001",
        Rejected,
        "no",
        "TikTok Shop refused the notification settings.",
        "Check the public address of the connector: https, a host name, no port.",
    ),
    (
        "12001000 12052881 33001002 10006402 25001028 25020008",
        Unavailable,
        "yes",
        "TikTok Shop has an internal fault.",
        _NO_FIX,
    ),
    ("12052109", Throttled, "slowly", "The shop has reached its limit of product calls for now.", _NO_FIX),
    (
        "45101004 12052093",
        Rejected,
        "tomorrow",
        "The shop has reached the number of products it may list.",
        "Wait until tomorrow; new shops have a daily limit. Seller Center shows the present one.",
    ),
    # Text (section 3.22)
    (
        "12019006 12052013",
        Rejected,
        "no",
        "The description is not valid or too long.",
        "Shorten the description to 10,000 characters of plain paragraphs and lists.",
    ),
    ("12052015", Rejected, "no", "The description is missing.", "Write a description or choose another source."),
    (
        "12052340-12052352",
        Rejected,
        "no",
        "The description breaks the rules for HTML or images.",
        "Keep to paragraphs, lists and bold text, and to at most 30 images.",
    ),
    (
        "12052346",
        Rejected,
        "no",
        "The description contains Chinese characters.",
        "Write the description in the language of the market.",
    ),
    (
        "12052051 12052261 12052262 12052263",
        Rejected,
        "no",
        "The title is too short, too long or has content that is not allowed.",
        "Change the title: 1 to 255 characters, or 25 to 255 in South-East Asia, as plain text.",
    ),
    (
        "12052056 12052235 12052236 12052237 12052238",
        Rejected,
        "no",
        "The description has images or links from outside TikTok Shop.",
        "Remove links, and let the connector upload the images.",
    ),
    (
        "12052151 12052152 12052153",
        Rejected,
        "no",
        "The text contains words that are not allowed.",
        "Remove the words from title and description.",
    ),
    (
        "12052365 12052366",
        Rejected,
        "no",
        "The language of the text does not match the market.",
        "Choose the language of the market in the connection's settings.",
    ),
    (
        "12052931-12052935",
        Rejected,
        "no",
        "A text has emoji, control characters, only symbols, or one character repeated many times.",
        "Clean the title and the description.",
    ),
    ("12052002-12052006", Rejected, "no", "A field has the wrong format.", "Correct the field named in the text."),
    # Package
    (
        "12019011 12019012 12052116 12052181",
        Rejected,
        "no",
        "Package weight or size is missing, zero or not valid.",
        "Fill in weight and size of the product, or set defaults in the category template.",
    ),
    (
        "12019060 12019061 12052915 12052916",
        Rejected,
        "no",
        "The unit of weight or size is unknown, or two systems of units are mixed.",
        "Use kilograms with centimetres, or in the US pounds with inches.",
    ),
    # Brand
    ("12019013", Rejected, "no", "The brand is not valid.", "Choose a brand from the list of the shop."),
    ("12052026", Rejected, "no", "The category needs a brand.", "Choose a brand in the category template."),
    (
        "12052200 12052201 12052207 12052208",
        Rejected,
        "no",
        "The shop is not authorized to sell this brand.",
        "Ask for authorization in Seller Center, or list without a brand.",
    ),
    # Stock and warehouses
    (
        "12019022",
        Rejected,
        "no",
        "A variant has no valid warehouse.",
        "Choose a sales warehouse for the connection.",
    ),
    (
        "12052115",
        Rejected,
        "no",
        "The shop has no sales warehouse.",
        "Create a warehouse in Seller Center, then refresh the warehouses.",
    ),
    (
        "12052530-12052535",
        Rejected,
        "no",
        "TikTok Shop refused the warehouse.",
        "Refresh the warehouses and choose an enabled sales warehouse.",
    ),
    (
        "12052533",
        Rejected,
        "no",
        "The warehouse of this product cannot be changed.",
        "Choose the warehouse the product was listed with.",
    ),
    (
        "12052535",
        Rejected,
        "no",
        "The shop has no return warehouse.",
        "Set up a return warehouse in Seller Center.",
    ),
    (
        "12019024 12052055",
        Rejected,
        "no",
        "The stock value is not valid or out of range.",
        "Use a whole number from 0 to 99,999.",
    ),
    (
        "12019028",
        Rejected,
        "no",
        "Stock has to be sent for all warehouses of the variant.",
        "Refresh the warehouses and send the stock again.",
    ),
    (
        "12052036",
        Rejected,
        "no",
        "The variant is not named in the request.",
        "Read the product back from TikTok Shop, then send again.",
    ),
    (
        "12052037",
        Rejected,
        "no",
        "The stock of this variant was not updated.",
        "Check that the variant's warehouses are the ones of the connection.",
    ),
    (
        "12052094",
        Rejected,
        "no",
        "The shop may not use several warehouses.",
        "Use one warehouse, or ask for several in Seller Center.",
    ),
    (
        "12052393",
        Rejected,
        "no",
        "The stock is below what a running campaign has reserved.",
        "Wait for the end of the campaign, or reduce its stock in Seller Center.",
    ),
    (
        "12052921",
        Rejected,
        "no",
        "The stock of this variant is kept by TikTok or shared between shops.",
        "Take the variant out of the stock synchronization.",
    ),
    # Prices
    (
        "12019045 12052038",
        Rejected,
        "no",
        "The price is locked by a promotion.",
        "Wait for the end of the promotion, or take the product out of it.",
    ),
    ("12052012 12052073", Rejected, "no", "The price is not valid.", "Correct the price rule or the price."),
    (
        "12052570",
        Rejected,
        "no",
        "The price is above the limit of the market.",
        "Lower the price below the limit of the market.",
    ),
    ("12052571", Rejected, "no", "The price is missing.", "Set a price for the product."),
    (
        "12052084",
        Rejected,
        "no",
        "The currency is not the currency of the shop.",
        "Set the market's currency and its rate in the connection's settings.",
    ),
    ("12052375", Rejected, "no", "The list price is not valid.", "Correct or leave out the list price."),
    (
        "12052383",
        Rejected,
        "no",
        "The list price is below the price.",
        "Make the list price at least as high as the price.",
    ),
    ("12052424", Rejected, "no", "The sale price is not valid.", "Leave the sale price out for local sellers."),
    ("12052495-12052498", Rejected, "no", "The deposit (Pfand) is missing or not valid.", "Set the deposit."),
    # Variants
    (
        "12019015",
        Rejected,
        "no",
        "The product has too many variants.",
        "Split the product: at most 300 variants, 100 in South-East Asia.",
    ),
    ("12052050", Rejected, "no", "The product has more than 100 variants.", "Split the product."),
    (
        "12019056",
        Rejected,
        "no",
        "Variants cannot be added now.",
        "Wait for the end of the promotion or of the review, then send again.",
    ),
    (
        "12019057",
        Rejected,
        "no",
        "Variants cannot be removed now.",
        "Wait for the end of the promotion or of the review, then send again.",
    ),
    (
        "12019059 12052054",
        Rejected,
        "no",
        "The SKU is not valid or too long.",
        "Use 6 to 50 letters, digits, hyphens and underscores.",
    ),
    (
        "12052520-12052529",
        Rejected,
        "no",
        "The variant attributes or their images break a limit.",
        "Reduce the variant attributes, and give images to one attribute only.",
    ),
    (
        "12052525",
        Rejected,
        "no",
        "The product has more than three variant attributes.",
        "Keep to three variant attributes, or split the product.",
    ),
    (
        "12052528",
        Rejected,
        "no",
        "More than one variant attribute has images.",
        "Give images to the values of one attribute only.",
    ),
    ("12052550", Rejected, "no", "The variants do not all have the same attributes.", _VARIANT_FIX),
    (
        "12052553 12052555 12052557 12052558 12052559 12052560",
        Rejected,
        "no",
        "Two variants share a name, a value, an id or a whole combination.",
        _VARIANT_FIX,
    ),
    ("12052902", Rejected, "no", "The product has no variant.", "Send at least one variant."),
    # Identifier codes
    (
        "12052591-12052600",
        Rejected,
        "no",
        "The identifier code (EAN, UPC, ISBN, GTIN) is not accepted.",
        "Correct the code, or ask for an exemption in Seller Center.",
    ),
    (
        "12052591",
        Rejected,
        "no",
        "The identifier code has the wrong format or check digit.",
        "Correct the EAN, UPC, ISBN or GTIN of the variant.",
    ),
    (
        "12052592",
        Rejected,
        "no",
        "The identifier code is used by another variant.",
        "Give every variant its own code, or send none.",
    ),
    (
        "12052593",
        Rejected,
        "no",
        "The identifier code cannot be changed once it is set.",
        "Put the former code back, or list the product anew.",
    ),
    # Requests
    (
        "12019027 12019087 12019120",
        Rejected,
        "no",
        "Too many products or SKUs in one request.",
        "Report the request id: this is a fault of the connector.",
    ),
    (
        "12019108 12019109 12019113",
        Rejected,
        "no",
        "The search was not accepted.",
        "Report the request id: this is a fault of the connector.",
    ),
    (
        "12052180",
        Rejected,
        "no",
        "The search finds more than 10,000 products.",
        "Search for a shorter period or one status at a time.",
    ),
    ("12052910", Rejected, "no", "A value of the request is not valid.", "Correct the value named in the text."),
    # Images
    (
        "12019116 12038014 12038015",
        Rejected,
        "no",
        "The image has the wrong dimensions for its use.",
        _IMAGE_FIX,
    ),
    ("12038002", Rejected, "no", "The file is empty.", "Replace the image or document."),
    ("12038004", Rejected, "no", "The file is too large.", _IMAGE_FIX),
    ("12038005", Rejected, "no", "The file format is not accepted.", _IMAGE_FIX),
    ("12052028", Rejected, "no", "The main image is missing.", "Add at least one image to the product."),
    (
        "12052300-12052306",
        Rejected,
        "no",
        "The main images break a rule of TikTok Shop.",
        "Use 1 to 9 images of 300 to 4000 pixels a side, square if possible.",
    ),
    (
        "12052722",
        Rejected,
        "no",
        "TikTok Shop no longer knows an uploaded image.",
        "Upload the product again: the connector then uploads the image anew.",
    ),
    # Product
    ("12019150", Rejected, "no", "The product id is not valid.", "Link the product again."),
    (
        "12052031 12052032 12052034 12052048 12052260",
        Rejected,
        "no",
        "The product id is missing, or the product is not in this shop.",
        "Check that the product still exists in Seller Center, and link it again.",
    ),
    ("12052163", Rejected, "no", "A gift product cannot be changed.", "Change it in Seller Center."),
    (
        "12052332",
        Rejected,
        "no",
        "The product is locked.",
        "Look in Seller Center why: a campaign or a review locks products.",
    ),
    ("12052369", Rejected, "no", "The external id is too long.", "Shorten the id to 999 characters."),
    (
        "12052996",
        Rejected,
        "no",
        "The external id is already in use.",
        "Search for the product that has it, and link it instead of listing again.",
    ),
    ("12052488", Rejected, "no", "The draft was not accepted.", "Delete the draft in Seller Center."),
    ("12052547", Rejected, "no", "No version of this product is under review.", "Read the live version."),
    (
        "12052603 12052604",
        Rejected,
        "no",
        "The time of the scheduled sale is not valid.",
        "Choose a time in the future.",
    ),
    (
        "12052901",
        Rejected,
        "no",
        "The status of the product does not allow this action.",
        "Read the product's status; frozen products can only be appealed in Seller Center.",
    ),
    (
        "12052990",
        Rejected,
        "no",
        "The product did not pass the checks.",
        "Correct what the listing check names, then send again.",
    ),
    # Categories and attributes
    ("12019064", Rejected, "no", "TikTok Shop has no category to recommend.", "Choose the category by hand."),
    ("12052023", Rejected, "no", "The category is missing.", _CATEGORY_FIX),
    ("12052024", Rejected, "no", "The category is not a last-level category.", _CATEGORY_FIX),
    ("12052025", Rejected, "no", "The category is not valid any more.", _CATEGORY_FIX),
    ("12052230", Rejected, "no", "The category is from another version of the category tree.", _CATEGORY_FIX),
    (
        "12052217",
        Rejected,
        "no",
        "This shop has to use the second version of the category tree.",
        "Set category version v2 for the connection and choose the category again.",
    ),
    (
        "12052220-12052227",
        Rejected,
        "no",
        "The shop is not permitted to sell in this category.",
        "Apply for the category in Seller Center, or choose another one.",
    ),
    (
        "12052222",
        Rejected,
        "no",
        "The category does not support cash on delivery.",
        "Switch cash on delivery off in the category template.",
    ),
    ("12052104", Rejected, "no", "A required attribute is missing.", _ATTRIBUTE_FIX),
    (
        "12052182 12052183",
        Rejected,
        "no",
        "An attribute is missing that another attribute's value makes required.",
        _ATTRIBUTE_FIX,
    ),
    ("12052240-12052256", Rejected, "no", "An attribute value is not allowed.", _ATTRIBUTE_FIX),
    # Documents
    ("12052105", Rejected, "no", "A certificate is missing.", _CERTIFICATE_FIX),
    ("12052385", Rejected, "no", "The expiry date of a certificate is missing or past.", _CERTIFICATE_FIX),
    ("12052650-12052658", Rejected, "no", "A certificate file is not accepted.", _CERTIFICATE_FIX),
    (
        "12052128",
        Rejected,
        "no",
        "The category needs a size chart.",
        "Add a size chart image or template to the category template.",
    ),
    (
        "12052670-12052673",
        Rejected,
        "no",
        "The size chart is not accepted.",
        "Replace the size chart of the category template.",
    ),
    (
        "12052282-12052290",
        Rejected,
        "no",
        "Manufacturer or responsible person is missing or not valid (EU product safety).",
        "Choose manufacturer and responsible person in the category template.",
    ),
    # Shop set-up
    (
        "12052402 12052405 12052420",
        Rejected,
        "no",
        "The shipping template of the shop is missing or not valid.",
        "Set up shipping in Seller Center.",
    ),
    ("12052419", Rejected, "no", "The shop is not set up completely.", "Finish the tasks in Seller Center."),
    ("12052700", Rejected, "no", "The seller is not active.", "Check the state of the shop in Seller Center."),
    (
        "12052701",
        Rejected,
        "no",
        "Cross-border sellers may not do this.",
        "List the product in Seller Center of the home market.",
    ),
)


def _expand(spec: str) -> list[str]:
    codes: list[str] = []
    for part in spec.split():
        first, _, last = part.partition("-")
        codes.extend(str(code) for code in range(int(first), int(last or first) + 1))
    return codes


def _table() -> dict[str, ErrorEntry]:
    # Ranges first: a code with a row of its own keeps the more exact text.
    ranges_first = sorted(_ROWS, key=lambda row: "-" not in row[0])
    return {
        code: ErrorEntry(code, kind, retry, cause, fix)
        for spec, kind, retry, cause, fix in ranges_first
        for code in _expand(spec)
    }


ERRORS: Final[dict[str, ErrorEntry]] = _table()


def explain(code: int | str, text: str = "") -> ErrorEntry:
    """The entry of a code; for an unknown one `Rejected` with the platform's own `text` as cause."""
    known = ERRORS.get(str(code))
    if known is not None:
        return known
    return ErrorEntry(
        str(code),
        Rejected,
        "no",
        text or f"TikTok Shop refused with code {code}.",
        "Follow the text of TikTok Shop; if it does not help, quote the request id to its support.",
    )
