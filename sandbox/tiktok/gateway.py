"""The API gateway: the checks every call passes before its handler, in the order of sheet 1.9."""

import json
import re
from collections.abc import Sequence
from typing import Any

import orjson
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from sandbox.tiktok import signing
from sandbox.tiktok.call import Call, Cipher, Endpoint, Upload
from sandbox.tiktok.errors import ApiError, invalid_parameter
from sandbox.tiktok.shapes import check, read_query
from sandbox.tiktok.world import Shop, TikTokWorld

# Parameters of every call. `shop_id`, `version` and `access_token` are leftovers of the 202212 API.
COMMON = frozenset({"app_key", "timestamp", "sign", "shop_cipher", "access_token", "shop_id", "version"})
OLDEST, NEWEST = 300, 30  # seconds a timestamp may lie behind and ahead


class Gateway:
    """Routes signed calls to the handlers of `endpoints` and wraps their answers in the envelope."""

    def __init__(self, world: TikTokWorld, endpoints: Sequence[Endpoint]) -> None:
        self._world = world
        self._routes = [(_pattern(endpoint), endpoint) for endpoint in endpoints]

    async def __call__(self, request: Request) -> Response:
        world = self._world
        raw = await request.body()
        headers: dict[str, str] = {}
        try:
            endpoint, ids = self._route(request.method, request.url.path)
            form = await _form(request) if endpoint.multipart else {}
            with world.lock:
                world.calls[f"{endpoint.method} {endpoint.path}"] += 1
                shop, pairs = self._admit(request, endpoint, raw)
                if not world.limits.allows(endpoint.kind, world.clock()):
                    world.throttled += 1
                    if world.limits.retry_after is not None:
                        headers["retry-after"] = str(world.limits.retry_after)
                    raise ApiError(36009002, "Too many requests", 429)
                call = _call(world, shop, endpoint, request, ids, pairs, raw, form)
                for any_shop in world.shops:
                    any_shop.shelf.settle()
                    any_shop.book.settle()
                data = endpoint.handler(call)
                return self.success(data)
        except ApiError as error:
            return self.refusal(error, headers)

    def _route(self, method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
        known = False
        for pattern, endpoint in self._routes:
            if match := pattern.fullmatch(path):
                known = True
                if endpoint.method == method:
                    return endpoint, match.groupdict()
        if known:
            raise ApiError(36009010, "The method is not allowed on this path", 405)
        raise ApiError(36009009, "Invalid path", 404)

    def _admit(self, request: Request, endpoint: Endpoint, raw: bytes) -> tuple[Shop, list[tuple[str, str]]]:
        """App key, timestamp, signature, token, scope, cipher, caller's address: the shop that is meant."""
        world = self._world
        pairs = signing.query_pairs(request.url.query)
        query = dict(pairs)
        if query.get("app_key") != world.app_key:
            raise ApiError(36009004, "Invalid app_key", 400)
        _check_timestamp(query.get("timestamp", ""), int(world.clock().timestamp()))
        if not query.get("sign"):
            raise ApiError(36009004, "The 'sign' query parameter is missing", 400)
        signed_body = b"" if endpoint.multipart or request.method == "GET" else raw
        if not signing.matches(query["sign"], world.app_secret, request.url.path, pairs, signed_body):
            raise ApiError(106001, "Invalid credentials. The 'sign' query parameter is invalid.", 401)
        token = request.headers.get("x-tts-access-token", "")
        if not token:
            raise ApiError(105001, "The access token is missing", 401)
        grant = world.tokens.of_access_token(token)
        if world.faults.draw("token_expired", request.method, request.url.path):
            raise ApiError(105002, "Expired credentials", 401)
        if endpoint.scope and endpoint.scope not in grant.scopes:
            raise ApiError(105005, "Access denied: the scope of this path was not granted", 401)
        shop = _shop(world, endpoint, query.get("shop_cipher"))
        if world.ip_allow_list is not None:
            address = request.client.host if request.client else ""
            if address not in world.ip_allow_list:
                raise ApiError(36009033, "The caller's address is not on the app's allow-list", 403)
        return shop, pairs

    def success(self, data: Any) -> Response:
        envelope = {"code": 0, "message": "Success", "request_id": self._world.request_id(), "data": data or {}}
        if not data and self._world.empty_data != "object":
            if self._world.empty_data == "null":
                envelope["data"] = None
            else:
                del envelope["data"]
        return _json(envelope, 200, {})

    def refusal(self, error: ApiError, headers: dict[str, str] | None = None) -> Response:
        envelope = {
            "code": error.code,
            "message": error.message,
            "request_id": self._world.request_id(),
            "data": None,
        }
        return _json(envelope, error.http, headers or {})


def _json(content: Any, status: int, headers: dict[str, str]) -> Response:
    return Response(orjson.dumps(content), status, headers, media_type="application/json")


def _pattern(endpoint: Endpoint) -> re.Pattern[str]:
    versions = f"(?:{'|'.join(endpoint.versions)})"
    parts = []
    for part in endpoint.path.split("/"):
        if part == "{version}":
            parts.append(versions)
        elif part.startswith("{"):
            parts.append(rf"(?P<{part[1:-1]}>[^/]+)")
        else:
            parts.append(re.escape(part))
    return re.compile("/".join(parts))


def _check_timestamp(text: str, now: int) -> None:
    if not text.isdigit() or not now - OLDEST <= int(text) <= now + NEWEST:
        raise ApiError(36009004, "Invalid timestamp", 400)


def _shop(world: TikTokWorld, endpoint: Endpoint, cipher: str | None) -> Shop:
    if cipher is None:
        if endpoint.cipher is Cipher.REQUIRED:
            raise ApiError(106013, "shop_cipher is missing", 400)
        return world.shop
    if endpoint.cipher is Cipher.FORBIDDEN:
        raise ApiError(36009004, "Invalid request", 400)
    for shop in world.shops:
        if shop.cipher == cipher:
            return shop
    raise ApiError(36009004, "Invalid shop_cipher", 400)


async def _form(request: Request) -> dict[str, str | Upload]:
    content_type = request.headers.get("content-type", "")
    if not content_type.startswith("multipart/form-data"):
        raise _wrong_content_type(content_type)
    form: dict[str, str | Upload] = {}
    async with request.form() as sent:
        for key, value in sent.multi_items():
            if isinstance(value, UploadFile):
                form[key] = Upload(value.filename or "", value.content_type or "", await value.read())
            else:
                form[key] = value
    return form


def _wrong_content_type(content_type: str) -> ApiError:
    code = 36009023 if content_type else 36009022
    return ApiError(code, "The content type is missing or not supported", 415)


def _call(
    world: TikTokWorld,
    shop: Shop,
    endpoint: Endpoint,
    request: Request,
    ids: dict[str, str],
    pairs: list[tuple[str, str]],
    raw: bytes,
    form: dict[str, str | Upload],
) -> Call:
    """Parameter validation: unknown or ill-typed ones are 36009004."""
    query = read_query([pair for pair in pairs if pair[0] not in COMMON], endpoint.query)
    body: Any = {}
    if endpoint.body is not None:
        if raw:
            content_type = request.headers.get("content-type", "")
            if not content_type.startswith("application/json"):
                raise _wrong_content_type(content_type)
            try:
                body = json.loads(raw)
            except ValueError:
                raise invalid_parameter("body") from None
        check(body, endpoint.body)
        body = {key: value for key, value in body.items() if value is not None}
    upload = form.get("data")
    return Call(
        world=world,
        shop=shop,
        method=request.method,
        full_path=request.url.path,
        path=ids,
        query=query,
        body=body,
        form={key: value for key, value in form.items() if isinstance(value, str)},
        upload=upload if isinstance(upload, Upload) else None,
    )
