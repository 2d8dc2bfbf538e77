"""Documents of templates on their way to TikTok Shop: what an import stores meanwhile is not overwritten (F8, F9)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from sqlmodel import delete, select

from models.database import Database
from models.templates import CategoryTemplate
from tasks import media
from tasks.media import upload_template_documents
from tests.models.rows import store_connection

Documents = tuple[dict[str, str], list[dict[str, str]]]
CHART = {"template_id": "7"}


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A size chart and two certificates."""
    paths = [tmp_path / f"{name}.png" for name in ("chart", "first", "second")]
    for path, colour in zip(paths, ("red", "green", "blue"), strict=True):
        Image.new("RGB", (600, 600), colour).save(path)
    return [str(path) for path in paths]


@pytest.fixture
def connection_id(database: Database, files: list[str]) -> int:
    """Three templates: with documents to upload, with none, and with a file that is there and one that is not."""
    chart, first, second = files
    connection_id = store_connection(database)
    with database.write() as session:
        for name, size_chart, certificates in (
            ("All", {"file": chart}, [{"id": "1", "file": first}]),
            ("None", CHART, []),
            ("Some", {"file": second}, [{"id": "1", "file": "missing.png"}]),
        ):
            session.add(
                CategoryTemplate(
                    connection_id=connection_id, name=name, size_chart=size_chart, certificates=certificates
                )
            )
    return connection_id


@pytest.fixture
def upload(connection_id: int, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Uploads the documents; something may happen during the first upload."""

    def run(meanwhile: Callable[[], None] = lambda: None) -> Any:
        waiting = [meanwhile]

        def upload_image(_data: bytes, name: str, _use: str) -> Any:
            if waiting:
                waiting.pop()()
            return SimpleNamespace(uri=f"uri of {name}", url="", width=600, height=600)

        shops = SimpleNamespace(id=connection_id, tiktok=SimpleNamespace(upload_image=upload_image))
        monkeypatch.setattr(media, "open_shops", lambda _: shops)
        return upload_template_documents.fn(connection_id)

    return run


def stored(database: Database) -> dict[str, Documents]:
    with database.read() as session:
        return {one.name: (one.size_chart, one.certificates) for one in session.exec(select(CategoryTemplate))}


def test_documents_are_uploaded_and_kept(database: Database, files: list[str], upload: Callable[..., Any]) -> None:
    chart, first, second = files
    report = upload()
    assert (report.counts["documents uploaded"], [one.code for one in report.failures]) == (3, ["document_unusable"])
    assert stored(database) == {
        "All": (
            {"file": chart, "uri": "uri of chart.png", "name": "chart.png"},
            [{"id": "1", "file": first, "uri": "uri of first.png", "name": "first.png"}],
        ),
        "None": (CHART, []),
        "Some": (
            {"file": second, "uri": "uri of second.png", "name": "second.png"},
            [{"id": "1", "file": "missing.png"}],
        ),
    }
    assert "documents uploaded" not in upload().counts


def test_what_is_imported_meanwhile_stays(database: Database, files: list[str], upload: Callable[..., Any]) -> None:
    chart, first, _ = files
    imported: dict[str, Documents] = {
        "All": ({"file": chart}, [{"id": "2", "file": first}]),
        "None": ({"file": first}, [{"id": "3", "file": chart}]),
    }

    def import_templates() -> None:
        with database.write() as session:
            for one in session.exec(select(CategoryTemplate)):
                one.size_chart, one.certificates = imported.get(one.name, (one.size_chart, one.certificates))

    upload(import_templates)
    assert {name: stored(database)[name] for name in imported} == imported
    # The next run has them too.
    assert upload().counts["documents uploaded"] == 4


def test_templates_that_are_deleted_meanwhile(database: Database, upload: Callable[..., Any]) -> None:
    def delete_templates() -> None:
        with database.write() as session:
            session.connection().execute(delete(CategoryTemplate))

    upload(delete_templates)
    assert stored(database) == {}
