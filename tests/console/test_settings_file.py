"""The settings file as text: whatever is wrong in it is said with file, line and place, and nothing is applied."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.settings_file import read_settings_file, read_templates_file
from console.yaml_file import UnreadableFile
from tests.console.conftest import Cli

HEAD = """\
connections:
  - name: main
    region: GB
    prestashop: {url: "https://shop.example"}
    tiktok: {app_key: 123}
"""


def faults(tmp_path: Path, text: str | bytes) -> list[str]:
    """The messages for a file, without its path."""
    path = tmp_path / "shop.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UnreadableFile) as caught:
        read_settings_file(path)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(str(path)) for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


def test_a_minimal_file_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(HEAD)
    (connection,) = read_settings_file(path).connections
    assert connection.tiktok.app_key == "123", "ids are texts, however YAML reads them"
    assert connection.settings is None
    assert connection.templates is None
    assert connection.brands is None


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "the file is empty"),
        ("# nothing\n", 1, "the file is empty"),
        ("connections: [", 1, "this is not YAML"),
        ("connections:\n\t- name: x\n", 2, "this is not YAML"),
        ("connections:\n  - !!python/object:os.system {}\n", 2, "this is not YAML"),
        ("- a list\n", 1, "the file: "),
        ("connections: []\n", 1, "connections: "),
        (HEAD + "    regoin: GB\n", 6, "connections[0].regoin: is not known here"),
        (HEAD + "    name: again\n", 6, "'name' is written twice"),
        (HEAD.replace("GB", "XX"), 3, "connections[0].region: 'XX' is not a TikTok Shop market"),
        (HEAD.replace("app_key: 123", "app_key: yes"), 5, "put it into quotes"),
        (HEAD.replace("{app_key: 123}", "{app_key: 1, app_secret_env: 'not a name'}"), 5, "app_secret_env"),
        (HEAD + "    settings: {products: {chunk_size: 1}}\n", 6, "chunk_size: Input should be greater than"),
        (HEAD + "    settings:\n      products:\n        gtin_exempt: true\n", 7, "needs gtin_exemption_reason"),
        (HEAD + f"    templates:\n      - name: {'x' * 80}\n", 7, "shorter than 80 characters"),
        (HEAD + "    templates:\n      - name: ' '\n", 7, "needs a name"),
        (HEAD + "    templates:\n      - {name: A}\n      - {name: A}\n", 6, "these come twice: A"),
        (
            HEAD + "    templates: [{name: A, default: true}, {name: B, default: true}]\n",
            6,
            "only one template can be the default",
        ),
        (
            HEAD + "    templates:\n      - name: A\n        attributes:\n          - attribute: Colour\n"
            "            source: fixed\n",
            9,
            "source fixed needs values",
        ),
        (HEAD + "    templates: [{name: A, attributes: [{attribute: B, source: colour}]}]\n", 6, "source: "),
        (HEAD + "    templates: [{name: A, package: {weight: 0}}]\n", 6, "package.weight: "),
        (HEAD + "    templates: [{name: A, certificates: [{id: 1, file: a.pdf, expires: soon}]}]\n", 6, "expires: "),
    ],
)
def test_a_fault_is_said_with_its_line_and_place(tmp_path: Path, text: str, line: int, says: str) -> None:
    (fault,) = faults(tmp_path, text)
    assert fault.startswith(f"{line}: ")
    assert says in fault


def test_every_fault_is_said_at_once(tmp_path: Path) -> None:
    found = faults(tmp_path, HEAD.replace("GB", "XX") + "    regoin: GB\n")
    assert [fault.split(":")[0] for fault in found] == ["3", "6"]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, b"\xff\xfe\x00c")
    assert fault.strip() == "is not UTF-8 text"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="cannot be read"):
        read_settings_file(tmp_path)


def test_documents_are_looked_for_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text("templates: [{name: A, size_chart: chart.png, certificates: [{id: 7, file: a.pdf}]}]\n")
    (template,) = read_templates_file(path)
    assert template.size_chart == str(tmp_path / "chart.png")
    assert template.certificates[0].file == str(tmp_path / "a.pdf")


def test_on_the_command_line_a_bad_file_is_wrong_use(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text("conections: []\n")
    ran = cli("settings", "import", str(path))
    assert ran.status == 2
    assert f"{path}:1: conections: is not known here" in ran.stderr
    assert cli("settings", "import", str(tmp_path / "none.yaml")).status == 2
    assert cli("templates", "import", str(path)).status == 2


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)),
        "a0: &a0 {x: y}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 30)),
        "a: &a [*a]\n",
    ],
    ids=["lists", "merged", "itself"],
)
def test_aliases_that_stand_for_billions_are_refused_at_once(tmp_path: Path, text: str) -> None:
    (fault,) = faults(tmp_path, text)
    assert "aliases" in fault
