"""The error tree: what a caller may do next follows from the class alone."""

from __future__ import annotations

import pickle

import pytest

from clients import errors as tree
from clients.errors import ShopError


def kinds(base: type[ShopError]) -> set[type[ShopError]]:
    return {base}.union(*(kinds(kind) for kind in base.__subclasses__()))


KINDS = sorted(kinds(ShopError), key=lambda kind: kind.__name__)


def test_the_tree_is_the_one_that_is_drawn() -> None:
    branches: dict[type[ShopError], set[type[ShopError]]] = {
        tree.Retryable: {tree.Throttled, tree.Unavailable, tree.Silent, tree.TimedOut},
        tree.AuthorizationError: {tree.TokenExpired, tree.ReauthorizationNeeded, tree.AccessDenied},
        tree.Rejected: set(),
        tree.ConfigurationFault: set(),
        tree.Uncertain: {tree.PartlyStored},
    }
    assert set(ShopError.__subclasses__()) == set(branches)
    for branch, leaves in branches.items():
        assert kinds(branch) == {branch, *leaves}
    assert tree.__doc__ is not None
    assert all(kind.__name__ in tree.__doc__ for kind in kinds(ShopError))


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_carries_what_the_merchant_and_the_log_need(kind: type[ShopError]) -> None:
    error = kind("for the log", shop="tiktok", code="1", request_id="R", cause="Why.", fix="What to do.")
    assert (str(error), error.shop, error.code, error.request_id) == ("for the log", "tiktok", "1", "R")
    assert (error.cause, error.fix) == ("Why.", "What to do.")


def test_without_a_cause_the_message_is_shown() -> None:
    assert ShopError("something", shop="prestashop").cause == "something"


def test_an_uncertain_write_is_never_taken_for_a_retryable_one() -> None:
    assert not issubclass(tree.Uncertain, tree.Retryable)


def test_throttling_says_how_long_to_wait_if_the_shop_said_so() -> None:
    assert tree.Throttled("m", shop="tiktok").retry_after is None
    assert tree.Throttled("m", shop="tiktok", retry_after=2.5).retry_after == 2.5


def test_an_error_survives_the_way_to_another_process() -> None:
    sent = tree.Throttled("slow down", shop="tiktok", code="36009002", request_id="r1", retry_after=2.5)
    received = pickle.loads(pickle.dumps(sent))
    assert type(received) is tree.Throttled
    assert (str(received), received.__dict__) == (str(sent), sent.__dict__)
