"""The connection: addresses, what every call carries, the check of a shop, its settings, prices and images."""

from __future__ import annotations

import logging
import traceback
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from clients.errors import AccessDenied, ConfigurationFault, Rejected, ShopError, Unavailable
from clients.prestashop import Filters, PrestaShopClient, equals
from clients.prestashop.address import shop_url
from clients.prestashop.status import NEEDED, missing_rights


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://shop.example", "https://shop.example"),
        ("https://shop.example/", "https://shop.example"),
        ("https://shop.example/api", "https://shop.example"),
        (" https://shop.example/api/ ", "https://shop.example"),
        ("http://shop.example:8080/boutique/", "http://shop.example:8080/boutique"),
        ("https://shop.example/boutique/api/", "https://shop.example/boutique"),
        ("https://shop.example//boutique//", "https://shop.example/boutique"),
        ("https://apishop.example/myapi", "https://apishop.example/myapi"),
        ("HTTPS://Shop.Example", "https://shop.example"),
        ("http://[::1]:8085/", "http://[::1]:8085"),
    ],
)
def test_addresses_as_people_type_them(typed: str, url: str) -> None:
    assert shop_url(typed) == url


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "shop.example",
        "ftp://shop.example",
        "https://",
        "https:///api",
        "https://shop example",
        "https://shop.example:port",
        "https://KEY@shop.example",
        "https://:KEY@shop.example/api",
        "https://shop.example/api?ws_key=KEY",
        "https://shop.example/#api",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(ConfigurationFault) as caught:
        shop_url(typed)
    assert "KEY" not in str(caught.value) + caught.value.cause + caught.value.fix


def test_the_key_goes_by_basic_authentication_only(client: PrestaShopClient, shop: Any, read: Any) -> None:
    shop.answers(shop.lists("products", [{"id": 1}]))
    client.ids("products")
    (request,) = shop.requests
    assert b64decode(request.headers["authorization"].removeprefix("Basic ")) == f"{read.key}:".encode()
    assert read.key not in str(request.url)


def test_every_call_names_the_shop_of_the_multistore(
    make_client: Callable[..., PrestaShopClient], shop: Any, read: Any
) -> None:
    client = make_client("https://shop.example/boutique/api/", shop_id=2)
    shop.answers("081")
    client.update("stock_availables", 21, {"quantity": 9})
    shop.answers("077")
    client.delete("specific_prices", [1])
    shop.answers("038")
    client.images(1)
    shop.answers(shop.lists("products", [{"id": 1}]))
    client.ids("products")
    client.one("products", 1)
    list(client.pages("products", display=["id"], ids=[1], size=5))
    client.prices("products", {}, [1])
    assert len(shop.requests) == 6
    assert {read.query(request)["id_shop"] for request in shop.requests} == {"2"}
    assert {request.url.path.split("/api/")[0] for request in shop.requests} == {"/boutique"}


def test_one_object_is_read_in_the_form_that_keeps_empty_fields(client: PrestaShopClient, shop: Any, read: Any) -> None:
    shop.answers("031")
    row = client.one("stock_availables", 1)
    assert row == {
        "id": 1,
        "id_product": 1,
        "id_product_attribute": 0,
        "id_shop": 1,
        "id_shop_group": 0,
        "quantity": 2400,
        "depends_on_stock": False,
        "out_of_stock": 2,
        "location": "",
    }
    assert shop.requests[0].url.path == "/api/stock_availables/1"
    assert read.query(shop.requests[0]) == {"display": "full", "output_format": "JSON"}


