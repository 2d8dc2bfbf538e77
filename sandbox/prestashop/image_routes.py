"""What `/api/images/…` and the public `/img/p/…` addresses answer (fact sheet 1.7, recordings 038 and 039)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.prestashop import images, xml_view
from sandbox.prestashop.errors import NotFound, WebserviceError
from sandbox.prestashop.shop import Shop

_FAMILIES = ("general", "products", "categories", "manufacturers", "suppliers", "stores", "customizations")
_MIME_TYPES = "image/gif, image/jpg, image/jpeg, image/pjpeg, image/png, image/x-png"


@dataclass(frozen=True, slots=True)
class Picture:
    """An answer that is a file."""

    content_type: str
    body: bytes


def answer(shop: Shop, segments: list[str]) -> bytes | Picture:
    """XML for lists, a picture for files; `segments` are those after `images`."""
    if not segments:
        return _families(shop)
    family = segments[0]
    if family not in _FAMILIES:
        listed = '", "'.join(_FAMILIES)
        message = f'Image of type "{family}" does not exist. Did you mean: "products"? The full list is: "{listed}"'
        raise WebserviceError(400, 48, message)
    if family != "products":
        # The sandbox keeps pictures of products only.
        return xml_view.document("<images>\n</images>\n")
    if len(segments) == 1:
        return _list_products(shop)
    return _product(shop, segments[1], segments[2:])


def _families(shop: Shop) -> bytes:
    nodes = "".join(
        f'<{family} xlink:href="{shop.base_url}/api/images/{family}" get="true" '
        f'put="{str(family == "general").lower()}" post="{str(family != "general").lower()}" '
        f'delete="{str(family != "general").lower()}" head="true" '
        f'upload_allowed_mimetypes="{_MIME_TYPES}"/>\n'
        for family in _FAMILIES
    )
    return xml_view.document(f"<image_types>\n{nodes}</image_types>\n")


def _list_products(shop: Shop) -> bytes:
    types = shop.tables["image_types"]
    kinds = "".join(
        f'<image_type id="{row_id}" name="{row["name"]}" xlink:href="{shop.base_url}/api/image_types/{row_id}"/>\n'
        for row_id, row in types.rows.items()
        if row.get("products")
    )
    products = shop.tables["products"]
    listed = "".join(
        f'<image id="{row_id}" xlink:href="{shop.base_url}/api/images/products/{row_id}"/>\n'
        for row_id in products.ids
        if products.rows[row_id].get("_images")
    )
    return xml_view.document(f"<image_types>\n{kinds}</image_types>\n<images>\n{listed}</images>\n")


def _product(shop: Shop, product: str, rest: list[str]) -> bytes | Picture:
    products = shop.tables["products"]
    id_product = int(product) if product.isdigit() else 0
    own = shop.product_images(id_product) if id_product in products else ()
    if not rest:
        if not own:
            raise NotFound
        nodes = "".join(
            f'<declination id="{image}" xlink:href="{shop.base_url}/api/images/products/{id_product}/{image}"/>\n'
            for image in own
        )
        return xml_view.document(f'<image id="{id_product}">\n{nodes}</image>\n')
    asked = str(own[0]) if rest[0] == "bin" and own else rest[0]
    image = int(asked) if asked.isdigit() else 0
    if image not in own:
        raise WebserviceError(400, 57, "This image id does not exist")
    return picture(shop, image, rest[1] if len(rest) > 1 else None)


def picture(shop: Shop, image: int, type_name: str | None) -> Picture:
    """An original, or the file of an image type such as `large_default`."""
    known = shop.images[image]
    if type_name is None:
        return Picture(*images.draw(image, known.colour, known.oddity))
    for row in shop.tables["image_types"].rows.values():
        if row["name"] == type_name and row.get("products"):
            body = images.resized(image, known.colour, known.oddity, row["width"], row["height"])
            return Picture("image/jpeg", body)
    names = '", "'.join(row["name"] for row in shop.tables["image_types"].rows.values() if row.get("products"))
    raise WebserviceError(400, 58, f'This image size does not exist: "{type_name}". The full list is: "{names}"')


def public(shop: Shop, path: str) -> Picture | None:
    """`/img/p/1/2/3/123.jpg`, `/img/p/1/2/3/123-large_default.jpg` and `/123-large_default/name.jpg`; no key."""
    found = re.fullmatch(r"/img/p/[\d/]*?(\d+)(?:-(\w+))?\.jpg", path) or re.fullmatch(r"/(\d+)-(\w+)/[^/]+\.jpg", path)
    if not found or int(found[1]) not in shop.images:
        return None
    try:
        return picture(shop, int(found[1]), found[2])
    except WebserviceError:
        return None
