"""The language model's tool for searching the conversation itself."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from livekit.agents import RunContext, ToolError
from livekit.agents.llm import Tool, function_tool
from pydantic import BaseModel, ValidationError

from agent.messages.finished_tools import SEARCH_TOOL
from agent.recall.asked_part import asked_part
from agent.recall.query import Asker
from agent.recall.recall import Search
from agent.recall.recalled_context import RecalledContext
from agent.recall.tool_allowance import ToolAllowance
from longroom.client import BackendError
from retrieval.quotation.block import recalled_block
from retrieval.wire import SearchRequest, estimated_tokens

NOTHING_FOUND = "Nothing in this conversation matches."
USED_UP = "No further search can be made for this answer. Answer now with what you have."


class SearchResults(Protocol):
    """Remembers at which revision of the conversation each result was found."""

    revision: int

    def found(self, call_id: str, revision: int) -> None: ...


def _parameter(kind: object, description: str) -> dict[str, object]:
    return {"type": kind, "description": description}


PARAMETERS = {
    "query": _parameter("string", "What to look for, in the user's words."),
    "participants": _parameter(["array", "null"], "Only what these people said.")
    | {"items": {"type": "string"}},
    "since": _parameter(["string", "null"], "Only from this day on, as YYYY-MM-DD."),
    "until": _parameter(["string", "null"], "Only up to and including this day, as YYYY-MM-DD."),
}
DESCRIPTION: dict[str, Any] = {
    "name": SEARCH_TOOL,
    "description": "Search all earlier messages of this conversation.\n\n"
    "Use it when the recalled messages do not answer. Say who said it and when.",
    # OpenAI's strict form: every parameter is required, and nothing else is allowed.
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": PARAMETERS,
        "required": list(PARAMETERS),
        "additionalProperties": False,
    },
}


class Arguments(BaseModel):
    """Optional ones are null from OpenAI's models, and missing from some others."""

    query: str
    participants: list[str] | None = None
    since: str | None = None
    until: str | None = None


def search_tool(
    search: Search,
    recalled_context: RecalledContext,
    *,
    token_budget: int,
    allowance: ToolAllowance,
    results: SearchResults,
) -> Tool:
    """The tool's result is a recalled block; LiveKit shows its ToolError to the model."""

    # A schema of our own: LiveKit would build a validator class from the signature in every turn.
    @function_tool(raw_schema=DESCRIPTION)
    async def search_conversation(
        raw_arguments: dict[str, object], context: RunContext[Any]
    ) -> str:
        window = recalled_context.said(context.session.current_agent.chat_ctx)
        with allowance.search(tokens=token_budget) as grant:
            if grant is None:
                return USED_UP
            request = _request(_arguments(raw_arguments), recalled_context.asker)
            block = await found(
                request.model_copy(update={"token_budget": grant.tokens, "window": window}),
                context.function_call.call_id,
            )
            grant.spent = estimated_tokens(block)
            return block

    async def found(request: SearchRequest, call_id: str) -> str:
        try:
            response = await search(request)
            if response.revision < results.revision:
                response = await search(request)
        except BackendError as error:
            raise ToolError("The search does not answer now; go on without it.") from error
        results.found(call_id, response.revision)
        block = recalled_block(
            response.hits,
            token_budget=request.token_budget or token_budget,
            time_zone=recalled_context.asker.time_zone,
            now=datetime.now(UTC),
        )
        return block or NOTHING_FOUND

    return search_conversation


def _arguments(raw: dict[str, object]) -> Arguments:
    try:
        return Arguments.model_validate(raw)
    except ValidationError as error:
        problems = (f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
        raise ToolError("; ".join(problems)) from error


def _request(asked: Arguments, asker: Asker) -> SearchRequest:
    try:
        return SearchRequest(
            query=asked_part(asked.query),
            asker=asker.identity,
            time_zone=asker.time_zone,
            participants=asked.participants or None,
            since=_start(asked.since, asker),
            until=_end(asked.until, asker),
            neighbours=1,
        )
    except ValidationError as error:
        raise ToolError("; ".join(problem["msg"] for problem in error.errors())) from error


def _start(day: str | None, asker: Asker) -> datetime | None:
    return _midnight(day, asker) if day else None


def _end(day: str | None, asker: Asker) -> datetime | None:
    """The end of the day: `until` is exclusive on the wire."""
    if not day:
        return None
    return _midnight(day, asker) + timedelta(days=1)


def _midnight(day: str, asker: Asker) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day), time(), ZoneInfo(asker.time_zone))
    except ValueError as error:
        raise ToolError(f"{day!r} is not a day; write it as YYYY-MM-DD") from error
