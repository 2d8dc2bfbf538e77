"""What the platform's product error codes mean for the merchant (tiktok-shop-api.md section 3.22).

Every one of them is a refusal of the content that was sent. A row names its codes (single ones and `first-last`
ranges), the cause, and the fix. `clients.tiktok.errors` puts them into the one table.
"""

from __future__ import annotations

from typing import Final

_CATEGORY_FIX: Final = "Choose another category in the template, or refresh the categories first."
_ATTRIBUTE_FIX: Final = "Fill in the attribute mapping of the category template."
_IMAGE_FIX: Final = "Replace the image: JPG, PNG or WEBP, 300 to 4000 pixels a side, at most 10 MB."
_VARIANT_FIX: Final = "Give every combination the same attributes, each with its own distinct set of values."
_CERTIFICATE_FIX: Final = "Add or replace the document in the category template."

# Refusals that pass by themselves: promotions, campaigns and reviews end. Named as in the table below.
LOCKS: Final = frozenset({"12019045 12052038", "12052393", "12052332", "12019056", "12019057"})

PRODUCT_REFUSALS: Final[tuple[tuple[str, str, str], ...]] = (
    # Text
    (
        "12019006 12052013",
        "The description is not valid or too long.",
        "Shorten the description to 10,000 characters of plain paragraphs and lists.",
    ),
    ("12052015", "The description is missing.", "Write a description or choose another source."),
    (
        "12052340-12052352",
        "The description breaks the rules for HTML or images.",
        "Keep to paragraphs, lists and bold text, and to at most 30 images.",
    ),
    (
        "12052346",
        "The description contains Chinese characters.",
        "Write the description in the language of the market.",
    ),
    (
        "12052051 12052261 12052262 12052263",
        "The title is too short, too long or has content that is not allowed.",
        "Change the title: 1 to 255 characters, or 25 to 255 in South-East Asia, as plain text.",
    ),
    (
        "12052056 12052235 12052236 12052237 12052238",
        "The description has images or links from outside TikTok Shop.",
        "Remove links, and let the connector upload the images.",
    ),
    (
        "12052151 12052152 12052153",
        "The text contains words that are not allowed.",
        "Remove the words from title and description.",
    ),
    (
        "12052365 12052366",
        "The language of the text does not match the market.",
        "Choose the language of the market in the connection's settings.",
    ),
    (
        "12052931-12052935",
        "A text has emoji, control characters, only symbols, or one character repeated many times.",
        "Clean the title and the description.",
    ),
    ("12052002-12052006", "A field has the wrong format.", "Correct the field named in the text."),
    # Package
    (
        "12019011 12019012 12052116 12052181",
        "Package weight or size is missing, zero or not valid.",
        "Fill in weight and size of the product, or set defaults in the category template.",
    ),
    (
        "12019060 12019061 12052915 12052916",
        "The unit of weight or size is unknown, or two systems of units are mixed.",
        "Use kilograms with centimetres, or in the US pounds with inches.",
    ),
    # Brand
    ("12019013", "The brand is not valid.", "Choose a brand from the list of the shop."),
    ("12052026", "The category needs a brand.", "Choose a brand in the category template."),
    (
        "12052200 12052201 12052207 12052208",
        "The shop is not authorized to sell this brand.",
        "Ask for authorization in Seller Center, or list without a brand.",
    ),
    # Stock and warehouses
    (
        "12019022",
        "A variant has no valid warehouse.",
        "Choose a sales warehouse for the connection.",
    ),
    (
        "12052115",
        "The shop has no sales warehouse.",
        "Create a warehouse in Seller Center, then refresh the warehouses.",
    ),
    (
        "12052530-12052535",
        "TikTok Shop refused the warehouse.",
        "Refresh the warehouses and choose an enabled sales warehouse.",
    ),
    (
        "12052533",
        "The warehouse of this product cannot be changed.",
        "Choose the warehouse the product was listed with.",
    ),
    (
        "12052535",
        "The shop has no return warehouse.",
        "Set up a return warehouse in Seller Center.",
    ),
    (
        "12019024 12052055",
        "The stock value is not valid or out of range.",
        "Use a whole number from 0 to 99,999.",
    ),
    (
        "12019028",
        "Stock has to be sent for all warehouses of the variant.",
        "Refresh the warehouses and send the stock again.",
    ),
    (
        "12052036",
        "The variant is not named in the request.",
        "Read the product back from TikTok Shop, then send again.",
    ),
    (
        "12052037",
        "The stock of this variant was not updated.",
        "Check that the variant's warehouses are the ones of the connection.",
    ),
    (
        "12052094",
        "The shop may not use several warehouses.",
        "Use one warehouse, or ask for several in Seller Center.",
    ),
    (
        "12052393",
        "The stock is below what a running campaign has reserved.",
        "Wait for the end of the campaign, or reduce its stock in Seller Center.",
    ),
    (
        "12052921",
        "The stock of this variant is kept by TikTok or shared between shops.",
        "Take the variant out of the stock synchronization.",
    ),
    # Prices
    (
        "12019045 12052038",
        "The price is locked by a promotion.",
        "Wait for the end of the promotion, or take the product out of it.",
    ),
    ("12052012 12052073", "The price is not valid.", "Correct the price rule or the price."),
    (
        "12052570",
        "The price is above the limit of the market.",
        "Lower the price below the limit of the market.",
    ),
    ("12052571", "The price is missing.", "Set a price for the product."),
    (
        "12052084",
        "The currency is not the currency of the shop.",
        "Set the market's currency and its rate in the connection's settings.",
    ),
    ("12052375", "The list price is not valid.", "Correct or leave out the list price."),
    (
        "12052383",
        "The list price is below the price.",
        "Make the list price at least as high as the price.",
    ),
    ("12052424", "The sale price is not valid.", "Leave the sale price out for local sellers."),
    ("12052495-12052498", "The deposit (Pfand) is missing or not valid.", "Set the deposit."),
    # Variants
    (
        "12019015",
        "The product has too many variants.",
        "Split the product: at most 300 variants, 100 in South-East Asia.",
    ),
    ("12052050", "The product has more than 100 variants.", "Split the product."),
    (
        "12019056",
        "Variants cannot be added now.",
        "Wait for the end of the promotion or of the review, then send again.",
    ),
    (
        "12019057",
        "Variants cannot be removed now.",
        "Wait for the end of the promotion or of the review, then send again.",
    ),
    (
        "12019059 12052054",
        "The SKU is not valid or too long.",
        "Use 6 to 50 letters, digits, hyphens and underscores.",
    ),
    (
        "12052520-12052529",
        "The variant attributes or their images break a limit.",
        "Reduce the variant attributes, and give images to one attribute only.",
    ),
    (
        "12052525",
        "The product has more than three variant attributes.",
        "Keep to three variant attributes, or split the product.",
    ),
    (
        "12052528",
        "More than one variant attribute has images.",
        "Give images to the values of one attribute only.",
    ),
    ("12052550", "The variants do not all have the same attributes.", _VARIANT_FIX),
    (
        "12052553 12052555 12052557 12052558 12052559 12052560",
        "Two variants share a name, a value, an id or a whole combination.",
        _VARIANT_FIX,
    ),
    ("12052902", "The product has no variant.", "Send at least one variant."),
    # Identifier codes
    (
        "12052591-12052600",
        "The identifier code (EAN, UPC, ISBN, GTIN) is not accepted.",
        "Correct the code, or ask for an exemption in Seller Center.",
    ),
    (
        "12052591",
        "The identifier code has the wrong format or check digit.",
        "Correct the EAN, UPC, ISBN or GTIN of the variant.",
    ),
    (
        "12052592",
        "The identifier code is used by another variant.",
        "Give every variant its own code, or send none.",
    ),
    (
        "12052593",
        "The identifier code cannot be changed once it is set.",
        "Put the former code back, or list the product anew.",
    ),
    # Requests
    (
        "12019027 12019087 12019120",
        "Too many products or SKUs in one request.",
        "Report the request id: this is a fault of the connector.",
    ),
    (
        "12019108 12019109 12019113",
        "The search was not accepted.",
        "Report the request id: this is a fault of the connector.",
    ),
    (
        "12052180",
        "The search finds more than 10,000 products.",
        "Search for a shorter period or one status at a time.",
    ),
    ("12052910", "A value of the request is not valid.", "Correct the value named in the text."),
    # Images
    (
        "12019116 12038014 12038015",
        "The image has the wrong dimensions for its use.",
        _IMAGE_FIX,
    ),
    ("12038002", "The file is empty.", "Replace the image or document."),
    ("12038004", "The file is too large.", _IMAGE_FIX),
    ("12038005", "The file format is not accepted.", _IMAGE_FIX),
    ("12052028", "The main image is missing.", "Add at least one image to the product."),
    (
        "12052300-12052306",
        "The main images break a rule of TikTok Shop.",
        "Use 1 to 9 images of 300 to 4000 pixels a side, square if possible.",
    ),
    (
        "12052722",
        "TikTok Shop no longer knows an uploaded image.",
        "Upload the product again: the connector then uploads the image anew.",
    ),
    # Product
    ("12019150", "The product id is not valid.", "Link the product again."),
    (
        "12052031 12052032 12052034 12052048 12052260",
        "The product id is missing, or the product is not in this shop.",
        "Check that the product still exists in Seller Center, and link it again.",
    ),
    ("12052163", "A gift product cannot be changed.", "Change it in Seller Center."),
    (
        "12052332",
        "The product is locked.",
        "Look in Seller Center why: a campaign or a review locks products.",
    ),
    ("12052369", "The external id is too long.", "Shorten the id to 999 characters."),
    (
        "12052996",
        "The external id is already in use.",
        "Search for the product that has it, and link it instead of listing again.",
    ),
    ("12052488", "The draft was not accepted.", "Delete the draft in Seller Center."),
    ("12052547", "No version of this product is under review.", "Read the live version."),
    (
        "12052603 12052604",
        "The time of the scheduled sale is not valid.",
        "Choose a time in the future.",
    ),
    (
        "12052901",
        "The status of the product does not allow this action.",
        "Read the product's status; frozen products can only be appealed in Seller Center.",
    ),
    (
        "12052990",
        "The product did not pass the checks.",
        "Correct what the listing check names, then send again.",
    ),
    # Categories and attributes
    ("12019064", "TikTok Shop has no category to recommend.", "Choose the category by hand."),
    ("12052023", "The category is missing.", _CATEGORY_FIX),
    ("12052024", "The category is not a last-level category.", _CATEGORY_FIX),
    ("12052025", "The category is not valid any more.", _CATEGORY_FIX),
    ("12052230", "The category is from another version of the category tree.", _CATEGORY_FIX),
    (
        "12052217",
        "This shop has to use the second version of the category tree.",
        "Set category version v2 for the connection and choose the category again.",
    ),
    (
        "12052220-12052227",
        "The shop is not permitted to sell in this category.",
        "Apply for the category in Seller Center, or choose another one.",
    ),
    (
        "12052222",
        "The category does not support cash on delivery.",
        "Switch cash on delivery off in the category template.",
    ),
    ("12052104", "A required attribute is missing.", _ATTRIBUTE_FIX),
    (
        "12052182 12052183",
        "An attribute is missing that another attribute's value makes required.",
        _ATTRIBUTE_FIX,
    ),
    ("12052240-12052256", "An attribute value is not allowed.", _ATTRIBUTE_FIX),
    # Documents
    ("12052105", "A certificate is missing.", _CERTIFICATE_FIX),
    ("12052385", "The expiry date of a certificate is missing or past.", _CERTIFICATE_FIX),
    ("12052650-12052658", "A certificate file is not accepted.", _CERTIFICATE_FIX),
    (
        "12052128",
        "The category needs a size chart.",
        "Add a size chart image or template to the category template.",
    ),
    (
        "12052670-12052673",
        "The size chart is not accepted.",
        "Replace the size chart of the category template.",
    ),
    (
        "12052282-12052290",
        "Manufacturer or responsible person is missing or not valid (EU product safety).",
        "Choose manufacturer and responsible person in the category template.",
    ),
    # Shop set-up
    (
        "12052402 12052405 12052420",
        "The shipping template of the shop is missing or not valid.",
        "Set up shipping in Seller Center.",
    ),
    ("12052419", "The shop is not set up completely.", "Finish the tasks in Seller Center."),
    ("12052700", "The seller is not active.", "Check the state of the shop in Seller Center."),
    (
        "12052701",
        "Cross-border sellers may not do this.",
        "List the product in Seller Center of the home market.",
    ),
)
