"""What the platform's codes about orders, cancellations and shipping mean for the merchant.

Source: tiktok-shop-api.md sections 4.1, 4.2, 4.10, 4.11 and 5.9. Every one of them is a refusal of what was sent. A row
names its codes (single ones and `first-last` ranges), the cause, and the fix; `clients.tiktok.errors` puts them into
the one table.
"""

from __future__ import annotations

from typing import Final

_CONNECTOR: Final = "Report the request id: this is a fault of the connector."
_READ_BACK: Final = "Nothing to do: the connector reads the order back and goes on from there."
_REASON_FIX: Final = "Choose one of the reasons TikTok Shop offers for this order now."
_TRACKING_FIX: Final = (
    "Check carrier and tracking number of the order in PrestaShop and the carrier mapping: 4 to 50 letters, digits, "
    "hyphens, underscores, dots and slashes."
)
_SELLER_CENTER: Final = "Look at the order in Seller Center; it shows what may still be done."
_SPLIT_FIX: Final = "Split the order into packages in Seller Center, or send it as one package."

# Refusals that pass by themselves: the remorse period and a request under way end. Named as in the table below.
ORDER_LOCKS: Final = frozenset({"21011044", "21011007", "25001011", "21011029"})

ORDER_REFUSALS: Final[tuple[tuple[str, str, str], ...]] = (
    # Searching and reading orders
    ("10002014 10002015", "TikTok Shop found the search for orders invalid.", _CONNECTOR),
    ("10037002-10037004", "TikTok Shop refused the search for orders.", _CONNECTOR),
    (
        "21008111",
        "The order belongs to another seller.",
        "Check the chosen shop of the connection; the order was perhaps imported from another one.",
    ),
    # Cancelling
    ("25001001", "TikTok Shop found the cancellation or return invalid.", _CONNECTOR),
    (
        "25001003",
        "The status of the order does not allow this.",
        "Nothing to do: the connector reads the order again; look at it in Seller Center if it should be cancelled.",
    ),
    (
        "25001011",
        "A cancellation of this order is under way already.",
        "Nothing to do: the connector waits for its end.",
    ),
    ("25001014", "TikTok Shop does not know this reason for a cancellation.", _REASON_FIX),
    ("25001015", "This reason for a cancellation is not for sellers.", _REASON_FIX),
    ("25001020", "This reason for a cancellation is no longer in use.", _REASON_FIX),
    ("25001021", "This reason for a cancellation does not fit the status of the order.", _REASON_FIX),
    (
        "25001045",
        "The order is shipped already and can no longer be cancelled.",
        "Stop the parcel, or let the buyer return it: refunds now run through returns in Seller Center.",
    ),
    ("25001046", "TikTok Shop's risk control stopped the cancellation.", "Cancel the order in Seller Center."),
    ("25001051", "The order is finished or cancelled already.", _READ_BACK),
    ("25005010", "A line of the cancellation is not one of this order.", _READ_BACK),
    (
        "25005011",
        "The lines of the order cannot be cancelled like this.",
        "Cancel the whole order, or these lines in Seller Center.",
    ),
    # A buyer's request
    ("25007006", "TikTok Shop does not find the request.", _READ_BACK),
    (
        "25011011",
        "The buyer's request can no longer be refused.",
        "Nothing to do: it was decided meanwhile, the connector reads it again.",
    ),
    (
        "25011012",
        "The buyer's request can no longer be granted.",
        "Nothing to do: it was decided meanwhile, the connector reads it again.",
    ),
    (
        "25020005",
        "The shop has no permission for this request.",
        "Check the chosen shop and the rights of the app; answer the request in Seller Center meanwhile.",
    ),
    ("25020010", "The buyer's request was granted already.", _READ_BACK),
    # Shipping
    ("21001001 21011005", "TikTok Shop found the shipping data invalid.", _CONNECTOR),
    (
        "21003002 21011035 11006013 11006014",
        "TikTok Shop refused to split the order.",
        _SPLIT_FIX,
    ),
    (
        "21004024",
        "The order has to be split into packages before it can be shipped.",
        "Split the order into packages in Seller Center; the connector then ships each.",
    ),
    (
        "21008025",
        "The order is fulfilled by TikTok Shop.",
        "Nothing to do: TikTok Shop ships it from its own warehouse.",
    ),
    (
        "21008106",
        "This way of shipping is not for the shop's market or kind of business.",
        "Check the market of the connection; else ship the order in Seller Center.",
    ),
    (
        "21008044 21011041",
        "TikTok Shop no longer accepts this because the order is shipped.",
        _READ_BACK,
    ),
    ("21011001", "TikTok Shop does not find the package.", _READ_BACK),
    (
        "21011004",
        "The package is not shipped by the seller: TikTok Shop arranges its label.",
        "Arrange the shipment in Seller Center; a number of an own carrier is not accepted.",
    ),
    ("21011006", "The package is shipped already.", _READ_BACK),
    (
        "21011007",
        "The buyer has asked for a cancellation or return that is not answered yet.",
        "Grant or refuse the buyer's request first; the connector then ships the order.",
    ),
    (
        "21011010 21011013 21011015",
        "The order is about to be cancelled and cannot be shipped.",
        "Do not send the parcel; " + _SELLER_CENTER[0].lower() + _SELLER_CENTER[1:],
    ),
    ("21011022", "Tracking number or carrier is not valid.", _TRACKING_FIX),
    (
        "21011029",
        "The carrier is not available at the moment.",
        "Try again later, or choose another carrier in the carrier mapping.",
    ),
    ("21011030", "The order is delivered already.", _READ_BACK),
    (
        "21011037",
        "TikTok Shop offers no shipping service for this order.",
        "Choose a shipping service in Seller Center.",
    ),
    (
        "21011043",
        "The order is not shipped yet, so its tracking number cannot be corrected.",
        "Nothing to do: the connector ships it with the present number.",
    ),
    (
        "21011044",
        "The order is on hold: the buyer may still cancel it freely.",
        "Nothing to do: the connector ships it when the hold ends, usually after an hour.",
    ),
    (
        "21011048",
        "The order has several packages.",
        "Nothing to do: the connector corrects each package by itself.",
    ),
    (
        "21011050-21011052",
        "The tracking number can no longer be changed: there is a limit of changes, and of 72 hours after shipping.",
        "Compare the number in Seller Center; if it is wrong, ask the platform's support.",
    ),
    ("21011053", "The chosen time for the pickup is not valid.", "Choose another time in Seller Center."),
    (
        "21042102",
        "The label can no longer be printed: the parcel was collected.",
        "Nothing to do if the parcel is on its way.",
    ),
    (
        "21042104",
        "The label cannot be printed yet: the shipment is not arranged.",
        "Arrange the shipment in Seller Center first.",
    ),
    ("10007014", "TikTok Shop has frozen the package.", _SELLER_CENTER),
    (
        "11007016 11007018 11007021",
        "The tracking data of the seller's own delivery are not valid.",
        _TRACKING_FIX,
    ),
)
