"""Customers, addresses and carts: what each version takes and what it does with it (fact sheet 2.9–2.11)."""

from __future__ import annotations

import pytest

from sandbox.prestashop.world import World
from tests.sandbox.prestashop.order_maker import OrderMaker, ids

VERSIONS = ("1.7.8", "8.2", "9.0")


def maker(version: str = "8.2", kind: str = "fresh") -> OrderMaker:
    return OrderMaker(World.fixtures(kind, version=version))  # type: ignore[arg-type]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_registered_e_mail_is_taken(version: str) -> None:
    shop = maker(version)
    shop.customer(email="buyer@example.com")
    answer = shop.send("POST", "customers", shop.customer_xml(email="Buyer@example.com"))
    assert shop.code(answer) == (500, 140)
    other = shop.customer()
    taken = f"<customer><id>{other}</id><passwd>x2345</passwd><lastname>A</lastname><firstname>B</firstname>"
    answer = shop.send("PUT", "customers", taken + "<email>buyer@example.com</email></customer>")
    assert shop.code(answer) == (500, 141)


@pytest.mark.parametrize(("version", "status"), [("1.7.8", 500), ("8.2", 201), ("9.0", 201)])
def test_a_guest_may_share_a_registered_e_mail_from_8_on(version: str, status: int) -> None:
    shop = maker(version)
    shop.customer(email="buyer@example.com")
    guest = shop.customer_xml(email="buyer@example.com", is_guest=1, id_default_group=2)
    assert shop.send("POST", "customers", guest).status_code == status
    two = [shop.send("POST", "customers", shop.customer_xml(email="g@example.com", is_guest=1)) for _ in range(2)]
    assert [answer.status_code for answer in two] == [201, 201]


def test_a_guest_leaves_the_customers_group_and_needs_guest_checkout() -> None:
    shop = maker()
    guest = shop.world.row("customers", shop.customer(is_guest=1))
    assert (guest["id_default_group"], guest["_groups"]) == (2, (2,))
    shop.world.set_setting("PS_GUEST_CHECKOUT_ENABLED", "0")
    assert shop.code(shop.send("POST", "customers", shop.customer_xml(is_guest=1))) == (500, 46)
    assert shop.send("POST", "customers", shop.customer_xml()).status_code == 201


def test_the_password_is_hashed_once() -> None:
    shop = maker()
    row_id = shop.customer()
    stored = shop.world.row("customers", row_id)["passwd"]
    assert stored.startswith("$2y$10$")
    shop.send("PATCH", "customers", f"<customer><id>{row_id}</id><passwd>{stored}</passwd></customer>")
    assert shop.world.row("customers", row_id)["passwd"] == stored


@pytest.mark.parametrize("version", ["8.2", "9.0"])
def test_a_put_wipes_the_key_and_a_patch_keeps_it(version: str) -> None:
    shop = maker(version)
    row_id = shop.customer()
    shop.send("PATCH", "customers", f"<customer><id>{row_id}</id><firstname>Rita</firstname></customer>")
    assert shop.world.row("customers", row_id)["secure_key"]
    shop.send("PUT", "customers", shop.customer_xml().replace("<customer>", f"<customer><id>{row_id}</id>"))
    assert shop.world.row("customers", row_id)["secure_key"] == ""
    given = f"<customer><id>{row_id}</id><secure_key>{'a' * 32}</secure_key></customer>"
    answer = shop.send("PATCH", "customers", given)
    assert answer.status_code == (200 if version == "8.2" else 400)


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("lastname", "D**", 400),
        ("lastname", "J. Doe", 201),
        ("lastname", "J.Doe", 400),
        ("lastname", "Doe Jr.", 201),
        ("lastname", "Doe 2", 400),
        ("lastname", "", 400),
        ("lastname", "  ", 400),
        ("firstname", "María-José d'Àlba", 201),
        ("email", "no at", 400),
    ],
)
def test_names_of_customers(field: str, value: str, status: int) -> None:
    shop = maker()
    assert shop.send("POST", "customers", shop.customer_xml(**{field: value})).status_code == status


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("lastname", "D*./e", 201),
        ("lastname", "Doe2", 400),
        ("alias", "x" * 33, 400),
        ("address1", "1 Main St #4, A/B", 201),
        ("address1", "1 Main St_4", 400),
        ("postcode", "SW1A 1AA", 201),
        ("postcode", "12_34", 400),
        ("city", "St. John's", 201),
        ("city", "A@B", 400),
        ("phone", "+1 (212) 555-0100", 201),
        ("phone", "212***", 400),
        ("other", "order {1}", 400),
        ("dni", "1234 5678", 400),
        ("id_country", "", 400),
    ],
)
def test_fields_of_addresses(field: str, value: str, status: int) -> None:
    shop = maker()
    customer = shop.customer()
    assert shop.send("POST", "addresses", shop.address_xml(customer, **{field: value})).status_code == status


