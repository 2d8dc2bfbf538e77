"""A settings file applied: an installation without a browser, all or nothing, twice is once, and back again (K15)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import select

from models.connections import AuthorizationState, Connection
from models.database import Database
from models.templates import AttributeMapping, BrandMapping, CategoryTemplate, ValueMapping
from sandbox.server import Sandbox
from tests.console.conftest import Cli, set_up_once

MUGS = "Home Supplies > Kitchenware > Mugs & Cups"
PICTURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="session")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the documents that the file names."""
    folder = tmp_path_factory.mktemp("papers")
    (folder / "chart.png").write_bytes(PICTURE)
    (folder / "proof.pdf").write_bytes(b"%PDF-1.4")
    return folder


@pytest.fixture
def document(shops: Sandbox, secrets_in_environment: None, papers: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A file that uses everything."""
    monkeypatch.setenv("CONSENT_CODE", shops.auth_code())
    return {
        "connections": [
            {
                "name": "main",
                "region": "GB",
                "contact_email": "shop@example.com",
                "prestashop": {"url": shops.prestashop_url, "key_env": "SHOP_KEY"},
                "tiktok": {
                    "app_key": shops.app_key,
                    "app_secret_env": "APP_SECRET",
                    "service_id": shops.service_id,
                    "api_url": shops.tiktok_url,
                    "authorization_code_env": "CONSENT_CODE",
                },
                "settings": {"products": {"inventory_threshold": 2}, "schedules": {"catalog_upload": 1800}},
                "templates": [
                    {
                        "name": "Mugs",
                        "position": 1,
                        "manufacturers": ["studio aurora"],
                        "suppliers": ["Ceramics Direct"],
                        "categories": ["Home & Living", "Home > Home & Living"],
                        "markup": {"kind": "percent_increase", "amount": 10},
                        "category": MUGS,
                        "package": {"weight": 0.4, "length": 12, "width": 9, "height": 10},
                        "size_chart": str(papers / "chart.png"),
                        "certificates": [
                            {"id": "7182427070000000031", "file": str(papers / "proof.pdf"), "expires": "2030-01-31"}
                        ],
                        "gpsr": {"manufacturers": ["71"], "responsible_persons": [72]},
                        "attributes": [
                            {
                                "attribute": "Material",
                                "source": "feature",
                                "key": "Material",
                                "free_text": False,
                                "dictionary": {"Céramique": "Ceramic"},
                            },
                            {"attribute": "Color", "group": "variant", "source": "option", "key": "Couleur"},
                        ],
                    },
                    {"name": "Everything else", "default": True},
                ],
                "brands": {"Studio Aurora": "Atelier Nord", "Graphic Harbour": ""},
                "carriers": [{"carrier": 3, "provider": 7117858858072016641}],
                "statuses": [{"direction": "to_prestashop", "tiktok": "DELIVERED", "state": 5}],
            }
        ]
    }


def write(tmp_path: Path, document: Any) -> str:
    path = tmp_path / "shop.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return str(path)


@pytest.fixture
def imported(
    cli: Cli,
    document: Any,
    tmp_path: Path,
    installation: Path,
    _homes: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Cli:
    """The command line after the file was imported."""

    def once() -> None:
        assert cli("settings", "import", write(tmp_path, document)).status == 0

    set_up_once("imported", once, installation, _homes, tmp_path_factory)
    return cli


def test_one_file_sets_up_everything(cli: Cli, document: Any, tmp_path: Path, store: Database) -> None:
    ran = cli("settings", "import", write(tmp_path, document), "--json")
    assert ran.status == 0, ran.stderr
    (applied,) = ran.data
    assert {"connection", "authorization", "settings version 1", "template Mugs made"} <= set(applied["changed"])
    with store.read() as session:
        connection = session.exec(select(Connection)).one()
        mugs = session.exec(select(CategoryTemplate).where(CategoryTemplate.name == "Mugs")).one()
        brands = {row.manufacturer: row.brand_id for row in session.exec(select(BrandMapping))}
        mappings = session.exec(select(AttributeMapping).order_by(AttributeMapping.id)).all()  # type: ignore[arg-type]
        value = session.exec(select(ValueMapping)).one()
    assert connection.authorization is AuthorizationState.AUTHORIZED
    assert connection.prestashop_version == "8.2.1"
    assert mugs.category_id == "853000"
    assert mugs.manufacturer_ids == [1]
    assert mugs.category_ids == [10], "the same category by name and by path is one"
    assert mugs.responsible_person_ids == ["72"]
    assert brands["Graphic Harbour"] == ""
    assert brands["Studio Aurora"].isdigit()
    assert [mapping.source_key for mapping in mappings] == ["Material", "Couleur"]
    assert (value.source_value, value.value_id.isdigit()) == ("Céramique", True)


def test_importing_twice_changes_nothing(imported: Cli, document: Any, tmp_path: Path) -> None:
    again = imported("settings", "import", write(tmp_path, document), "--json")
    assert again.data == [{"connection": "main", "changed": [], "stopped": True}]


def test_a_file_starts_a_connection(imported: Cli, document: Any, tmp_path: Path, store: Database) -> None:
    said = imported("settings", "import", write(tmp_path, document))
    assert "connector connection start main" in said.stderr
    document["connections"][0]["start"] = True
    ran = imported("settings", "import", write(tmp_path, document), "--json")
    assert ran.data == [{"connection": "main", "changed": ["started"], "stopped": False}]
    with store.read() as session:
        assert session.exec(select(Connection)).one().is_running
    del document["connections"][0]["start"]
    again = imported("settings", "import", write(tmp_path, document), "--json")
    assert again.data == [{"connection": "main", "changed": [], "stopped": False}]


def test_what_is_exported_imports_to_the_same(
    imported: Cli, document: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shops: Sandbox
) -> None:
    first = imported("settings", "export")
    assert shops.prestashop_key not in first.stdout
    assert shops.app_secret not in first.stdout
    (tmp_path / "out.yaml").write_text(first.stdout, encoding="utf-8")
    # On the same installation the stored secrets stay: the named variables need not be there.
    again = imported("settings", "import", str(tmp_path / "out.yaml"), "--prune", "--json")
    assert again.data == [{"connection": "main", "changed": [], "stopped": True}]
    # On another one the file makes the same, with the secrets from the variables it names.
    assert imported("connection", "remove", "main", "--yes").status == 0
    monkeypatch.setenv("MAIN_PRESTASHOP_KEY", shops.prestashop_key)
    monkeypatch.setenv("MAIN_APP_SECRET", shops.app_secret)
    exported = yaml.safe_load(first.stdout)
    exported["connections"][0]["tiktok"]["authorization_code_env"] = "CONSENT_CODE"
    monkeypatch.setenv("CONSENT_CODE", shops.auth_code())
    assert imported("settings", "import", write(tmp_path, exported)).status == 0
    assert imported("settings", "export").stdout == first.stdout


def test_only_what_differs_is_changed(imported: Cli, document: Any, tmp_path: Path, store: Database) -> None:
    (connection,) = document["connections"]
    connection["templates"][0]["package"]["weight"] = 0.5
    connection["settings"] = {"products": {"backorder_quantity": 4}}
    connection["brands"]["Studio Aurora"] = ""
    ran = imported("settings", "import", write(tmp_path, document), "--json")
    assert ran.data[0]["changed"] == [
        "settings version 2",
        "template Mugs changed",
        "brand mapping Studio Aurora changed",
    ]
    settings = imported("settings", "show", "--json").data["settings"]
    assert settings["products"]["inventory_threshold"] == 2, "what a file does not name stays"
    with store.read() as session:
        versions = dict(session.exec(select(CategoryTemplate.name, CategoryTemplate.version)).all())
    assert versions == {"Mugs": 2, "Everything else": 1}


def test_sections_that_are_left_out_stay_and_prune_deletes_what_is_not_named(
    imported: Cli, document: Any, tmp_path: Path
) -> None:
    (connection,) = document["connections"]
    for section in ("settings", "brands", "carriers", "statuses"):
        del connection[section]
    connection["templates"] = [{"name": "Everything else", "default": True}]
    path = write(tmp_path, document)
    assert imported("settings", "import", path, "--json").data[0]["changed"] == []
    assert imported("settings", "import", path, "--prune", "--json").data[0]["changed"] == ["template Mugs deleted"]
    assert len(imported("brands", "list", "--json").data) > 1


def test_uploaded_documents_are_kept_while_their_file_is_the_same(
    imported: Cli, document: Any, tmp_path: Path, store: Database
) -> None:
    with store.write() as session:
        mugs = session.exec(select(CategoryTemplate).where(CategoryTemplate.name == "Mugs")).one()
        mugs.size_chart = {**mugs.size_chart, "uri": "tos/1"}
        mugs.certificates = [{**mugs.certificates[0], "file_id": "9"}]
    document["connections"][0]["templates"][0]["position"] = 5
    imported("settings", "import", write(tmp_path, document))
    with store.read() as session:
        mugs = session.exec(select(CategoryTemplate).where(CategoryTemplate.name == "Mugs")).one()
    assert (mugs.position, mugs.size_chart["uri"], mugs.certificates[0]["file_id"]) == (5, "tos/1", "9")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"category": "Home Supplies > Kitchenware"}, "is not a category products can be listed in"),
        ({"category": "Home Supplies > Kitchenwear > Mugs"}, "is not one of the TikTok Shop categories. Do you mean"),
        ({"category": "999"}, "'999' is not one of the TikTok Shop categories"),
        ({"manufacturers": ["Nobody"]}, "'Nobody' is not one of the PrestaShop manufacturers"),
        ({"categories": [4711]}, "'4711' is not one of the PrestaShop categories"),
        (
            {"attributes": [{"attribute": "Hue", "source": "field", "key": "name"}]},
            "'Hue' is not one of",
        ),
        ({"attributes": [{"attribute": "Material", "source": "field", "key": "nam"}]}, "is not a product field"),
        ({"attributes": [{"attribute": "Material", "source": "feature", "key": "Hue"}]}, "PrestaShop features"),
        (
            {"attributes": [{"attribute": a, "source": "field", "key": "name"} for a in ("Material", "material")]},
            "is mapped twice",
        ),
        ({"size_chart": "/nowhere/proof.pdf"}, "proof.pdf is not one of JPG, JPEG, PNG"),
        ({"size_chart": "/nowhere/none.png"}, "there is no file"),
        ({"category": ""}, "attributes belong to a TikTok category"),
    ],
)
def test_one_wrong_name_and_nothing_is_applied(
    imported: Cli, document: Any, tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    before = imported("settings", "export").stdout
    (connection,) = document["connections"]
    connection["settings"]["products"]["inventory_threshold"] = 9
    connection["templates"][0].update(change)
    ran = imported("settings", "import", write(tmp_path, document))
    assert ran.status == 2
    assert says in ran.stderr
    assert "template 'Mugs'" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert imported("settings", "export").stdout == before


def test_without_authorization_names_of_tiktok_cannot_be_resolved_and_that_is_said(
    cli: Cli, document: Any, tmp_path: Path
) -> None:
    del document["connections"][0]["tiktok"]["authorization_code_env"]
    ran = cli("settings", "import", write(tmp_path, document))
    assert ran.status == 1
    assert "connector run taxonomy_refresh" in ran.stderr


def test_a_default_template_is_needed(cli: Cli, document: Any, tmp_path: Path) -> None:
    document["connections"][0]["templates"][1]["default"] = False
    ran = cli("settings", "import", write(tmp_path, document))
    assert ran.status == 2
    assert "has to be the default" in ran.stderr


def test_the_default_can_move(imported: Cli, document: Any, tmp_path: Path) -> None:
    for template in document["connections"][0]["templates"]:
        template["default"] = not template.get("default", False)
    assert imported("settings", "import", write(tmp_path, document)).status == 0
    rows = imported("templates", "list", "--json").data
    assert [row["name"] for row in rows if row["default"]] == ["Mugs"]


def test_a_new_connection_without_its_secret_says_which_variable(
    cli: Cli, document: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_KEY")
    ran = cli("settings", "import", write(tmp_path, document))
    assert ran.status == 2
    assert "SHOP_KEY is not set" in ran.stderr
    assert cli("connection", "list", "--json").data == []


def test_the_region_of_an_authorized_connection_is_fixed(imported: Cli, document: Any, tmp_path: Path) -> None:
    document["connections"][0]["region"] = "DE"
    ran = imported("settings", "import", write(tmp_path, document))
    assert ran.status == 3
    assert "was authorized for GB" in ran.stderr
