"""Pictures and documents on their way to TikTok Shop: fetched once, checked, re-encoded to fit, uploaded once (K14)."""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, UnidentifiedImageError
from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import col, select

from clients.errors import ConfigurationFault, Rejected, ShopError, Unavailable
from models.catalogue import Media, ProductImage
from models.database import database, upsert
from models.templates import CategoryTemplate
from rules.images import ImageAction, ImageFacts, UseCase, preflight
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.shops import Shops, open_shops, utc_now

# A picture that unpacks to more is refused before it is decoded (decompression bombs).
_MOST_PIXELS: Final = 100_000_000
# Pillow knows many more; some start other programs (EPS) or are rarely looked at by anybody.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF")
_MOST_DOCUMENT_BYTES: Final = 30_000_000
_UNREADABLE: Final = "image_unreadable"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Uris of a product's pictures by PrestaShop image id, and the ids that cannot be used with the finding's code."""

    main: Mapping[int, str]
    variant: Mapping[int, str]
    refused: Mapping[int, str]


def known_refusals(connection_id: int, id_products: Iterable[int], image_type: str) -> dict[int, str]:
    """Images of these products that pre-flight refused before: {image id: finding code}."""
    with database().read() as session:
        rows = session.exec(
            select(ProductImage.id_image, ProductImage.refused).where(
                ProductImage.connection_id == connection_id,
                col(ProductImage.id_product).in_(list(id_products)),
                ProductImage.image_type == image_type,
                ProductImage.refused != "",
            )
        )
        return dict(rows.all())


def upload_images(shops: Shops, id_product: int, main: Sequence[int], variant: Sequence[int]) -> Uploaded:
    """Make sure TikTok Shop has these pictures of one product; what it has already is not fetched again.

    Args:
        main: image ids for the gallery.
        variant: image ids for variant swatches.
    """
    wanted: list[tuple[int, UseCase]] = [(image, "MAIN_IMAGE") for image in main]
    wanted += [(image, "ATTRIBUTE_IMAGE") for image in variant]
    ids = sorted({image for image, _ in wanted})
    image_type = shops.settings.products.image_type
    with database().read() as session:
        checked = {
            row.id_image: row
            for row in session.exec(
                select(ProductImage).where(
                    ProductImage.connection_id == shops.id,
                    col(ProductImage.id_image).in_(ids),
                    ProductImage.image_type == image_type,
                )
            )
        }
        uris = {
            (row.content_hash, row.use_case): row.uri
            for row in session.exec(
                select(Media).where(
                    Media.connection_id == shops.id,
                    col(Media.content_hash).in_([row.content_hash for row in checked.values()]),
                )
            )
        }
    found: dict[tuple[int, UseCase], str] = {}
    fetched: dict[int, _Content] = {}
    refused = {image: row.refused for image, row in checked.items() if row.refused}
    for image, use_case in wanted:
        if image in refused:
            continue
        row = checked.get(image)
        uri = uris.get((row.content_hash, use_case)) if row else None
        if uri is None:
            content = fetched.get(image) or _fetch(shops, id_product, image, image_type)
            if isinstance(content, str):
                refused[image] = content
                continue
            fetched[image] = content
            uri = _upload_once(shops, content, f"{id_product}-{image}", use_case)
            uris[content.hash, use_case] = uri
        found[image, use_case] = uri
    return Uploaded(
        main={image: uri for (image, use), uri in found.items() if use == "MAIN_IMAGE"},
        variant={image: uri for (image, use), uri in found.items() if use == "ATTRIBUTE_IMAGE"},
        refused=refused,
    )


@dataclass(frozen=True, slots=True)
class _Content:
    data: bytes
    hash: str
    extension: str
    width: int
    height: int


def _fetch(shops: Shops, id_product: int, id_image: int, image_type: str) -> _Content | str:
    """The bytes to send, or the code of the finding; the outcome is remembered."""
    content: _Content | str
    try:
        data = shops.prestashop.image(id_product, id_image, image_type or None)
    except Rejected as error:
        content = "image_too_large" if error.code == "too-large" else _UNREADABLE
    except ConfigurationFault as error:
        # The shop was read a moment ago, so this is one bad answer (a page, a notice before the bytes), not a setting.
        raise Unavailable(str(error), shop="prestashop", code=error.code, cause=error.cause, fix=error.fix) from error
    else:
        content = fit(data)
    refused = isinstance(content, str)
    row = {
        "connection_id": shops.id,
        "id_image": id_image,
        "id_product": id_product,
        "image_type": image_type,
        "content_hash": "" if isinstance(content, str) else content.hash,
        "width": 0 if isinstance(content, str) else content.width,
        "height": 0 if isinstance(content, str) else content.height,
        "refused": content if refused else "",
        "checked_at": utc_now(),
    }
    with database().write() as session:
        upsert(session, ProductImage, [row])
    return content


def fit(data: bytes, use_case: UseCase = "MAIN_IMAGE") -> _Content | str:
    """The picture as it may be sent, or the code of the finding that says why it cannot be."""
    try:
        with warnings.catch_warnings():
            # Pillow warns about large pictures; the limit below is ours.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=_FORMATS)
        if picture.width * picture.height > _MOST_PIXELS:
            return "image_too_large"
        facts = ImageFacts(picture.format or "", picture.width, picture.height, picture.mode, len(data))
        action = preflight(facts, use_case).value
        if action.kind == "REFUSE":
            return action.code
        if action.kind == "RE_ENCODE":
            data = _re_encode(picture, action)
            extension, width, height = "jpg", action.width, action.height
        else:
            picture.load()
            extension, width, height = facts.format.lower(), facts.width, facts.height
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return _UNREADABLE
    return _Content(data, hashlib.sha256(data).hexdigest(), extension.replace("jpeg", "jpg"), width, height)


def _re_encode(picture: Image.Image, action: ImageAction) -> bytes:
    """RGB on white, scaled down, as JPEG."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        flat = Image.new("RGB", layered.size, "white")
        flat.paste(layered, mask=layered.getchannel("A"))
    else:
        flat = picture.convert("RGB")
    if flat.size != (action.width, action.height):
        flat = flat.resize((action.width, action.height), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=90, optimize=True)
    return out.getvalue()


