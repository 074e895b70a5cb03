"""One step of a turn: a request to the language model, repeated while it fails."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from livekit.agents import APIError, APITimeoutError
from livekit.agents.llm import ChatChunk, ChatContext, Tool, ToolChoice
from livekit.agents.types import NotGivenOr

from agent.conversation.answering.node import Chunk
from agent.conversation.answering.patience import Silent, while_patient
from agent.conversation.answering.turns import Turn
from agent.llm.dialects.reduced_request import without_tools
from agent.llm.failure import BROKEN, EMPTY, ONLY_CALLS, ModelFailure, failure_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    chat_ctx: ChatContext
    tools: list[Tool]
    tool_choice: NotGivenOr[ToolChoice]

    @property
    def may_call(self) -> bool:
        return bool(self.tools) and self.tool_choice != "none"


class NoAnswer(Exception):
    """The model gave none, and is not asked again now; the turn has the reason."""


class _Step:
    """What one request has brought, and why it ended early."""

    def __init__(self, turn: Turn, *, may_call: bool) -> None:
        self._turn = turn
        self._may_call = may_call
        self._began_at = asyncio.get_running_loop().time()
        self.has_text = False
        self.was_silent = False
        self._has_calls = False
        self._error: Exception | None = None

    @property
    def is_useful(self) -> bool:
        return self.has_text or self.calls

    @property
    def calls(self) -> bool:
        return self._has_calls and self._may_call

    @property
    def failure(self) -> ModelFailure | None:
        if self._error is None:
            return None if self.is_useful else ONLY_CALLS if self._has_calls else EMPTY
        if self.has_text:
            return BROKEN
        # LiveKit hands on a call when it is whole: nothing is missing.
        return None if self._has_calls else failure_of(self._error)

    async def chunks(self, stream: AsyncGenerator[Chunk, None]) -> AsyncGenerator[Chunk, None]:
        try:
            async with aclosing(stream), aclosing(self._while_patient(stream)) as chunks:
                async for chunk in chunks:
                    self._add(chunk)
                    if self.has_text or not _is_blank(chunk):
                        yield chunk
        except Silent:
            self.was_silent = True
            self._error = APITimeoutError("silent while others wait")
        except APIError as error:
            self._error = error
        except Exception as error:
            # The hook's boundary: LiveKit would end the turn without a word.
            logger.exception("the language model failed")
            self._error = error

    def _while_patient(self, stream: AsyncGenerator[Chunk, None]) -> AsyncGenerator[Chunk, None]:
        limit_s = self._turn.patience.limit_s(self._turn.silences)
        return while_patient(stream, self._turn.others_wait, limit_s=limit_s)

    def _add(self, chunk: Chunk) -> None:
        if isinstance(chunk, ChatChunk) and chunk.delta is None:
            return
        if not self.is_useful:
            waited_s = asyncio.get_running_loop().time() - self._began_at
            self._turn.patience.first_word_after(waited_s)
        self.has_text = self.has_text or bool(_text(chunk).strip())
        if isinstance(chunk, ChatChunk) and chunk.delta is not None:
            self._has_calls = self._has_calls or bool(chunk.delta.tool_calls)


def _text(chunk: Chunk) -> str:
    if isinstance(chunk, str):
        return chunk
    return (isinstance(chunk, ChatChunk) and chunk.delta and chunk.delta.content) or ""


def _is_blank(chunk: Chunk) -> bool:
    """As around thoughts: shown, it would be in the way of another request."""
    has_calls = isinstance(chunk, ChatChunk) and chunk.delta and chunk.delta.tool_calls
    return bool(_text(chunk)) and not has_calls


async def answered(
    request: Request, turn: Turn, send: Callable[[Request], AsyncGenerator[Chunk, None]]
) -> AsyncGenerator[Chunk, None]:
    """The chunks of the first request that brings text or calls. Raises NoAnswer.

    What breaks after it began is not repeated: its text has been shown.
    """
    while True:
        step = _Step(turn, may_call=request.may_call)
        async with aclosing(step.chunks(send(request))) as chunks:
            async for chunk in chunks:
                if step.has_text:
                    turn.speaks()
                yield chunk
        failure, turn.calls = step.failure, step.calls
        if failure is None or step.is_useful:
            turn.failure = failure
            return
        logger.warning("no answer from the language model", extra={"reason": failure.reason})
        if step.was_silent and not turn.spoke:
            turn.silences += 1
            turn.postponed_s = 0.0
            raise NoAnswer
        await _pause(turn, failure)
        if failure in (EMPTY, ONLY_CALLS):
            # Some models answer nothing, or only call, because tools are in the prompt.
            request = Request(without_tools(request.chat_ctx), [], request.tool_choice)


async def _pause(turn: Turn, failure: ModelFailure) -> None:
    """Raises NoAnswer at the end of the turn's limits, and at once if others wait."""
    delay_s = turn.delay_s(failure)
    if delay_s is None:
        raise NoAnswer
    if turn.others_wait is None or turn.spoke:  # begun anew, it would say that again
        await asyncio.sleep(delay_s)
        return
    clock = asyncio.get_running_loop()
    until = clock.time() + delay_s
    try:
        async with asyncio.timeout_at(until):
            await turn.others_wait.wait()
    except TimeoutError:
        return
    turn.postponed_s = max(0.0, until - clock.time())
    raise NoAnswer
