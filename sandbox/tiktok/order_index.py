"""Orders in the order of their times, and by their ids in other systems: quick with ten thousands of them."""

from bisect import bisect_left, insort
from collections import defaultdict
from typing import Literal

from sandbox.tiktok.order_model import Order

SortField = Literal["create_time", "update_time"]
Key = tuple[int, str]  # (Unix seconds, order id)


class OrderIndex:
    def __init__(self) -> None:
        self._keys: dict[SortField, list[Key]] = {"create_time": [], "update_time": []}
        self._external: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self._numbers: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, order: Order) -> None:
        insort(self._keys["create_time"], (order.create_time, order.id))
        insort(self._keys["update_time"], (order.update_time, order.id))

    def updated(self, order: Order, before: int) -> None:
        """`update_time` was `before`."""
        keys = self._keys["update_time"]
        del keys[bisect_left(keys, (before, order.id))]
        insort(keys, (order.update_time, order.id))

    def between(self, field: SortField, start: int | None, end: int | None) -> list[Key]:
        """Keys with a time of at least `start` and below `end`, ascending."""
        keys = self._keys[field]
        low = 0 if start is None else bisect_left(keys, (start, ""))
        high = len(keys) if end is None else bisect_left(keys, (end, ""))
        return keys[low:high]

    def refer(self, order: Order, platform: str, external_id: str) -> None:
        ids = self._external[platform, external_id]
        if order.id not in ids:
            ids.append(order.id)

    def forget(self, order: Order, platform: str, external_id: str) -> None:
        self._external[platform, external_id].remove(order.id)

    def referred(self, platform: str, external_id: str) -> list[str]:
        return list(self._external.get((platform, external_id), ()))

    def number(self, order: Order, tracking_number: str) -> None:
        """The order leaves, or left once, under this number."""
        self._numbers[tracking_number].add(order.id)

    def numbered(self, tracking_number: str) -> set[str]:
        return self._numbers.get(tracking_number, set())
