"""Looks through every operation of the API that answers with something, as an admin."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence, Set
from typing import get_args
from urllib.parse import quote
from uuid import UUID

import httpx

from benchmarks.erase.canary import Canaries
from benchmarks.erase.installation import KEY
from retrieval.wire import ExportPart

MESSAGES_AT_ONCE = 200
EVENTS_AT_ONCE = 500
OVERVIEW_AT_ONCE = 200
VERSION = "/api/v1"
EVERY_PART = ",".join(get_args(ExportPart))

PAGED = {
    "timeline": ("before", "before"),
    "sessions": ("after", "next"),
    "turns": ("after", "next"),
}
ONCE = {
    "events": f"?limit={EVENTS_AT_ONCE}",
    "changes": f"?limit={EVENTS_AT_ONCE}",
    "export": f"?include={EVERY_PART}",
    "coverage": "",
}
CHANGE_NOTHING_BACK = {
    "POST /conversations": "answers with its own key",
    "POST /rooms": "answers with its own name",
    "POST /rooms/{room}/invitations": "answers with its own room and a secret",
    "DELETE /rooms/{room}/invitations/{invitation_id}": "answers with nothing",
    "POST /conversations/import": "writes, and answers with ids",
    "POST /conversations/{conversation_id}/import": "writes, and answers with its own ids",
    "POST /conversations/{conversation_id}/messages": "writes, and answers with its own ids",
    "POST /conversations/{conversation_id}/events": "writes, and answers with counts",
    "POST /conversations/{conversation_id}/turns": "writes, and answers with counts",
    "POST /conversations/{conversation_id}/tokens": "answers with its own subject",
    "DELETE /conversations/{conversation_id}/tokens": "answers with nothing",
    "PUT /sessions/{session_id}": "writes, and answers with nothing",
    "PUT /workers/{agent_name}/{worker_id}": "writes, and answers with nothing",
    "PATCH /conversations/{conversation_id}/messages/{message_id}": "answers with its own text",
    "DELETE /conversations/{conversation_id}": "erases; its receipts are looked into",
    "DELETE /conversations/{conversation_id}/messages/{message_id}": "erases, as above",
    "DELETE /conversations/{conversation_id}/participants/{identity}": "erases, as above",
    "DELETE /participants/{identity}": "erases, as above",
}


class Endpoints:
    """`rooms` and `queries`: by conversation; `others`: those of live agents.

    What an answer repeats of its request is left out.
    """

    def __init__(
        self,
        url: str,
        canaries: Canaries,
        *,
        rooms: dict[UUID, str],
        others: Sequence[UUID],
        queries: dict[UUID, list[str]],
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=60
        )
        self._canaries = canaries
        self._rooms = rooms
        self._others = others
        self._queries = queries
        self._found: dict[str, set[str]] = defaultdict(set)

    async def look(
        self, *, ids: dict[UUID, list[str]], people: Sequence[str]
    ) -> dict[str, set[str]]:
        """`ids`: of messages and questions, by conversation. Raises RuntimeError for an operation
        that is new.
        """
        async with self._http:
            document = (await self._http.get("/api/v1/openapi.json")).json()
            for operation in operations(document):
                if operation not in CHANGE_NOTHING_BACK:
                    await self._look_at(operation, ids, people)
        return dict(self._found)

    async def _look_at(
        self, operation: str, ids: dict[UUID, list[str]], people: Sequence[str]
    ) -> None:
        path = VERSION + operation.partition(" ")[2]
        named = {"GET /participants/{identity}/export": ("{identity}", people)}
        named["GET /rooms/{room}/invitations"] = ("{room}", [*self._rooms.values()])
        if operation in named:
            await self._ask_for_each(operation, path, *named[operation])
        elif operation == "POST /rooms/{room}/agent-joined":
            await self._join(operation)
        elif operation in ("GET /rooms", "GET /conversations"):
            await self._pages_by(operation, path, ("after", "next"))
        elif "{" not in path:
            await self._ask(operation, path)
        else:
            for conversation_id in (*self._rooms, *self._others):
                within = path.replace("{conversation_id}", str(conversation_id))
                wanted = ids.get(conversation_id, [])
                for parameter in ("{message_id}", "{question_id}"):
                    if parameter in within:
                        await self._ask_for_each(operation, within, parameter, wanted)
                        break
                else:
                    await self._look_within(operation, within, conversation_id)

    async def _look_within(self, operation: str, path: str, conversation_id: UUID) -> None:
        match path.rpartition("/")[2]:
            case "messages":
                await self._pages(operation, path)
            case last if last in PAGED:
                await self._pages_by(operation, path, PAGED[last])
            case "search":
                await self._search(operation, path, self._queries.get(conversation_id, []))
            case last if (
                parameters := "" if last == str(conversation_id) else ONCE.get(last)
            ) is not None:
                await self._ask(operation, path + parameters)
            case _:
                raise RuntimeError(f"nothing looks at {operation}")

    async def _ask_for_each(
        self, operation: str, path: str, parameter: str, values: Sequence[str]
    ) -> None:
        for value in values:
            echoed = self._canaries.found_in(value.encode())
            await self._ask(operation, path.replace(parameter, _quoted(value)), echo=echoed)

    async def _pages(self, look: str, path: str) -> None:
        after = 0
        while True:
            page = await self._ask(look, f"{path}?limit={MESSAGES_AT_ONCE}&after={after}")
            if page is None or not (messages := page.json()["messages"]):
                return
            after = messages[-1]["seq"]

    async def _pages_by(self, look: str, path: str, cursors: tuple[str, str]) -> None:
        """By the cursor that each page has in a field, for a parameter."""
        parameter, field = cursors
        place: str | None = None
        while True:
            cursor = "" if place is None else f"&{parameter}={quote(place, safe='')}"
            page = await self._ask(look, f"{path}?limit={OVERVIEW_AT_ONCE}{cursor}")
            if page is None or (place := page.json()[field]) is None:
                return

    async def _search(self, look: str, path: str, queries: Sequence[str]) -> None:
        """What is found is what was said, not the query."""

        async def ask(word: str) -> None:
            body = {"query": word, "limit": 50, "explain": True}
            response = await self._http.post(path, json=body)
            answered = response.json()
            answered.pop("read_as", None)
            self._found[look] |= self._canaries.found_in(str(answered).encode())

        await asyncio.gather(*(_each(queries[n::4], ask) for n in range(4)))

    async def _join(self, look: str) -> None:
        """As an agent that replaces the one before: it gets the window."""
        for conversation_id, room in self._rooms.items():
            if (await self._http.get(_events_of(conversation_id))).status_code != httpx.codes.OK:
                continue  # its name would get another conversation
            body = {"identity": "canary-agent", "session_id": "canary", "window": 200}
            path = f"/api/v1/rooms/{_quoted(room)}/agent-joined"
            response = await self._http.post(path, json=body)
            echoed = self._canaries.found_in(room.encode())
            self._found[look] |= self._canaries.found_in(response.content) - echoed

    async def _ask(
        self, look: str, path: str, *, echo: Set[str] = frozenset()
    ) -> httpx.Response | None:
        """None if it was refused; refusals are looked at, too."""
        response = await self._http.get(path)
        found = self._canaries.found_in(response.content + repr(response.headers).encode())
        self._found[look] |= found - echo
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise RuntimeError(f"{look} answers {response.status_code}")
        return response if response.is_success else None


async def _each(words: Iterable[str], ask: Callable[[str], Awaitable[None]]) -> None:
    for word in words:
        await ask(word)


def operations(document: dict[str, object]) -> list[str]:
    """`METHOD /path`, without the version."""
    paths = document["paths"]
    assert isinstance(paths, dict)
    return [
        f"{method.upper()} {path.removeprefix(VERSION)}"
        for path, methods in paths.items()
        for method in methods
        if method in {"get", "post", "put", "patch", "delete"}
    ]


def _events_of(conversation_id: UUID) -> str:
    return f"/api/v1/conversations/{conversation_id}/events?limit=1"


def _quoted(text: str) -> str:
    return quote(text, safe="").replace(".", "%2E")
