"""Create, check, replace and partially edit products (sheet 3.10–3.14)."""

from typing import Any

from sandbox.tiktok import descriptions, listing_rules
from sandbox.tiktok.call import PRODUCT_WRITE, Call, Endpoint
from sandbox.tiktok.errors import ApiError, invalid_parameter
from sandbox.tiktok.markets import SEA
from sandbox.tiktok.product_shape import FULL, PARTIAL, WITHOUT_SAVE_MODE
from sandbox.tiktok.shelf import Content, Offer, Product
from sandbox.tiktok.tree import ATTRIBUTES, rules_of

_DELIVERY_CHOICE = SEA  # markets whose products choose their delivery options
_NOT_CONTENT = frozenset({"save_mode", "idempotency_key", "skus"})


def create(call: Call) -> Any:
    shelf, body = call.shop.shelf, call.body
    key = body.get("idempotency_key")
    if key is not None and not 0 < len(key) <= 128:
        raise invalid_parameter("idempotency_key")
    if key in shelf.by_idempotency_key:
        return _answer(shelf.products[shelf.by_idempotency_key[key]], [])
    _refuse(call, body)
    quota = call.shop.daily_listing_quota
    if quota is not None and shelf.listed_on[f"{call.world.now():%Y-%m-%d}"] >= quota:
        raise ApiError(45101004, "The daily listing quota is reached")
    now = call.world.timestamp()
    product = Product(call.world.new_id("1729"), now, now)
    shelf.add(product)
    warnings = _store(call, product, body)
    if key:
        shelf.by_idempotency_key[key] = product.id
    return _answer(product, warnings)


def listing_check(call: Call) -> Any:
    problems = listing_rules.problems(call, call.body)
    _, warnings = _clean(call, call.body)
    return {
        "check_result": "FAILED" if problems else "PASS",
        "fail_reasons": [{"code": problem.code, "message": problem.message} for problem in problems],
        "warnings": {"message": "; ".join(warnings)},
        "listing_quality": {"current_tier": "FAIR", "remaining_recommendations": 0},
    }


def edit(call: Call) -> Any:
    """Full replacement: what is not sent is blanked, SKUs not sent are deleted."""
    product = _editable(call)
    _refuse(call, call.body, product)
    _refuse_in_promotion(product, call.body)
    return _answer(product, _store(call, product, call.body))


def partial_edit(call: Call) -> Any:
    """The top-level properties sent replace theirs as a whole; the others stay."""
    product = _editable(call)
    body = {**body_of(product, product.newest), **call.body}
    if product.status == "DRAFT":
        body["save_mode"] = "AS_DRAFT"
    _refuse(call, body, product)
    _refuse_in_promotion(product, body)
    answer = _answer(product, _store(call, product, body))
    return {**answer, "audit": {"status": product.audit}}


def body_of(product: Product, content: Content) -> dict[str, Any]:
    """The body that would have made this version, price and stock as they are now."""
    skus = []
    for sku in content.get("skus", ()):
        offer = product.offers[sku["id"]]
        inventory = [{"warehouse_id": key, "quantity": quantity} for key, quantity in offer.stock.items()]
        price = {"price": {"amount": offer.price, "currency": offer.currency}} if offer.price else {}
        extra = {"list_price": offer.list_price} if offer.list_price else {}
        skus.append({**sku, **price, **extra, "inventory": inventory})
    return {**content, "skus": skus}


def _editable(call: Call) -> Product:
    product = call.shop.shelf.get(call.path["product_id"])
    if product.status in ("DELETED", "FREEZE"):
        raise ApiError(12052901, "The product status does not allow this action")
    return product


def _refuse(call: Call, body: dict[str, Any], product: Product | None = None) -> None:
    for problem in listing_rules.problems(call, body, product):
        raise problem.error()


def _refuse_in_promotion(product: Product, body: dict[str, Any]) -> None:
    """A promotion locks prices and the set of SKUs."""
    if not product.in_promotion:
        return
    kept = {sku["id"]: sku for sku in body["skus"] if sku.get("id")}
    if len(kept) < len(body["skus"]):
        raise ApiError(12019056, "SKUs cannot be added during a promotion")
    if len(kept) < len(product.newest["skus"]):
        raise ApiError(12019057, "SKUs cannot be removed during a promotion")
    if any(sku["price"]["amount"] != product.offers[sku_id].price for sku_id, sku in kept.items()):
        raise ApiError(product.promotion_code, "Prices are locked by a promotion")


