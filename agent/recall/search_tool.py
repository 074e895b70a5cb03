"""The tool with which the language model searches deeper than recall did."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from livekit.agents import ToolError
from livekit.agents.llm import Tool, function_tool
from pydantic import Field, ValidationError

from agent.errors import BackendError
from agent.recall.recalled_block import recalled_block
from agent.recall.turn_query import Asker
from retrieval.wire import SearchRequest, SearchResponse, WindowMessage

NOTHING_FOUND = "Nothing in this conversation matches."


def search_tool(
    search: Callable[[SearchRequest], Awaitable[SearchResponse]],
    *,
    asker: Callable[[], Asker],
    window: Callable[[], list[WindowMessage]],
    token_budget: int,
) -> Tool:
    """A `search_conversation` tool whose result is a recalled block.

    `window` is what the model's query may refer to.

    It raises ToolError, which LiveKit shows to the model, for dates that are none and for a
    backend that does not answer.
    """

    @function_tool(name="search_conversation")
    async def search_conversation(
        query: Annotated[str, Field(description="What to look for, in the user's words.")],
        participants: Annotated[
            list[str] | None, Field(description="Only what these people said.")
        ] = None,
        since: Annotated[
            str | None, Field(description="Only from this day on, as YYYY-MM-DD.")
        ] = None,
        until: Annotated[
            str | None, Field(description="Only up to and including this day, as YYYY-MM-DD.")
        ] = None,
    ) -> str:
        """Search all earlier messages of this conversation.

        Use it when the recalled messages do not answer. Say who said it and when.
        """
        who = asker()
        request = _request(query, who, participants, _start(since, who), _end(until, who))
        try:
            response = await search(
                request.model_copy(update={"token_budget": token_budget, "window": window()})
            )
        except BackendError as error:
            raise ToolError("The search does not answer now; go on without it.") from error
        block = recalled_block(
            response.hits,
            token_budget=token_budget,
            time_zone=who.time_zone,
            now=datetime.now(UTC),
        )
        return block or NOTHING_FOUND

    return search_conversation


def _request(
    query: str,
    asker: Asker,
    participants: list[str] | None,
    since: datetime | None,
    until: datetime | None,
) -> SearchRequest:
    try:
        return SearchRequest(
            query=query,
            asker=asker.identity,
            time_zone=asker.time_zone,
            participants=participants or None,
            since=since,
            until=until,
            neighbours=1,
        )
    except ValidationError as error:
        raise ToolError("; ".join(problem["msg"] for problem in error.errors())) from error


def _start(day: str | None, asker: Asker) -> datetime | None:
    return _midnight(day, asker) if day else None


def _end(day: str | None, asker: Asker) -> datetime | None:
    """The end of that day: `until` is exclusive on the wire, inclusive for people."""
    if not day:
        return None
    return _midnight(day, asker) + timedelta(days=1)


def _midnight(day: str, asker: Asker) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day), time(), ZoneInfo(asker.time_zone))
    except ValueError as error:
        raise ToolError(f"{day!r} is not a day; write it as YYYY-MM-DD") from error
