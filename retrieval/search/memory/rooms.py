"""The rooms that a process keeps in memory: those searched lately, as many as fit.

A room is filled behind the search that missed it, one at a time. Filling costs as much as some ten
searches, so that where more rooms talk than fit, none is put out for each search of another: what
takes the place of others is filled in a small share of the time only. The rooms that are kept then
stay a while, and searches of the others cost what they cost without memory, and little more.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from retrieval.search.memory.figures import Figures
from retrieval.search.memory.version import Kept, Version
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

logger = logging.getLogger(__name__)

CROWDED_SHARE: Final = 0.1
"""Of the time that may go into filling rooms in the place of others."""
MOST_WANTED: Final = 100
"""Rooms that wait to be filled; further ones are asked for by their next search."""
PAUSE_S: Final = 10.0
"""After a room could not be read: the database may be away, or short of connections."""
MOST_REMEMBERED: Final = 10_000
"""Conversations of which it is known that they do not fit, or are being written."""


class Sized(Kept, Protocol):
    @property
    def nbytes(self) -> int:
        """Of the memory that it keeps."""
        ...


RoomT = TypeVar("RoomT", bound=Sized)
LoadedT = TypeVar("LoadedT", bound=Sized, covariant=True)


@dataclass
class _Place(Generic[RoomT]):
    room: RoomT
    nbytes: int
    """When it came here: what it shares with others may grow."""
    searched_at: float


@dataclass(frozen=True)
class _Wish:
    """Without a version: the words of what is kept are to be brought up to date."""

    db: "Database"
    version: Version | None


class Load(Protocol[LoadedT]):
    async def __call__(
        self, db: "Database", conversation_id: ConversationId, *, most_bytes: int
    ) -> LoadedT | None:
        """Reads a room from the tables; None if it cannot be kept."""
        ...


class Rooms(Generic[RoomT]):
    """Rooms are immutable: whoever holds one may use it after it was put out."""

    def __init__(
        self,
        limit_bytes: int,
        load: Load[RoomT],
        catch_up: Callable[[RoomT], Awaitable[RoomT]],
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._limit_bytes = limit_bytes
        self._load = load
        self._catch_up = catch_up
        self._clock = clock
        self._places: OrderedDict[ConversationId, _Place[RoomT]] = OrderedDict()
        self._bytes = 0
        self._wanted: OrderedDict[ConversationId, _Wish] = OrderedDict()
        self._waiting: OrderedDict[ConversationId, Version] = OrderedDict()
        self._unfit: OrderedDict[ConversationId, Version] = OrderedDict()
        self._task: asyncio.Task[None] | None = None
        self._crowded_until = 0.0
        self._paused_until = 0.0
        self._figures = Figures()

    @property
    def figures(self) -> Figures:
        return replace(self._figures, rooms=len(self._places), bytes=self._bytes)

    def versions(self) -> Mapping[ConversationId, Version]:
        return {one: place.room.version for one, place in self._places.items()}

    def get(self, conversation_id: ConversationId) -> RoomT | None:
        """For a search of now."""
        place = self._places.get(conversation_id)
        if place is None:
            return None
        self._places.move_to_end(conversation_id)
        place.searched_at = self._clock()
        return place.room

    def extend(self, conversation_id: ConversationId, *, known: RoomT, extended: RoomT) -> None:
        """Keep `extended` in the place of `known`, unless another took that meanwhile."""
        place = self._places.get(conversation_id)
        if place is not None and place.room is known:
            self._put(conversation_id, extended, searched_at=place.searched_at)

    def missed(
        self,
        db: "Database",
        conversation_id: ConversationId,
        version: Version | None,
        *,
        found: RoomT | None,
    ) -> None:
        """Behind a search that found this version in the tables, and no use in what was `found`.

        A room that changed since the last search may be changing still, such as in a backfill: it
        is filled when another search finds it unchanged.
        """
        self._figures.missed += 1
        if version is None or self._unfit.get(conversation_id) == version:
            return
        place = self._places.get(conversation_id)
        if place is not None and place.room is not found:
            return  # filled meanwhile
        known = place.room.version if place else self._waiting.get(conversation_id, version)
        if known == version:
            self._want(conversation_id, _Wish(db, version))
            return
        self.forget(conversation_id)
        _remember(self._waiting, conversation_id, version)

    def answered(self, db: "Database", conversation_id: ConversationId) -> None:
        """Behind a search in memory."""
        self._figures.answered += 1
        place = self._places.get(conversation_id)
        if place is not None and place.room.marks.messages > place.room.marks.postings:
            self._want(conversation_id, _Wish(db, None))

    def forget(self, conversation_id: ConversationId) -> None:
        place = self._places.pop(conversation_id, None)
        if place is not None:
            self._bytes -= place.nbytes

    def unused_for(self, seconds: float) -> list[ConversationId]:
        since = self._clock() - seconds
        return [one for one, place in self._places.items() if place.searched_at < since]

    async def aclose(self) -> None:
        """Ends a fill under way."""
        self._wanted.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._places.clear()
        self._bytes = 0

    def _want(self, conversation_id: ConversationId, wish: _Wish) -> None:
        if self._clock() < self._paused_until or len(self._wanted) >= MOST_WANTED:
            return
        if conversation_id in self._wanted:
            return
        self._wanted[conversation_id] = wish
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._fill_wanted(), name="fill-rooms")

    async def _fill_wanted(self) -> None:
        while self._wanted:
            conversation_id = next(iter(self._wanted))
            wish = self._wanted[conversation_id]
            try:
                if wish.version is None:
                    await self._bring_up_to_date(conversation_id)
                else:
                    await self._fill(wish.db, conversation_id, wish.version)
            except Exception as error:  # noqa: BLE001  # searches go on without this room
                self._paused_until = self._clock() + PAUSE_S
                logger.warning(
                    "a room in memory was not filled",
                    extra={"conversation_id": str(conversation_id), "error": type(error).__name__},
                )
            finally:
                self._wanted.pop(conversation_id, None)

    async def _bring_up_to_date(self, conversation_id: ConversationId) -> None:
        place = self._places.get(conversation_id)
        if place is not None:
            known = place.room
            self.extend(conversation_id, known=known, extended=await self._catch_up(known))

    async def _fill(
        self, db: "Database", conversation_id: ConversationId, version: Version
    ) -> None:
        began_at = self._clock()
        if conversation_id not in self._places and self._is_full and began_at < self._crowded_until:
            return
        room = await self._load(db, conversation_id, most_bytes=self._limit_bytes)
        if room is None or room.nbytes > self._limit_bytes:
            _remember(self._unfit, conversation_id, version)
            return
        self._waiting.pop(conversation_id, None)
        self._figures.fills += 1
        now = self._clock()
        if self._put(conversation_id, room, searched_at=began_at):
            self._crowded_until = now + (now - began_at) / CROWDED_SHARE

    @property
    def _is_full(self) -> bool:
        """Another one of the usual size would need the place of others."""
        rooms = len(self._places)
        return rooms > 0 and self._bytes * (rooms + 1) / rooms > self._limit_bytes

    def _put(self, conversation_id: ConversationId, room: RoomT, *, searched_at: float) -> int:
        """How many others were put out for it, those first that were not searched for longest."""
        self.forget(conversation_id)
        place = _Place(room, room.nbytes, searched_at)
        self._places[conversation_id] = place
        self._bytes += place.nbytes
        evicted = 0
        while self._bytes > self._limit_bytes:
            self.forget(next(iter(self._places)))
            evicted += 1
        self._figures.evictions += evicted
        return evicted


def _remember(
    versions: OrderedDict[ConversationId, Version],
    conversation_id: ConversationId,
    version: Version,
) -> None:
    versions[conversation_id] = version
    versions.move_to_end(conversation_id)
    if len(versions) > MOST_REMEMBERED:
        versions.popitem(last=False)