# One upload a content and use at a time in this process; other processes wait for the run's turn.
_uploading: dict[tuple[int, str, str], threading.Lock] = {}
_uploading_guard = threading.Lock()


def _upload_once(shops: Shops, content: _Content, name: str, use_case: UseCase) -> str:
    with _uploading_guard:
        lock = _uploading.setdefault((shops.id, content.hash, use_case), threading.Lock())
    with lock:
        with database().read() as session:
            known = session.get(Media, (shops.id, content.hash, use_case))
        if known is not None:
            return known.uri
        image = shops.tiktok.upload_image(content.data, f"{name}.{content.extension}", use_case)
        _remember(shops, content.hash, use_case, image.uri, image.url, image.width, image.height)
        return image.uri


def _remember(
    shops: Shops, content_hash: str, use_case: str, uri: str, url: str = "", width: int = 0, height: int = 0
) -> None:
    row = {
        "connection_id": shops.id,
        "content_hash": content_hash,
        "use_case": use_case,
        "uri": uri,
        "url": url,
        "width": width,
        "height": height,
        "uploaded_at": utc_now(),
    }
    with database().write() as session:
        upsert(session, Media, [row])


def forget_uploads(connection_id: int, uris: Iterable[str]) -> None:
    """Drop uploads that TikTok Shop says it does not know, so that they are made again."""
    with database().write() as session:
        for row in session.exec(
            select(Media).where(Media.connection_id == connection_id, col(Media.uri).in_(list(uris)))
        ):
            session.delete(row)


@task(name="upload template documents", cache_policy=NO_CACHE, **on_retryable)
def upload_template_documents(connection_id: int) -> BatchReport:
    """Size charts (F8), certificates and brand authorizations (F9) of all templates, once per content."""
    shops = open_shops(connection_id)
    report = BatchReport()
    with database().read() as session:
        templates = session.exec(select(CategoryTemplate).where(CategoryTemplate.connection_id == connection_id)).all()
    for template in templates:
        documents = [dict(one) for one in (template.size_chart, *template.certificates)]
        size_chart, *certificates = documents
        for document in documents:
            name = document.get("file", "")
            if not name or document.get("uri") or document.get("file_id"):
                continue
            use: UseCase = "SIZE_CHART_IMAGE" if document is size_chart else "CERTIFICATION_IMAGE"
            try:
                uploaded = _upload_document(shops, Path(name), use)
            except (OSError, ValueError) as error:
                report.failed(
                    Failure(
                        object=f"template {template.name}",
                        code="document_unusable",
                        cause=f"The file {Path(name).name} cannot be used: {error}",
                        fix="Give the template a JPG, JPEG or PNG picture that exists here, or a PDF for certificates.",
                    )
                )
            except ShopError as error:
                report.failed(Failure.of(f"template {template.name}", error))
            else:
                document.update(uploaded)
                report.count("documents uploaded")
        before = (template.size_chart, template.certificates)
        if (size_chart, certificates) == before:
            continue
        with database().write() as session:
            stored = session.get(CategoryTemplate, template.key)
            # What was imported meanwhile stays; the next run finds the uploads again by their content.
            if stored is not None and (stored.size_chart, stored.certificates) == before:
                stored.size_chart, stored.certificates = size_chart, certificates
    return report


def _upload_document(shops: Shops, path: Path, use_case: UseCase) -> dict[str, str]:
    if path.stat().st_size > _MOST_DOCUMENT_BYTES:
        raise ValueError(f"it is larger than {_MOST_DOCUMENT_BYTES // 1_000_000} MB")
    data = path.read_bytes()
    if path.suffix.lower() == ".pdf":
        if not data.startswith(b"%PDF-"):
            raise ValueError("it is not a PDF")
        digest = hashlib.sha256(data).hexdigest()
        with database().read() as session:
            known = session.get(Media, (shops.id, digest, "FILE"))
        if known is not None:
            return {"file_id": known.uri, "name": path.name}
        file = shops.tiktok.upload_file(data, path.name)
        _remember(shops, digest, "FILE", file.id, file.url)
        return {"file_id": file.id, "name": path.name}
    content = fit(data, use_case)
    if isinstance(content, str):
        raise ValueError(content.replace("_", " "))
    return {"uri": _upload_once(shops, content, path.stem, use_case), "name": path.name}