def test_one_object_of_a_shop_that_ignores_display_has_its_fields_too(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("019 9.1.4")
    product = client.one("products", 1)
    assert product is not None
    assert (product["quantity"], product["on_sale"], product["ean13"]) == (0, False, "")


def test_an_object_that_does_not_exist_is_none(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("020")
    assert client.one("products", 99999) is None
    shop.answers(shop.refuses(404, 131))
    assert client.one("products", 5) is None
    # A shop that does not exist is something else, and so is a web server without a webservice.
    shop.answers(shop.refuses(404, 999))
    with pytest.raises(ConfigurationFault):
        client.one("products", 5)
    shop.answers(httpx.Response(404, content=b"<html>Not Found</html>"))
    with pytest.raises(ConfigurationFault):
        client.one("products", 5)


def root(**rights: str) -> bytes:
    """The list of resources with these rights, as recording 001 has it."""
    rows = "".join(
        f"<{name} {' '.join(f'{method.lower()}={chr(34)}true{chr(34)}' for method in methods.split())}/>"
        for name, methods in rights.items()
    )
    return f'<?xml version="1.0"?><prestashop><api shopName="Demo shop">{rows}</api></prestashop>'.encode()


def whole_shop(shop: Any, rights: bytes, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    """A shop with two stores in New York."""

    def answer(request: httpx.Request) -> httpx.Response:
        match request.url.path.removeprefix("/api/"):
            case "":
                return shop.sends(rights, **headers)  # type: ignore[no-any-return]
            case "shops":
                rows = [
                    {"id": 1, "name": "Demo shop", "active": "1", "deleted": "0"},
                    {"id": 2, "name": "Outlet", "active": "0", "deleted": "0"},
                    {"id": 3, "name": "Gone", "active": "1", "deleted": "1"},
                ]
                return shop.lists("shops", rows)  # type: ignore[no-any-return]
            case "shop_urls":
                rows = [
                    {"id": 1, "id_shop": "1", "domain": "a.example", "domain_ssl": "shop.example", "main": "1"},
                    {"id": 2, "id_shop": "1", "domain": "alias.example", "domain_ssl": "", "main": "0"},
                ]
                return shop.lists("shop_urls", rows)  # type: ignore[no-any-return]
            case "configurations":
                return shop.lists("configurations", [{"id": 66, "name": "PS_TIMEZONE", "value": "America/New_York"}])  # type: ignore[no-any-return]
        raise AssertionError(request.url.path)

    return answer


def test_a_check_finds_out_about_the_shop(make_client: Callable[..., PrestaShopClient], shop: Any) -> None:
    now = datetime(2026, 11, 23, 16, 10, tzinfo=UTC)
    client = make_client(timezone=None, clock=lambda: now)
    everything = root(**NEEDED)
    shop.answers(whole_shop(shop, everything, Access_Time=str(int((now + timedelta(seconds=95)).timestamp()))))
    status = client.check()
    assert (status.version, status.name, status.url) == ("8.2.1", "Demo shop", "https://shop.example")
    assert (status.timezone, status.domain, status.patch) == ("America/New_York", "shop.example", True)
    assert status.missing == ()
    assert status.clock_skew == 95.0
    assert [(info.id, info.name, info.active) for info in status.shops] == [
        (1, "Demo shop", True),
        (2, "Outlet", False),
    ]
    assert status.rights["orders"] == {"GET", "POST", "PATCH"}
    assert client.version == "8.2.1"
    # What was learnt serves the reads that follow.
    assert client.zone() == ZoneInfo("America/New_York")


def test_a_check_says_which_rights_are_missing(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("001")
    with pytest.raises(Unavailable):  # the recording is cut in the middle, as a broken connection would
        client.check()
    shop.answers(shop.sends(root(products="GET", stock_availables="GET PUT", orders="GET POST PUT")))
    status = client.check()
    assert "GET combinations" in status.missing
    assert "GET products" not in status.missing
    # PUT does where a row can be put back whole; orders need PATCH.
    assert "PATCH stock_availables" not in status.missing
    assert "PATCH orders" in status.missing
    assert not status.patch
    assert (status.shops, status.timezone, status.domain) == ((), "", "")


def test_prestashop_1_7_needs_put_where_later_ones_patch() -> None:
    granted = {name: frozenset(methods.split()) for name, methods in NEEDED.items()}
    assert missing_rights(granted, "8.2.1") == ()
    assert missing_rights(granted, "1.7.8.11") == ("PUT stock_availables", "PUT order_carriers", "PUT order_payments")


@pytest.mark.parametrize(("offset", "skew"), [(0, 0.0), (-1, 0.0), (-61, -61.0), (3600, 3600.0)])
def test_the_clocks_are_compared(
    make_client: Callable[..., PrestaShopClient], shop: Any, offset: int, skew: float
) -> None:
    now = datetime(2026, 11, 23, 16, 10, tzinfo=UTC)
    client = make_client(clock=lambda: now)
    shop.answers(shop.sends(root(products="GET"), Access_Time=str(int(now.timestamp()) + offset)))
    assert client.check().clock_skew == skew


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ("003", AccessDenied, "20"),
        ("005", AccessDenied, "http-401"),
        ("127", ConfigurationFault, "22"),
        ("129", ConfigurationFault, "redirect"),
        (httpx.Response(404, content=b"<html>Not Found</html>"), ConfigurationFault, "http-404"),
        (httpx.Response(200, content=b"<html>Welcome</html>"), ConfigurationFault, "not-a-webservice"),
        (
            httpx.Response(200, content=b'<?xml version="1.0"?><!DOCTYPE html><html><p>Welcome</p></html>'),
            ConfigurationFault,
            "not-a-webservice",
        ),
        (
            httpx.Response(200, content=b"<?xml version='1.0'?><prestashop><products/></prestashop>"),
            ConfigurationFault,
            "not-a-webservice",
        ),
        (httpx.ConnectError("refused"), Unavailable, "unreachable"),
    ],
)
def test_a_check_has_one_clear_error_for_each_reason(
    client: PrestaShopClient, shop: Any, answer: Any, kind: type, code: str
) -> None:
    shop.answers(answer)
    with pytest.raises(kind) as caught:
        client.check()
    assert caught.value.code == code  # type: ignore[attr-defined]  # a ShopError


def test_recorded_settings(client: PrestaShopClient, shop: Any, read: Any) -> None:
    shop.answers("050")
    found = client.settings(["PS_TAX", "PS_TIMEZONE", "PS_UNKNOWN"])
    assert (found["PS_TAX"], found["PS_TIMEZONE"]) == ("1", "Europe/Paris")
    assert "PS_UNKNOWN" not in found
    query = read.query(shop.requests[0])
    assert query["filter[name]"] == "[PS_TAX|PS_TIMEZONE|PS_UNKNOWN]"
    assert client.settings([]) == {}
    assert len(shop.requests) == 1


def test_the_most_specific_setting_wins(make_client: Callable[..., PrestaShopClient], shop: Any) -> None:
    def setting(id_: int, value: str, shop_id: Any = None, group: Any = None) -> dict[str, Any]:
        return {"id": id_, "name": "PS_TAX", "value": value, "id_shop": shop_id, "id_shop_group": group}

    rows = [
        setting(1, "shop 2", "2", "1"),
        setting(2, "global"),
        setting(3, "group", None, "1"),
        setting(4, "other", 3),
    ]
    shop.answers(shop.lists("configurations", rows))
    assert make_client(shop_id=2).settings(["PS_TAX"]) == {"PS_TAX": "shop 2"}
    assert make_client(shop_id=5).settings(["PS_TAX"]) == {"PS_TAX": "group"}
    shop.answers(shop.lists("configurations", rows[:2]))
    assert make_client().settings(["PS_TAX"]) == {"PS_TAX": "shop 2"}
    shop.answers(shop.lists("configurations", [rows[0], rows[1], rows[3]]))
    assert make_client().settings(["PS_TAX"]) == {"PS_TAX": "global"}


def test_the_time_zone_is_asked_for_once_and_only_if_needed(
    make_client: Callable[..., PrestaShopClient], shop: Any
) -> None:
    client = make_client(timezone=None)
    tables = {
        "configurations": [{"id": 66, "name": "PS_TIMEZONE", "value": "America/New_York"}],
        "zones": [{"id": 1, "name": "Europe", "active": "1"}],
        "tax_rule_groups": [{"id": 1, "date_upd": "2026-07-01 12:00:00"}],
    }
    shop.answers(lambda request: shop.lists("any", tables[request.url.path.rpartition("/")[2]]))
    client.rows("zones")
    assert len(shop.requests) == 1
    for _ in range(2):
        (row,) = client.rows("tax_rule_groups", display=["id", "date_upd"])
        assert row["date_upd"] == datetime(2026, 7, 1, 16, tzinfo=UTC)
    assert len(shop.requests) == 4


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc"])
def test_an_unknown_time_zone_is_for_a_person(
    make_client: Callable[..., PrestaShopClient], shop: Any, name: str
) -> None:
    shop.answers(shop.lists("configurations", [{"id": 66, "name": "PS_TIMEZONE", "value": name}]))
    with pytest.raises(ConfigurationFault) as caught:
        make_client(timezone=None).zone()
    assert caught.value.code == "timezone"


@pytest.mark.parametrize("version", ["8.2.1", "9.1.4"])
def test_recorded_prices(client: PrestaShopClient, shop: Any, read: Any, version: str) -> None:
    shop.answers(f"133 {version}")
    aliases: dict[str, dict[str, object]] = {
        "pt": {"use_tax": True},
        "pe": {"use_tax": False},
        "full": {"use_reduction": False, "decimals": 2},
        "fr": {"country": 8},
    }
    prices = client.prices("products", aliases, [1, 6])
    assert prices[6] == {
        "pt": Decimal("14.4"),
        "pe": Decimal("11.9"),
        "full": Decimal("14.4"),
        "fr": Decimal("14.4"),
    }
    query = read.query(shop.requests[0])
    assert query["display"] == "[id,pt,pe,full,fr]"
    assert query["filter[id]"] == "[1|6]"
    assert (query["price[pt][use_tax]"], query["price[pt][decimals]"]) == ("1", "6")
    assert (query["price[full][use_reduction]"], query["price[full][decimals]"]) == ("0", "2")
    assert query["price[fr][country]"] == "8"


def test_prices_that_cannot_be_asked_for(client: PrestaShopClient, shop: Any) -> None:
    for alias in ("a b", "", "price"):
        with pytest.raises(ValueError, match="not a name"):
            client.prices("products", {alias: {}}, [1])
    with pytest.raises(ValueError, match="products and combinations"):
        client.prices("orders", {"p": {}}, [1])
    assert client.prices("products", {"p": {}}, []) == {}
    assert shop.requests == []


def test_images_of_a_product(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("038")
    assert client.images(1) == [1, 2]
    shop.answers("020")
    assert client.images(99999) == []


def test_the_file_of_an_image(client: PrestaShopClient, shop: Any) -> None:
    shop.answers(shop.sends(b"\xff\xd8\xff binary", "image/jpeg"))
    assert client.image(1, 2) == b"\xff\xd8\xff binary"
    assert client.image(1, 2, "large_default") == b"\xff\xd8\xff binary"
    assert [request.url.path for request in shop.requests] == [
        "/api/images/products/1/2",
        "/api/images/products/1/2/large_default",
    ]
    shop.answers(shop.refuses(400, 58))
    with pytest.raises(Rejected) as caught:
        client.image(1, 2, "unknown")
    assert caught.value.code == "58"
    shop.answers(shop.sends(b"<html>", "text/html"))
    with pytest.raises(ConfigurationFault):
        client.image(1, 2)
    with pytest.raises(ValueError, match="image type"):
        client.image(1, 2, "../1")


def test_the_recorded_image_is_an_image(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("039")
    with pytest.raises(Unavailable):  # its bytes are left out of the recording
        client.image(1, 1)


def test_maintenance_does_not_stop_the_webservice(client: PrestaShopClient, shop: Any) -> None:
    shop.answers("128")
    assert client.ids("products") == [19]


def test_resources_are_names_and_not_paths(client: PrestaShopClient, shop: Any) -> None:
    for resource in ("products/1", "../admin", "", "products?x=1"):
        with pytest.raises(ValueError, match="not a resource"):
            client.rows(resource)
        with pytest.raises(ValueError, match="not a resource"):
            client.one(resource, 1)
        with pytest.raises(ValueError, match="not a resource"):
            client.create(resource, {})
        with pytest.raises(ValueError, match="not a resource"):
            client.delete(resource, [1])
    assert shop.requests == []


SECRET = "rita.roe@example.com"


@pytest.mark.parametrize(
    "broken",
    [
        "003",
        "127",
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("refused"),
        httpx.Response(500, content=b"Rita Roe rita.roe@example.com"),
        httpx.Response(302, headers={"Location": "https://www.shop.example/?email=rita.roe@example.com"}),
        httpx.Response(200, content=b'{"customers":[{"email":"rita.roe@example.com'),
    ],
    ids=str,
)
def test_no_key_and_no_personal_data_in_errors_and_logs(
    client: PrestaShopClient, shop: Any, read: Any, broken: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shop.answers(broken)
    calls: list[Callable[[], object]] = [
        lambda: client.rows("customers", filters=Filters(email=equals(SECRET))),
        lambda: client.create("customers", {"email": SECRET}),
        client.check,
    ]
    for call in calls:
        with pytest.raises(ShopError) as caught:
            call()
        fault = caught.value
        written = "".join(traceback.format_exception(fault))
        said = [str(fault), repr(fault), fault.cause, fault.fix, fault.request_id, repr(client), written]
        # httpx' own line with the whole URL is switched off by the logging set-up.
        said += [str(record.__dict__) for record in caplog.records if record.name != "httpx"]
        for text in said:
            assert read.key not in text
            assert SECRET not in text
            assert "RkFLRUtFWTAx" not in text  # the beginning of the key in base64


def test_exchanges_are_logged_without_their_values(
    client: PrestaShopClient, shop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="clients")
    shop.answers("031")
    client.rows("stock_availables", filters=Filters(location=equals("shelf 5")))
    (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("clients")]
    assert line.startswith("GET stock_availables: 200, ")
    assert line.endswith(" bytes")


def test_a_client_of_its_own_gives_its_connections_back(shop: Any, read: Any) -> None:
    with PrestaShopClient("https://shop.example", read.key) as client:
        assert repr(client) == "PrestaShopClient('https://shop.example', shop_id=None)"
        http = client._http
    assert http.is_closed


def test_a_client_given_stays_open(shop: Any, read: Any) -> None:
    with httpx.Client(transport=httpx.MockTransport(shop)) as http:
        with PrestaShopClient("https://shop.example", read.key, http=http):
            pass
        assert not http.is_closed
