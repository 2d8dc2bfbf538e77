"""What time alone will do: actions by their moment, done in the order of their moments."""

import heapq
from collections.abc import Callable

Action = Callable[[], None]


class Agenda:
    """`now()` is the moment of the action while one runs, so that what it does is dated by it and not by the caller."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._moment: int | None = None
        self._number = 0
        self._actions: list[tuple[int, int, Action]] = []

    def now(self) -> int:
        return self._clock() if self._moment is None else self._moment

    def at(self, moment: int, action: Action) -> None:
        self._number += 1
        heapq.heappush(self._actions, (moment, self._number, action))

    def settle(self) -> None:
        """Do what is due; inside an action nothing, the rest follows anyway."""
        if self._moment is not None:
            return
        now = self._clock()
        while self._actions and self._actions[0][0] <= now:
            moment, _, action = heapq.heappop(self._actions)
            self.on(moment, action)

    def on(self, moment: int, action: Action) -> None:
        """Do it as if it were that moment."""
        before, self._moment = self._moment, moment
        try:
            action()
        finally:
            self._moment = before