def test_the_longest_note_of_an_address_depends_on_the_version() -> None:
    for version, status in (("1.7.8", 400), ("8.2", 201)):
        shop = maker(version)
        answer = shop.send("POST", "addresses", shop.address_xml(shop.customer(), other="x" * 301))
        assert answer.status_code == status


def test_fields_a_merchant_marked_as_required() -> None:
    shop = maker()
    customer = shop.customer()
    used = shop.address(customer)
    shop.order(shop.cart(customer, used, [(6, 0, 1)]), "18.90")
    fresh = shop.address(customer)
    shop.world.require_field("addresses", "phone")
    assert '<phone required="true" maxSize="32"' in shop.get("addresses", schema="synopsis").text
    assert shop.code(shop.send("POST", "addresses", shop.address_xml(customer))) == (400, 41)
    assert shop.code(shop.send("POST", "addresses", shop.address_xml(customer, phone=""))) == (400, 85)
    assert shop.address(customer, phone="123")
    for row_id, status in ((fresh, 400), (used, 200)):
        body = shop.address_xml(customer).replace("<address>", f"<address><id>{row_id}</id>")
        assert shop.send("PUT", "addresses", body).status_code == status
    shop.world.require_field("addresses", "phone", required=False)
    assert shop.address(customer)
    with pytest.raises(KeyError):
        shop.world.require_field("addresses", "fax")


def test_an_address_of_an_order_is_deleted_softly() -> None:
    shop = maker()
    customer = shop.customer()
    used, unused = shop.address(customer), shop.address(customer)
    shop.order(shop.cart(customer, used, [(6, 0, 1)]), "18.90")
    for row_id in (used, unused):
        assert shop.client.delete(f"/api/addresses/{row_id}").status_code == 200
    assert shop.world.row("addresses", used)["deleted"] == 1
    assert unused not in shop.world.tables["addresses"]


def test_a_cart_keeps_its_rows_when_they_are_not_sent() -> None:
    shop = maker()
    customer = shop.customer()
    place = shop.address(customer)
    cart = shop.cart(customer, place, [(6, 0, 1)])
    head = f"<cart><id>{cart}</id><id_currency>1</id_currency><id_lang>1</id_lang>"
    assert shop.send("PUT", "carts", f"{head}</cart>").status_code == 200
    assert len(shop.world.row("carts", cart)["_rows"]) == 1
    shop.send("PUT", "carts", f"{head}<associations><cart_rows/></associations></cart>")
    assert shop.world.row("carts", cart)["_rows"] == ()


@pytest.mark.parametrize(("version", "status"), [("1.7.8", 500), ("8.2", 500), ("9.0", 201)])
def test_the_same_line_twice_leaves_an_empty_cart(version: str, status: int) -> None:
    shop = maker(version)
    customer = shop.customer()
    place = shop.address(customer)
    before = len(shop.world.tables["carts"])
    answer = shop.send("POST", "carts", shop.cart_xml(customer, place, [(6, 0, 1), (6, 0, 2)]))
    assert answer.status_code == status
    assert (status == 201) == bool(answer.content)
    assert len(shop.world.tables["carts"]) == before + 1
    cart = shop.world.tables["carts"].ids[-1]
    assert shop.world.row("carts", cart)["_rows"] == ()
    assert (shop.post_order(cart, "1").status_code, shop.world.order_of_cart(cart)) == (500, None)


def test_several_in_one_body_keep_their_order_and_stop_at_the_bad_one() -> None:
    shop = maker()
    customer = shop.customer()
    good = [shop.address_xml(customer, alias=f"A{number}") for number in range(4)]
    answer = shop.send("POST", "addresses", "".join(good))
    assert [shop.world.row("addresses", row)["alias"] for row in ids(answer)] == ["A0", "A1", "A2", "A3"]
    count = len(shop.world.tables["addresses"])
    answer = shop.send("POST", "addresses", good[0] + good[1] + shop.address_xml(customer, city="<>") + good[2])
    assert answer.status_code in (400, 500)
    answer = shop.send("POST", "addresses", good[0] + good[1] + shop.address_xml(customer, city="A@B") + good[2])
    assert (shop.code(answer), ids(answer)) == ((400, 85), [])
    assert len(shop.world.tables["addresses"]) == count + 2
    place = shop.address(customer)
    answer = shop.send("POST", "carts", "".join(shop.cart_xml(customer, place, [(6, 0, n)]) for n in (1, 2, 3)))
    assert [shop.world.row("carts", row)["_rows"][0][4] for row in ids(answer)] == [1, 2, 3]
