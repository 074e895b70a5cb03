"""The inspector's first page: the rooms, and how their turns were."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from backend_stub.http.cursors import cursor
from backend_stub.inspector.routing import inspector_router
from backend_stub.pages.rendering import render
from backend_stub.resources import AppResources, Resources
from retrieval.store.overview.activity import ActivityPlace, RoomFilter
from retrieval.store.overview.rooms import rooms_page

ROOMS_AT_ONCE: Final = 50
SPANS: Final = {"6h": "6 hours", "24h": "24 hours", "7d": "7 days", "30d": "30 days"}

Active = Literal["", "1h", "24h", "7d"]

_BACK: Final[dict[Active, timedelta]] = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
}

router = inspector_router()


@dataclass(frozen=True)
class Asked:
    """Which rooms, as the page's address has it."""

    name: str = ""
    active: Active = ""
    degraded: bool = False
    after: str = ""

    @property
    def filters(self) -> dict[str, str]:
        chosen = {"name": self.name, "active": self.active}
        chosen |= {"degraded": "true"} if self.degraded else {}
        return {name: value for name, value in chosen.items() if value}

    @property
    def query(self) -> str:
        return self.page(self.after)

    @property
    def first(self) -> str:
        return self.page("")

    def page(self, after: str) -> str:
        chosen = self.filters | ({"after": after} if after else {})
        return f"?{urlencode(chosen)}" if chosen else ""

    def since(self, now: datetime) -> datetime | None:
        return now - _BACK[self.active] if self.active else None


async def _asked(
    name: Annotated[str, Query(max_length=200)] = "",
    active: Annotated[Active, Query()] = "",
    degraded: Annotated[bool, Query()] = False,
    after: Annotated[str, Query(max_length=1_000)] = "",
) -> Asked:
    return Asked(name.strip(), active, degraded, after)


@router.get("")
async def page(
    request: Request, asked: Annotated[Asked, Depends(_asked)], resources: AppResources
) -> Response:
    shown = await _shown(asked, resources)
    return render(request, "inspector/rooms.html", spans=SPANS, **shown)


@router.get("/rooms")
async def rooms(
    request: Request, asked: Annotated[Asked, Depends(_asked)], resources: AppResources
) -> Response:
    """The list alone, for htmx; the address is that of the page."""
    shown = await _shown(asked, resources)
    headers = {"HX-Replace-Url": f"/inspect{asked.query}"}
    return render(request, "inspector/rooms_list.html", headers=headers, **shown)


async def _shown(asked: Asked, resources: Resources) -> dict[str, Any]:
    found = await rooms_page(
        resources.pools.background,
        model_id=resources.model.model_id,
        limit=ROOMS_AT_ONCE,
        after=cursor(ActivityPlace.read, asked.after or None, field="after"),
        only=RoomFilter(asked.name or None, asked.since(datetime.now(UTC)), asked.degraded),
    )
    following = asked.page(found.next) if found.next else ""
    return {"asked": asked, "rooms": found.rooms, "next": following}
