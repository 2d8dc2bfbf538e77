"""One webservice request from key to answer, in core's order: switch, key, shop, language, resource, verb, action."""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from sandbox.prestashop import image_routes, json_view, timing, writing, xml_view
from sandbox.prestashop.errors import FatalError, NotFound, WebserviceError, did_you_mean, php_warning
from sandbox.prestashop.fields import Resource
from sandbox.prestashop.filters import parse_filters
from sandbox.prestashop.image_routes import Picture
from sandbox.prestashop.pricing import parse_prices
from sandbox.prestashop.query import (
    FULL,
    Query,
    parse_display,
    parse_languages,
    parse_limit,
    parse_query,
    parse_sort,
)
from sandbox.prestashop.resources import DESCRIPTIONS, WITHOUT_SCHEMA, definitions, resource_names
from sandbox.prestashop.selection import Scope, select, visible_test
from sandbox.prestashop.shop import Account, Shop
from sandbox.prestashop.view import View, make_view

Format = Literal["JSON", "XML"]

_REALM = (
    'Basic realm="Welcome to PrestaShop Webservice, please enter the authentication key as the login. '
    'No password required."'
)
_HTML = {"Content-Type": "text/html; charset=utf-8"}
_KEY_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    segments: list[str]
    query_text: str
    headers: dict[str, str]
    body: bytes
    parallel_order: bool = False
    """Whether this is a POST of an order while another one is being answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`cost` is how long a real shop would have taken, `changed` whether something was stored."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    cost: float = timing.REQUEST
    changed: bool = False


@dataclass(slots=True)
class Exchange:
    """A request being answered."""

    call: Call
    query: Query
    method: str
    format: Format
    started: float
    account: Account | None = None
    scope: Scope = field(default_factory=lambda: Scope(1, frozenset({1}), (1,)))
    authenticated: bool = False
    cost: float = timing.REQUEST
    changed: bool = False


class Webservice:
    """Answers calls on a shop."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def answer(self, call: Call) -> Answer:
        query = parse_query(call.query_text)
        method = str(query["ps_method"]) if query.get("ps_method") else call.method
        exchange = Exchange(call, query, method, _format(call, query), time.perf_counter())
        if call.method == "OPTIONS" and self.shop.major >= 9:
            return Answer(200, {**_HTML, "Access-Control-Allow-Headers": "Authorization, Content-Type"}, b"200 OK")
        key = _key(call, query)
        if key is None:
            return Answer(401, {**_HTML, "X-Powered-By": "PHP/8.2.36", "WWW-Authenticate": _REALM}, b"401 Unauthorized")
        try:
            return self._finish(exchange, 201 if exchange.method == "POST" else 200, self._act(exchange, key))
        except NotFound:
            return self._finish(exchange, 404, b"")
        except FatalError as death:
            headers = {**_HTML, "X-Powered-By": "PHP/8.2.36"}
            return Answer(500, headers, death.text.encode(), exchange.cost, exchange.changed)
        except WebserviceError as error:
            return self._fail(exchange, error)

    def php_warning(self, call: Call) -> Answer:
        """The work is done, yet PHP complained on the way: 500 with the warning as an error."""
        query = parse_query(call.query_text)
        exchange = Exchange(call, query, call.method, _format(call, query), time.perf_counter(), authenticated=True)
        code, message = php_warning('Undefined array key "quantity"', 2143, "../Product.php")
        return replace(self._fail(exchange, WebserviceError(500, code, message)), changed=True)

    def died(self, answer: Answer) -> Answer:
        """The work is done, yet a module of the shop ended PHP on the way with a sentence of its own."""
        headers = {**_HTML, "X-Powered-By": "PHP/8.2.36"}
        return replace(answer, status=500, headers=headers, body=b"Module ps_demo: the remote service is unreachable.")

    def with_notice(self, answer: Answer) -> Answer:
        """PHP printed a notice before the body: the type changes too, as core does then."""
        where = b"<b>/var/www/html/classes/Context.php</b> on line <b>87</b>"
        notice = b"<br />\n<b>Notice</b>:  Undefined index: id_lang in " + where + b"<br />\n"
        headers = {**answer.headers, "Content-Type": "application/javascript"}
        return replace(answer, headers=headers, body=notice + answer.body)

    # --- the steps ----------------------------------------------------------------------------------------------

    def _act(self, exchange: Exchange, key: str) -> bytes | Picture:
        shop, call, query = self.shop, exchange.call, exchange.query
        if not shop.webservice_enabled:
            message = "The PrestaShop webservice is disabled. Please activate it in the PrestaShop Back Office"
            raise WebserviceError(503, 22, message)
        exchange.account = account = self._authenticate(key)
        exchange.authenticated = True
        id_shop, shops = self._shops(query, account)
        languages = tuple(parse_languages(query, shop.languages()))
        exchange.scope = Scope(id_shop, shops, languages)
        name = call.segments[0]
        self._check_resource(name, account)
        self._check_verb(name, exchange.method, account)
        if name == "":
            return self._root(exchange, account)
        if name == "images":
            return self._images(exchange)
        resource = definitions(shop.major).get(name)
        if resource is None:
            # A resource this sandbox keeps no data for.
            raise WebserviceError(501, 124, f'The sandbox has no resource "{name}"')
        if exchange.method in ("GET", "HEAD"):
            return self._read(exchange, resource)
        if exchange.method == "DELETE":
            return self._delete(exchange, resource)
        return self._write(exchange, resource)

    def _as_marked(self, resource: Resource) -> Resource:
        """The resource as this shop's schema shows it: with the fields its merchant marked as required."""
        marked = self.shop.required_fields.get(resource.name)
        if not marked:
            return resource
        fields = tuple(replace(item, required=True) if item.name in marked else item for item in resource.fields)
        return replace(resource, fields=fields)

    def _authenticate(self, key: str) -> Account:
        if key == "":
            raise WebserviceError(401, 17, "Authentication key is empty")
        if len(key) != _KEY_LENGTH:
            raise WebserviceError(401, 18, "Invalid authentication key format")
        account = self.shop.accounts.get(key)
        without = (21, "No permission for this authentication key")
        if account is None or not account.active:
            raise WebserviceError(401, 20, "Authentification key is not active", [without])
        if not account.permissions:
            raise WebserviceError(401, *without)
        return account

    def _shops(self, query: Query, account: Account) -> tuple[int, frozenset[int]]:
        """The shop read and the shops selected, from id_shop and id_shop_group."""
        shops, groups = self.shop.tables["shops"], self.shop.tables["shop_groups"]
        default = int(self.shop.setting("PS_SHOP_DEFAULT", "1"))
        asked = query.get("id_shop")
        group = query.get("id_shop_group", query.get("id_group_shop"))
        selected = frozenset({default})
        if group is not None:
            if not str(group).isdigit() or int(group) not in groups:
                raise WebserviceError(404, 999, "This group shop does not exists")
            members = {row_id for row_id, row in shops.rows.items() if shops.value(row, "id_shop_group") == int(group)}
            if not members:
                raise WebserviceError(500, 999, "This group shop doesn't have shops")
            selected = frozenset(members)
        if asked == "all" and self.shop.major >= 8:
            selected = frozenset(shops.ids)
        elif asked is not None:
            if not str(asked).isdigit() or int(asked) not in shops:
                raise WebserviceError(404, 999, "This shop id does not exists")
            selected = frozenset({int(asked)})
        if not selected & account.shops:
            message = "No permission for this authentication key on this shop"
            raise WebserviceError(403, 132, message)
        return (default if default in selected else min(selected)), selected

    def _check_resource(self, name: str, account: Account) -> None:
        names = resource_names(self.shop.major)
        if name == "":
            return
        if name not in names:
            raise WebserviceError(400, 27, did_you_mean(f'Resource of type "{name}" does not exists', name, names))
        if name not in account.permissions:
            message = f'Resource of type "{name}" is not allowed with this authentication key'
            raise WebserviceError(401, 26, message)

    def _check_verb(self, name: str, method: str, account: Account) -> None:
        if method not in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH") or (
            method == "PATCH" and self.shop.major < 8
        ):
            raise WebserviceError(405, 23, f"Method {method} is not valid")
        if name == "":
            return
        resource = definitions(self.shop.major).get(name)
        if resource is not None and method in resource.forbidden_verbs:
            raise WebserviceError(405, 101, f"Method {method} is not allowed for the resource {name}")
        if method not in account.permissions[name]:
            message = f"Method {method} is not allowed for the resource {name} with this authentication key"
            raise WebserviceError(405, 25, message)

    def _root(self, exchange: Exchange, account: Account) -> bytes:
        permissions = account.permissions
        names = {name: DESCRIPTIONS.get(name, name) for name in resource_names(self.shop.major) if name in permissions}
        if exchange.format == "XML":
            return xml_view.root(self.shop, permissions, names, WITHOUT_SCHEMA)
        if self.shop.major >= 8:
            raise FatalError
        return json_view.encode(list(names))

    def _images(self, exchange: Exchange) -> bytes | Picture:
        if exchange.method not in ("GET", "HEAD"):
            raise WebserviceError(
                405, 77, f"This method is not allowed for the images of the sandbox: {exchange.method}"
            )
        found = image_routes.answer(self.shop, exchange.call.segments[1:])
        # Lists of images are XML whatever was asked.
        exchange.format = "XML"
        return found

    def _read(self, exchange: Exchange, resource: Resource) -> bytes:
        shop, query, scope = self.shop, exchange.query, exchange.scope
        in_xml = exchange.format == "XML"
        schema = query.get("schema")
        if schema is not None:
            if schema not in ("blank", "synopsis"):
                message = (
                    "Please select a schema of type 'synopsis' to get the whole schema informations (which fields are "
                    "required, which kind of content...) or 'blank' to get an empty schema to fill before using POST "
                    "request"
                )
                raise WebserviceError(400, 28, message)
            return xml_view.schema(
                make_view(shop, self._as_marked(resource), FULL, scope.languages), schema == "synopsis"
            )
        prices = parse_prices(query, shop, resource.name, scope.id_shop)
        display = parse_display(query, resource, list(prices))
        single_id = exchange.call.segments[1] if len(exchange.call.segments) > 1 else ""
        if single_id:
            row_id = int(single_id) if single_id.isdigit() else 0
            self._require_in_shop(resource, row_id, scope)
            shown = display if "display" in query and not display.only_ids else FULL
            view = make_view(shop, resource, shown, scope.languages, scope.id_shop, prices)
            exchange.cost = timing.read_cost(resource.name, "full", 1, 0, len(prices))
            in_list = "display" in query
            return xml_view.single(view, row_id, in_list) if in_xml else json_view.single(view, row_id, in_list)
        filters = parse_filters(query, resource, shop.major)
        sort = parse_sort(query, resource)
        offset, count = parse_limit(query)
        ids = select(shop, resource, scope, filters, sort, offset, count)
        view = make_view(shop, resource, display, scope.languages, scope.id_shop, prices)
        form: timing.Form = "ids" if display.only_ids else "full" if display is FULL else "slim"
        table = len(shop.tables[resource.name])
        exchange.cost = timing.read_cost(resource.name, form, len(ids), len(view.associations), len(prices), table)
        return xml_view.rows(view, ids) if in_xml else json_view.rows(view, ids)

    def _require_in_shop(self, resource: Resource, row_id: int, scope: Scope) -> None:
        if row_id not in self.shop.tables[resource.name]:
            raise NotFound
        visible = visible_test(self.shop, resource, scope)
        if visible is not None and not visible(row_id):
            message = f"This {resource.class_name} ({row_id}) does not exists on this shop"
            raise WebserviceError(404, 131, message)

    def _write(self, exchange: Exchange, resource: Resource) -> bytes:
        # The body is read by the real verb only: an overridden GET has none.
        body = exchange.call.body if exchange.call.method in ("POST", "PUT", "PATCH") else b""
        method = cast(writing.Method, exchange.method)
        asked = writing.Asked(
            exchange.scope.id_shop, exchange.query.get("sendemail") == "1", exchange.call.parallel_order
        )
        stock = len(self.shop.tables["stock_availables"])
        # An order that dies on the way has cost as much as one that was made.
        exchange.cost = timing.write_cost(resource.name, method, 1, stock)
        saved = writing.save(self.shop, resource, method, body, asked)
        exchange.changed = True
        exchange.cost = timing.write_cost(resource.name, method, len(saved), stock)
        view: View = make_view(self.shop, resource, FULL, exchange.scope.languages, exchange.scope.id_shop)
        in_list = "display" in exchange.query
        if exchange.format == "XML":
            return xml_view.written(view, saved, in_list)
        return json_view.written(view, saved, in_list)

    def _delete(self, exchange: Exchange, resource: Resource) -> bytes:
        given: Any = exchange.query.get("id", "")
        segments = exchange.call.segments
        listed = segments[1] if len(segments) > 1 and segments[1] else str(given).strip("[]")
        ids = [int(part) for part in listed.split(",") if part.strip().isdigit()]
        writing.delete(self.shop, resource, ids)
        exchange.changed = True
        exchange.cost = timing.write_cost(resource.name, exchange.method, len(ids))
        return b""

    # --- answers ------------------------------------------------------------------------------------------------

    def _headers(self, exchange: Exchange) -> dict[str, str]:
        spent = time.perf_counter() - exchange.started
        known = exchange.authenticated or self.shop.major < 8
        return {
            "X-Powered-By": "PrestaShop Webservice",
            "Access-Time": str(int(self.shop.time().timestamp())),
            "PSWS-Version": self.shop.full_version if known else "0",
            "Execution-Time": f"{max(spent, exchange.cost):.3f}" if exchange.authenticated else "0",
        }

    def _finish(self, exchange: Exchange, status: int, content: bytes | Picture) -> Answer:
        headers = self._headers(exchange)
        body = content.body if isinstance(content, Picture) else content
        if body:
            headers["Content-Sha1"] = sha1 = hashlib.sha1(body, usedforsecurity=False).hexdigest()
            known = exchange.call.headers.get("local-content-sha1")
            if known == sha1 and self.shop.major >= 8:
                return Answer(304, headers, cost=exchange.cost)
            if isinstance(content, Picture):
                headers["Content-Type"] = content.content_type
            else:
                headers["Content-Type"] = _content_type(exchange)
        return Answer(status, headers, body, exchange.cost, exchange.changed)

    def _fail(self, exchange: Exchange, error: WebserviceError) -> Answer:
        headers = self._headers(exchange)
        if error.status == 401 and not exchange.authenticated:
            headers["WWW-Authenticate"] = _REALM
        headers["Content-Type"] = _content_type(exchange)
        body = json_view.errors(error.errors) if exchange.format == "JSON" else xml_view.errors(error.errors)
        return Answer(error.status, headers, body, exchange.cost, exchange.changed)


def _content_type(exchange: Exchange) -> str:
    return (
        "application/json" if exchange.format == "JSON" and "schema" not in exchange.query else "text/xml;charset=utf-8"
    )


def _format(call: Call, query: Query) -> Format:
    for value in (
        call.headers.get("io-format"),
        call.headers.get("output-format"),
        query.get("output_format"),
        query.get("io_format"),
    ):
        if value is not None:
            return "JSON" if value == "JSON" else "XML"
    return "XML"


def _key(call: Call, query: Query) -> str | None:
    """The key of the Basic user, else of ws_key; None when neither came."""
    header = call.headers.get("authorization", "")
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(encoded).decode().partition(":")[0].strip()
        except (binascii.Error, UnicodeDecodeError):
            return ""
    given = query.get("ws_key")
    return str(given).strip() if given is not None else None