def _store(call: Call, product: Product, body: dict[str, Any]) -> list[str]:
    """Keep the version, take price and stock over at once, start the audit. Returns the warnings."""
    shelf = call.shop.shelf
    body, warnings = _clean(call, body)
    older = product.newest
    before = {sku["id"]: sku for sku in older.get("skus", ())}
    content: Content = {key: value for key, value in body.items() if key not in _NOT_CONTENT}
    content["product_attributes"] = [
        _named(call, row) for row in content.get("product_attributes", ()) if row.get("values")
    ]
    content["skus"] = []
    for sku in body["skus"]:
        row = {key: value for key, value in sku.items() if key not in ("price", "inventory", "list_price")}
        row.setdefault("id", "") or row.update(id=call.world.new_id("1730"))
        row["sales_attributes"] = [_sales_value(call, given) for given in sku.get("sales_attributes", ())]
        # An identifier once set cannot be taken away.
        if identifier := row.get("identifier_code") or before.get(row["id"], {}).get("identifier_code"):
            row["identifier_code"] = identifier
        content["skus"].append(row)
        _offer(product, row["id"], sku)
    shelf.index(product, content)
    if body.get("save_mode") == "AS_DRAFT":
        product.draft = content
        shelf.touch(product)
    else:
        shelf.submit(product, content)
    if older:
        shelf.tell_edited(product, "OPEN_API", older, content)
    return warnings


def _offer(product: Product, sku_id: str, sku: dict[str, Any]) -> None:
    price = sku.get("price", {})
    stock = {row["warehouse_id"]: row["quantity"] for row in sku.get("inventory", ())}
    offer = product.offers.get(sku_id)
    if offer is None:
        product.offers[sku_id] = Offer(price.get("amount", ""), price.get("currency", ""), stock)
    else:
        offer.price, offer.currency = price.get("amount", ""), price.get("currency", "")
        if not offer.shared:
            offer.stock = stock
    product.offers[sku_id].list_price = sku.get("list_price")


def _clean(call: Call, body: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The body as it is kept, and a warning for everything that is dropped."""
    body, warnings = dict(body), []

    def drop(key: str, reason: str) -> None:
        if key in body:
            del body[key]
            warnings.append(f"{key} was ignored: {reason}")

    if not call.shop.cod_supported:
        drop("is_cod_allowed", "cash on delivery is not supported")
    if call.shop.region not in _DELIVERY_CHOICE:
        drop("delivery_option_ids", "the shop's template decides")
    if not rules_of(body.get("category_id", "")).size_chart_supported:
        drop("size_chart", "the category has none")
    if "description" in body:
        body["description"], dropped = descriptions.clean(body["description"])
        if dropped:
            warnings.append("Tags of the description were removed")
    brand = call.world.brands.get(body.get("brand_id", ""))
    if brand is not None and not brand.authorized:
        warnings.append("The brand is not authorised and will not be shown")
    if call.shop.region != "US" and any(sku.get("list_price") for sku in body.get("skus", ())):
        body["skus"] = [{k: v for k, v in sku.items() if k != "list_price"} for sku in body["skus"]]
        warnings.append("list_price was ignored: not available in this market")
    if any(sku.get("price", {}).get("sale_price") for sku in body.get("skus", ())):
        warnings.append("sale_price was ignored: the seller is local")
    return body, warnings


def _value_id(call: Call, attribute_id: str, name: str) -> str:
    """Id of a listed value with that name in any language, else the lasting id of the custom value."""
    known = ATTRIBUTES.get(attribute_id)
    for value_id, names in known.values.items() if known else ():
        if name.lower() in names.lower().split("|"):
            return value_id
    return call.shop.shelf.custom_id(attribute_id, name)


def _named(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    values = [
        {"id": value.get("id") or _value_id(call, row["id"], value["name"]), "name": value.get("name", "")}
        for value in row["values"]
    ]
    return {"id": row["id"], "values": values}


def _sales_value(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """The sales attribute with both ids. A custom name that is a listed attribute's becomes that attribute."""
    attribute_id = given.get("id")
    if not attribute_id:
        name = given["name"].lower()
        listed = (row for row in ATTRIBUTES.values() if row.sales and name in row.names.lower().split("|"))
        known = next(listed, None)
        attribute_id = known.id if known else call.shop.shelf.custom_id(given["name"])
    value_id = given.get("value_id") or _value_id(call, attribute_id, given["value_name"])
    return {**given, "id": attribute_id, "value_id": value_id}


def _answer(product: Product, warnings: list[str]) -> dict[str, Any]:
    version = product.draft or product.newest
    return {
        "product_id": product.id,
        "skus": [
            {
                "id": sku["id"],
                "seller_sku": sku.get("seller_sku", ""),
                "external_sku_id": sku.get("external_sku_id", ""),
                "sales_attributes": [{"id": row["id"], "value_id": row["value_id"]} for row in sku["sales_attributes"]],
            }
            for sku in version.get("skus", ())
        ],
        "warnings": [{"message": warning} for warning in warnings],
    }


_WRITE: dict[str, Any] = {"scope": PRODUCT_WRITE}
_EDITS: dict[str, Any] = {**_WRITE, "versions": ("202309", "202509")}
ENDPOINTS = (
    Endpoint("POST", "/product/{version}/products", create, body=FULL, **_WRITE),
    Endpoint(
        "POST",
        "/product/{version}/products/listing_check",
        listing_check,
        query={"is_diagnosis_required": bool},
        body=WITHOUT_SAVE_MODE,
        **_WRITE,
    ),
    Endpoint("PUT", "/product/{version}/products/{product_id}", edit, body=FULL, **_EDITS),
    Endpoint("POST", "/product/{version}/products/{product_id}/partial_edit", partial_edit, body=PARTIAL, **_EDITS),
)
