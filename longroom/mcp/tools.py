"""The three tools: search, recent messages, append. Every failure is a ToolError without text."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field, ValidationError

from longroom.client import BackendError, BackendUnavailable, ConversationClient, LongroomClient
from longroom.errors.backend_advice import advised
from longroom.mcp.moments import end_of, start_of
from longroom.mcp.quotation import found_messages, newest_within, recent_messages
from longroom.mcp.scope import OutOfScope, Scope

NOTHING_FOUND = "Nothing in this conversation matches."
NOTHING_SAID = "There are no messages."
UNLIKELY = "Nothing of this seems to answer the query.\n"

Conversation = Annotated[
    str | None, Field(description="Which conversation; leave it out if there is only one.")
]
_DAY = "as 2025-03-01 or 2025-03-01T12:00:00Z"


class Tools:
    """`time_zone` is that of days in arguments and of dates in results."""

    def __init__(self, client: LongroomClient, scope: Scope, *, time_zone: str = "UTC") -> None:
        self._client = client
        self._scope = scope
        self._time_zone = time_zone

    async def search(
        self,
        query: Annotated[str, Field(description="What to look for, in the user's words.")],
        conversation: Conversation = None,
        limit: Annotated[int, Field(ge=1, le=50, description="Messages at most.")] = 10,
        participants: Annotated[
            list[str] | None, Field(description="Only what these people said.")
        ] = None,
        since: Annotated[str | None, Field(description=f"Only from then on, {_DAY}.")] = None,
        until: Annotated[
            str | None, Field(description=f"Only until then, the day included, {_DAY}.")
        ] = None,
    ) -> str:
        """Find the earlier messages that answer a query, by meaning and by words."""
        async with self._in(conversation) as found_in:
            zone = ZoneInfo(self._time_zone)
            response = await found_in.search(
                query,
                limit=limit,
                participants=participants or None,
                since=start_of(since, zone) if since else None,
                until=end_of(until, zone) if until else None,
                time_zone=self._time_zone,
            )
        block = found_messages(response.hits, time_zone=self._time_zone, now=datetime.now(UTC))
        if block is None:
            return NOTHING_FOUND
        return block if response.relevant else UNLIKELY + block

    async def recent_messages(
        self,
        conversation: Conversation = None,
        limit: Annotated[int, Field(ge=1, le=100, description="Messages at most.")] = 20,
        before: Annotated[
            int | None, Field(ge=1, description="Only what was said before this number.")
        ] = None,
    ) -> str:
        """Read what was said last, oldest first; with `before`, the page before it."""
        async with self._in(conversation) as found_in:
            page = await found_in.recent(limit, before=before)
        shown = newest_within(page)
        block = recent_messages(shown, time_zone=self._time_zone, now=datetime.now(UTC))
        if block is None:
            return NOTHING_SAID
        if shown[0].seq == 1 and len(shown) == len(page):
            return block
        return f"{block}\nFor earlier messages call this with before={shown[0].seq}."

    async def append(
        self,
        content: Annotated[str, Field(description="The message, as it was said.")],
        participant: Annotated[str, Field(description="Who said it.")],
        conversation: Conversation = None,
        role: Annotated[
            Literal["user", "assistant", "tool"],
            Field(description="user for people, assistant for you, tool for results."),
        ] = "user",
        id: Annotated[
            str | None,
            Field(description="Give one if you may call again: the same id is stored once."),
        ] = None,
    ) -> str:
        """Store a message in the conversation, to be found later."""
        async with self._in(conversation) as found_in:
            outcome = await found_in.append(content, participant=participant, role=role, id=id)
        return f"{outcome.status} as message {outcome.seq} with id {outcome.id}"

    @asynccontextmanager
    async def _in(self, conversation: str | None) -> AsyncIterator[ConversationClient]:
        try:
            yield await self._scope.find(self._client, conversation)
        except BackendUnavailable as error:
            raise ToolError("the memory does not answer now; try again later") from error
        except BackendError as error:
            raise ToolError(advised(error)) from error
        except OutOfScope as error:
            raise ToolError(str(error)) from error
        except ValidationError as error:
            # Without their inputs, which are texts of messages.
            told = (f"{_field(one['loc'])}{one['msg']}" for one in error.errors())
            raise ToolError("; ".join(told)) from None
        except ValueError as error:
            raise ToolError(str(error)) from error


def _field(location: tuple[int | str, ...]) -> str:
    return f"{'.'.join(map(str, location))}: " if location else ""
