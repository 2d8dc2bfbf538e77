"""The one error tree of both shops' clients.

::

    ShopError                       carries shop, code, request_id, cause, fix
    ├── Retryable                   the same call may be sent again, nothing happened
    │   ├── Throttled               too many calls; retry_after in seconds if the shop said so
    │   ├── Unavailable             5xx, HTML pages, maintenance, broken connection before the request left
    │   │   └── Silent              it did not answer lately, and does not answer a knock: not to be tried again soon
    │   └── TimedOut                a read that got no answer in time
    ├── AuthorizationError          exit status 3 on the command line
    │   ├── TokenExpired            refresh, then replay
    │   ├── ReauthorizationNeeded   a person has to give consent again
    │   └── AccessDenied            wrong key, missing right or scope, blocked address
    ├── Rejected                    permanent: the shop refused this content; `code` says why
    ├── ConfigurationFault          wrong URL, redirecting host, wrong shop, webservice off: a person has to act
    └── Uncertain                   the write may have happened: look before repeating
        └── PartlyStored            one object of several was refused, those before it are stored: repeat none blind

`cause` and `fix` are written for the merchant, from the error table of the shop (K8); `str(error)` is for the log.
Neither ever holds a key, a token, a signature or a buyer's data: clients build messages from codes and paths only.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeGuard

from config.errors import ForPeople

Shop = Literal["prestashop", "tiktok"]
NAMES: Final[dict[Shop, str]] = {"prestashop": "PrestaShop", "tiktok": "TikTok Shop"}
"""As people call them."""


class ShopError(ForPeople):
    """A call to one of the shops that did not do what was asked.

    Args:
        message: for the log; no secrets, no personal data.
        shop: which shop answered.
        code: the shop's own error code as text ("36009002", "85", "http-503"), "" when there is none.
        request_id: the shop's id of the exchange, to quote to its support ("" when there is none).
        cause: what happened, in the merchant's words.
        fix: what to do about it, in the merchant's words.
    """

    def __init__(
        self,
        message: str,
        *,
        shop: Shop,
        code: str = "",
        request_id: str = "",
        cause: str = "",
        fix: str = "",
    ) -> None:
        super().__init__(message)
        self.shop: Shop = shop
        self.code = code
        self.request_id = request_id
        self.cause = cause or message
        self.fix = fix

    @property
    def told(self) -> str:
        """Cause and fix in one line, for people; the shop is named."""
        shop = NAMES[self.shop]
        cause = self.cause if shop in f"{self.cause} {self.fix}" else f"{shop}: {self.cause}"
        request = f"(request {self.request_id})" if self.request_id else ""
        return " ".join(part for part in (cause, self.fix, request) if part)

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are rebuilt from their positional arguments alone; these have keyword ones.
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[ShopError], arguments: tuple[Any, ...], attributes: dict[str, Any]) -> ShopError:
    """An error that crossed a process boundary."""
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(attributes)
    return error


class Retryable(ShopError):
    """Nothing happened on the other side; the same call may be sent again."""


class Throttled(Retryable):
    """Too many calls. `retry_after` is in seconds, None when the shop did not say."""

    def __init__(
        self,
        message: str,
        *,
        shop: Shop,
        code: str = "",
        request_id: str = "",
        cause: str = "",
        fix: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, shop=shop, code=code, request_id=request_id, cause=cause, fix=fix)
        self.retry_after = retry_after


class Unavailable(Retryable):
    """The shop or something in front of it cannot answer now."""


class Silent(Unavailable):
    """The shop did not answer lately and still does not: trying again soon only makes others wait (clients.doubt)."""


def is_worth_repeating(error: Exception) -> TypeGuard[Retryable]:
    """Whether to make the same call again in this run."""
    return isinstance(error, Retryable) and not isinstance(error, Silent)


class TimedOut(Retryable):
    """A read that got no answer in time."""


class AuthorizationError(ShopError):
    """The shop does not let us in."""


class TokenExpired(AuthorizationError):
    """The access token is no longer valid: refresh and replay."""


class ReauthorizationNeeded(AuthorizationError):
    """Refreshing is no longer possible: the merchant has to give consent again."""


class AccessDenied(AuthorizationError):
    """Wrong key, missing right or scope, or an address that is not allowed."""


class Rejected(ShopError):
    """The shop understood and refused. Repeating the same content gives the same answer."""


class ConfigurationFault(ShopError):
    """The connection itself is set up wrongly (URL, host, shop, region); a person has to change it."""


class Uncertain(ShopError):
    """A write without a clear answer: it may have happened. Never repeat it blind, look first."""


class PartlyStored(Uncertain):
    """A write of several objects in one body of which one was refused: those before it are stored, with unknown ids.

    `code`, `cause` and `fix` are those of the refusal, which is final for the refused object. Look which ones are
    there, then send the others one by one: that tells which one it is.
    """
