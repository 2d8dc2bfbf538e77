"""Running flows from the command line: parameters checked first, figures and exit status afterwards (J1, K1, K2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.server import Sandbox
from tests.console.conftest import Cli

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("prefect")]


@pytest.fixture
def own_shops() -> object:
    """Shops that a test may change."""
    with Sandbox(products=8, seed=3, audit_seconds=0) as sandbox:
        yield sandbox


@pytest.fixture
def ready(cli: Cli, own_shops: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Cli:
    """The command line with an authorized connection to shops of the test's own."""
    monkeypatch.setenv("SHOP_KEY", own_shops.prestashop_key)
    monkeypatch.setenv("APP_SECRET", own_shops.app_secret)
    words = ["--region", "GB", "--prestashop-url", own_shops.prestashop_url, "--prestashop-key-env", "SHOP_KEY"]
    words += ["--tiktok-url", own_shops.tiktok_url, "--app-key", own_shops.app_key, "--app-secret-env", "APP_SECRET"]
    assert cli("connection", "add", "main", *words).status == 0
    assert cli("connection", "authorize", "--code", own_shops.auth_code()).status == 0
    return cli


def _template(file: str) -> str:
    """A file with one template that takes everything."""
    Path(file).write_text(
        "templates: [{name: All, default: true, category: Home Supplies > Home Decor > Cushions & Covers,"
        " package: {weight: 0.5, length: 10, width: 10, height: 10},"
        " attributes: [{attribute: Material, source: fixed, values: [Cotton]}]}]\n"
    )
    return file


def test_plan_apply_and_explain(ready: Cli, tmp_path: object) -> None:
    ran = ready("run", "taxonomy_refresh", "--json")
    assert ran.status == 0, ran.stderr
    assert ran.data["counts"]["categories"] > 10
    assert ready("templates", "import", _template(f"{tmp_path}/templates.yaml")).status == 0
    planned = ready("plan", "catalog_upload", "--json")
    creates = [change for change in planned.data["changes"] if change["change"] == "create"]
    assert creates
    assert all(change["reasons"] and change["title"] for change in creates)
    assert planned.status == (1 if planned.data["failures"] else 0)
    applied = ready("apply", str(planned.data["plan"]), "--json")
    assert applied.data["counts"]["confirmed"] == len(creates)
    assert applied.status == 0
    again = ready("plan", "catalog_upload", "--json")
    assert again.data["changes"] == []
    product = creates[0]["object"].split(":")[1]
    told = ready("explain", product)
    assert told.status == 0
    assert "Template: All" in told.stderr
    assert "Price " in told.stderr
    assert ready("explain", product, "--json").data["id_product"] == int(product)
    assert ready("explain", "no-such-sku").status == 2


def test_products_that_are_not_ready_are_named_and_are_no_failure_of_the_run(ready: Cli) -> None:
    ready("run", "taxonomy_refresh")
    ran = ready("run", "catalog_upload", "--dry-run", "product_ids=[1, 2]")
    assert ran.status == 0
    assert "all done; 2 products are not ready" in ran.stderr
    assert "product 1" in ran.stderr


def test_a_run_that_leaves_something_parked_ends_with_1(ready: Cli, own_shops: Sandbox, tmp_path: object) -> None:
    ready("run", "taxonomy_refresh")
    ready("templates", "import", _template(f"{tmp_path}/templates.yaml"))
    own_shops.tiktok.shop.daily_listing_quota = 0
    ran = ready("run", "catalog_upload")
    assert ran.status == 1
    assert "need a person" in ran.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nonsense",), "There are: apply_plan, "),
        (("catalog_upload", "speed=9"), "catalog_upload has no parameter speed; it has: connection, product_ids"),
        (("catalog_upload", "product_ids=all"), "product_ids: "),
        (("taxonomy_refresh", "--dry-run"), "taxonomy_refresh has no parameter dry_run"),
        (("apply_plan",), "apply_plan needs plan=…"),
        (("catalog_upload", "dry_run"), "is not of the form name=value"),
        (("catalog_upload", "template=Mugs", "template=Cups"), "template is given twice"),
        (("catalog_upload", "connection=a", "--connection", "b"), "given twice, with different names"),
        (("catalog_upload", "--connection", "nowhere"), "There is no connection called 'nowhere'"),
        (("catalog_upload", "template=Cups"), "There is no category template called 'Cups'"),
        (("apply_plan", "plan=99"), "There is no plan 99"),
    ],
)
def test_wrong_use_is_said_in_one_line(connected: Cli, words: tuple[str, ...], says: str) -> None:
    ran = connected("run", *words)
    assert ran.status == 2
    assert says in ran.stderr
    assert ran.stderr.startswith("Error: ")
    assert len(ran.stderr.splitlines()) == 1


def test_a_refused_key_ends_with_3_and_no_traceback(ready: Cli, own_shops: Sandbox) -> None:
    own_shops.prestashop.webservice_enabled = False
    ran = ready("run", "catalog_upload")
    assert ran.status == 3
    assert ran.stderr.startswith("Error: ")
    assert "Traceback" not in ran.stderr
