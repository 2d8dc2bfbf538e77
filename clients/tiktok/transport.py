"""One signed call with everything around it: budget, token, version, retry."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Final

import httpx
import orjson
import stamina

from clients.budget import CallBudget
from clients.doubt import Doubt
from clients.errors import (
    ConfigurationFault,
    ReauthorizationNeeded,
    Retryable,
    ShopError,
    Throttled,
    TokenExpired,
    Uncertain,
    is_worth_repeating,
)
from clients.tiktok.answers import Answer, Call, Clock, Json, open_answer, send
from clients.tiktok.auth import App, Credentials
from clients.tiktok.endpoints import Endpoint
from clients.tiktok.signing import encode_query, sign

API_URL: Final = "https://open-api.tiktokglobalshop.com"

_UNKNOWN_VERSION: Final = frozenset({"36009009", "36009014"})
_ATTEMPTS: Final = 6
# Seconds that a call waits at the platform's wish.
_LONGEST_WAIT: Final = 300.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart body: one file part named `data`, and plain fields."""

    content: bytes = field(repr=False)
    filename: str
    media_type: str
    fields: dict[str, str]


class Transport:
    """Sends calls of the endpoint table for one seller and one shop. Safe to share between threads."""

    def __init__(
        self,
        app: App,
        credentials: Credentials,
        *,
        shop_cipher: str | None,
        api_url: str,
        budget: CallBudget,
        http: httpx.Client,
        clock: Clock,
        timeout: float,
        oldest_versions: bool,
        doubt: Doubt | None,
    ) -> None:
        self._app = app
        self._credentials = credentials
        self._shop_cipher = shop_cipher
        self._base = api_url.rstrip("/")
        self._budget = budget
        self._http = http
        self._clock = clock
        self._timeout = timeout
        self._oldest = oldest_versions
        self._doubt = doubt
        self._versions: dict[Endpoint, str] = {}
        self.answered_at: datetime | None = None

    def call(
        self,
        endpoint: Endpoint,
        *,
        ids: dict[str, str] | None = None,
        query: Mapping[str, object] | None = None,
        body: Json | None = None,
        upload: Upload | None = None,
    ) -> Answer:
        """Make the call, trying again where that is safe.

        Args:
            endpoint: a row of the endpoint table.
            ids: what fills the braces of its path.
            query: parameters besides the common ones; None values are left out, lists are comma-joined.
            body: JSON body, serialised once: the bytes signed are the bytes sent.
            upload: multipart body instead of a JSON one.

        Raises:
            ShopError: one of the tree of `clients.errors`.
        """
        params = _texts(query or {})
        content = b"" if body is None else orjson.dumps(body)
        for attempt in stamina.retry_context(
            on=_wait, attempts=_ATTEMPTS, timeout=None, wait_initial=1.0, wait_max=60.0, wait_jitter=1.0
        ):
            with attempt:
                answer = self._in_version(endpoint, ids or {}, params, content, upload)
        return answer

    def _in_version(
        self, endpoint: Endpoint, ids: dict[str, str], params: dict[str, str], content: bytes, upload: Upload | None
    ) -> Answer:
        """Use the newest version the platform knows, and remember it."""
        version = self._versions.get(endpoint, endpoint.versions[-1 if self._oldest else 0])
        try:
            return self._with_token(endpoint, endpoint.path(version, ids), params, content, upload)
        except ConfigurationFault as error:
            older = endpoint.versions[endpoint.versions.index(version) + 1 :]
            if error.code not in _UNKNOWN_VERSION or not older:
                raise
            logger.info("%s has no version %s here, using %s", endpoint.template, version, older[0])
        self._versions[endpoint] = older[0]
        return self._in_version(endpoint, ids, params, content, upload)

    def _with_token(
        self, endpoint: Endpoint, path: str, params: dict[str, str], content: bytes, upload: Upload | None
    ) -> Answer:
        """Replay once with another token when the platform refuses the present one."""
        token = self._credentials.token()
        try:
            return self._once(endpoint, path, params, content, upload, token)
        except TokenExpired:
            token = self._credentials.replace(token)
        try:
            return self._once(endpoint, path, params, content, upload, token)
        except TokenExpired as error:
            raise ReauthorizationNeeded(
                f"{error} (with a fresh token)",
                shop="tiktok",
                code=error.code,
                request_id=error.request_id,
                cause="TikTok Shop refuses even a fresh access token.",
                fix="Authorize the shop again: open the consent link and approve.",
            ) from None

    def _once(
        self,
        endpoint: Endpoint,
        path: str,
        params: dict[str, str],
        content: bytes,
        upload: Upload | None,
        token: str,
    ) -> Answer:
        if self._doubt is not None:
            self._doubt.clear_up(self._base)
        self._budget.acquire(endpoint.kind)
        request, signature = self._request(endpoint, path, params, content, upload, token)
        call = Call(f"{endpoint.method} {path}", endpoint.repeatable, (self._app.app_secret, token, signature))
        started = perf_counter()
        try:
            answer = open_answer(send(self._http, request, call), call, self._clock)
        except ShopError as error:
            self._log(call, started, error.code, error.request_id)
            if isinstance(error, Throttled):
                self._budget.throttled(endpoint.kind, error.retry_after)
            elif not isinstance(error, Retryable | Uncertain):
                # Refused for what it says, not for coming too soon.
                self._budget.succeeded(endpoint.kind)
            raise
        self._log(call, started, "0", answer.request_id)
        self._budget.succeeded(endpoint.kind)
        self.answered_at = self._clock()
        return answer

    def _request(
        self,
        endpoint: Endpoint,
        path: str,
        params: dict[str, str],
        content: bytes,
        upload: Upload | None,
        token: str,
    ) -> tuple[httpx.Request, str]:
        query = {"app_key": self._app.app_key, "timestamp": str(int(self._clock().timestamp())), **params}
        if endpoint.cipher:
            query["shop_cipher"] = self._cipher()
        query["sign"] = sign(self._app.app_secret, path, query, content, multipart=upload is not None)
        url = f"{self._base}{path}?{encode_query(query)}"
        headers = {"x-tts-access-token": token}
        if upload is not None:
            request = self._http.build_request(
                endpoint.method,
                url,
                headers=headers,
                data=upload.fields,
                files={"data": (upload.filename, upload.content, upload.media_type)},
                timeout=self._timeout,
            )
        else:
            if content:
                headers["content-type"] = "application/json"
            request = self._http.build_request(
                endpoint.method, url, headers=headers, content=content or None, timeout=self._timeout
            )
        return request, query["sign"]

    def _cipher(self) -> str:
        if not self._shop_cipher:
            raise ConfigurationFault(
                "the call needs shop_cipher and none is set",
                shop="tiktok",
                code="no-shop",
                cause="No shop is chosen for this connection.",
                fix="Choose the shop from the list of authorized shops.",
            )
        return self._shop_cipher

    @staticmethod
    def _log(call: Call, started: float, code: str, request_id: str) -> None:
        logger.debug(
            "%s code=%s request_id=%s %.0f ms", call.label, code, request_id, (perf_counter() - started) * 1000
        )


def _wait(error: Exception) -> bool | float:
    """Whether to try again: exponential backoff with jitter, or as long as the platform asks for.

    Who asks for more is left in peace: the budget holds back, and the run does not keep others waiting meanwhile.
    """
    if isinstance(error, Throttled) and error.retry_after is not None:
        return error.retry_after if error.retry_after <= _LONGEST_WAIT else False
    return is_worth_repeating(error)


def _texts(query: Mapping[str, object]) -> dict[str, str]:
    """Parameters as the platform reads them. Empty ones are never sent: `page_token=` is refused on page one."""
    texts: dict[str, str] = {}
    for name, value in query.items():
        if value is None or value == "":
            continue
        if isinstance(value, bool):
            texts[name] = "true" if value else "false"
        elif isinstance(value, (list, tuple)):
            texts[name] = ",".join(str(item) for item in value)
        else:
            texts[name] = str(value)
    return texts
