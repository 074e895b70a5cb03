"""How much each of many may use in a second, and how many things at once."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

BURST_S: Final = 10.0
"""So many seconds' worth may be used at once by who was silent before."""
MOST_KNOWN: Final = 10_000
"""Beyond, those whose last use is longest ago are forgotten, and may use their burst again."""

_ROUNDING_S = 1e-6


class Rate:
    """Of a fixed amount a second; 0: no limit. Goes by a clock that no one sets."""

    def __init__(self, per_s: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._clock = clock
        self._used_until: OrderedDict[Hashable, float] = OrderedDict()

    def wait_s(self, who: Hashable) -> float:
        """0: something may be used now."""
        if not self._per_s:
            return 0.0
        ahead_s = self._used_until.get(who, 0.0) - self._clock()
        wait_s = ahead_s - max(0.0, BURST_S - 1 / self._per_s)
        return wait_s if wait_s > _ROUNDING_S else 0.0

    def use(self, who: Hashable, amount: float = 1.0) -> None:
        """Also more than is left: then the next one waits the longer."""
        if not self._per_s:
            return
        begin = max(self._used_until.get(who, 0.0), self._clock())
        self._used_until[who] = begin + amount / self._per_s
        self._used_until.move_to_end(who)
        if len(self._used_until) > MOST_KNOWN:
            self._used_until.popitem(last=False)

    def __len__(self) -> int:
        return len(self._used_until)


class AtOnce:
    """Counts what is open; 0: no limit."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[Hashable] = Counter()

    def full(self, who: Hashable) -> bool:
        return 0 < self._most <= self._open[who]

    def begin(self, who: Hashable) -> None:
        self._open[who] += 1

    def end(self, who: Hashable) -> None:
        self._open[who] -= 1
        if not self._open[who]:
            del self._open[who]
