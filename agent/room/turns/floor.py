"""Who is speaking, as far as interim transcripts tell: replies wait until they have finished."""

import asyncio

SPEAKS_ON_S = 1.0
WAITS_AT_MOST_S = 10.0


class Floor:
    def __init__(self) -> None:
        self._heard_at: dict[str, float] = {}

    def heard(self, identity: str, *, final: bool) -> None:
        self._heard_at.pop(identity, None)
        if not final:
            self._heard_at[identity] = asyncio.get_running_loop().time()

    async def free(self) -> None:
        """Return when nobody speaks, or after WAITS_AT_MOST_S."""
        clock = asyncio.get_running_loop()
        until = clock.time() + WAITS_AT_MOST_S
        while (now := clock.time()) < until:
            last = max(self._heard_at.values(), default=0.0)
            if last + SPEAKS_ON_S <= now:
                return
            await asyncio.sleep(min(last + SPEAKS_ON_S, until) - now)
