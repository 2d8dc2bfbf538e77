"""Fault rules: how they are written, when they strike, and that a seed repeats them."""

import pytest

from sandbox.faults import Faults, Rule


def test_rules_are_written_as_kind_rate_limit_methods_and_path() -> None:
    faults = Faults.parse("throttle=0.1, reset_after=.5x3@POST|PUT /product/*, slow@/api/*, html_503x2")

    assert faults.rules == (
        Rule("throttle", 0.1),
        Rule("reset_after", 0.5, "/product/*", frozenset({"POST", "PUT"}), 3),
        Rule("slow", 1.0, "/api/*"),
        Rule("html_503", limit=2),
    )
    assert Faults.parse("").rules == ()


@pytest.mark.parametrize("text", ["earthquake=0.1", "throttle=2", "throttle=often", "throttle=0.1@post /x", "=1"])
def test_rules_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="fault"):
        Faults.parse(text)


def test_a_rule_strikes_only_its_kind_method_and_path() -> None:
    faults = Faults.parse("server_error=1@POST /product/*")

    assert faults.draw("server_error", "POST", "/product/202309/products")
    assert not faults.draw("server_error", "GET", "/product/202309/products")
    assert not faults.draw("server_error", "POST", "/order/202309/orders")
    assert not faults.draw("throttle", "POST", "/product/202309/products")


def test_a_limit_ends_a_rule() -> None:
    faults = Faults.parse("throttle=1x2")
    assert [faults.draw("throttle", "GET", "/") for _ in range(4)] == [True, True, False, False]
    assert faults.drawn == {"throttle": 2}


def test_the_same_seed_repeats_the_same_faults() -> None:
    def drawn(seed: int) -> list[bool]:
        faults = Faults.parse("throttle=0.3", seed)
        return [faults.draw("throttle", "GET", "/") for _ in range(200)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 30 < sum(drawn(1)) < 90


def test_rules_do_not_disturb_each_others_dice() -> None:
    alone, together = Faults.parse("throttle=0.3", 1), Faults.parse("throttle=0.3,slow=0.5", 1)
    for _ in range(50):
        together.draw("slow", "GET", "/")
        assert alone.draw("throttle", "GET", "/") == together.draw("throttle", "GET", "/")


def test_rules_can_be_changed_at_run_time() -> None:
    faults = Faults.parse("throttle=1x1")
    assert faults.draw("throttle", "GET", "/")
    faults.set("throttle=1x1")
    assert faults.draw("throttle", "GET", "/")
    faults.clear()
    assert not faults.draw("throttle", "GET", "/")
