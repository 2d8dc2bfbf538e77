"""What a handler gets, and what an endpoint is: path, versions, scope, cipher rule and shapes as data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.tiktok.world import Shop, TikTokWorld


class Cipher(Enum):
    """Whether `shop_cipher` must, must not or may come with a call (sheet 0.1)."""

    REQUIRED = "required"
    FORBIDDEN = "forbidden"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Upload:
    filename: str
    content_type: str
    content: bytes


@dataclass(slots=True)
class Call:
    """One checked request. `shop` is the one named by the cipher, the seller's first where no cipher is taken."""

    world: "TikTokWorld"
    shop: "Shop"
    method: str
    full_path: str
    path: dict[str, str]
    query: dict[str, Any]
    body: dict[str, Any]
    form: dict[str, str] = field(default_factory=dict)
    upload: Upload | None = None

    @property
    def language(self) -> str:
        """Language of platform texts: the `locale` asked for, else the market's."""
        return str(self.query.get("locale") or self.body.get("locale") or self.shop.market.locale)[:2]

    def fault(self, kind: str) -> bool:
        return self.world.faults.draw(kind, self.method, self.full_path)

    def struck_items(self, number: int) -> range:
        """Positions of a batch that a drawn fault refuses: the first, every second one beginning with it, or none."""
        if self.fault("half_item_errors"):
            return range(0, number, 2)
        return range(min(number, 1)) if self.fault("item_errors") else range(0)


Handler = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call of the API. `path` holds `{version}` and ids in braces; `kind` picks the rate limit."""

    method: str
    path: str
    handler: Handler
    versions: tuple[str, ...] = ("202309",)
    scope: str = "seller.product.basic"
    cipher: Cipher = Cipher.REQUIRED
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    multipart: bool = False

    @property
    def kind(self) -> str:
        reads = self.method == "GET" or self.path.endswith(("/search", "_search", "/recommend", "/listing_check"))
        return "read" if reads else "write"


PRODUCT_WRITE = "seller.product.write"
PRODUCT_BASIC = "seller.product.basic"
