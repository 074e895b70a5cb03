"""A language model that finds out how its server wants to be asked."""

import dataclasses
import json
import logging
from collections import deque
from collections.abc import AsyncIterable
from typing import Any, ClassVar

from livekit.agents import APIConnectOptions, APIError
from livekit.agents.llm import LLM, ChatChunk, ChatContext, LLMStream, Tool, ToolChoice
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr

from agent.llm.dialects import retry_after
from agent.llm.dialects.dialect import Dialect, Freedom
from agent.llm.dialects.prompt_shape import shaped
from agent.llm.dialects.reduced_request import shortened, without_tools
from agent.llm.dialects.refusal import Subject, refused_for
from agent.llm.openai import WITHOUT_USAGE, OpenAIModel
from agent.messages.rolling_window import TOOL_ITEMS

_MAX_FUTILE_SEARCHES = 3

logger = logging.getLogger(__name__)


class CompatibleLLM(LLM[Any]):
    """Puts requests to `model` in the dialect that its server was found to take.

    A refused request is put differently, before anything was streamed, and what was taken is
    remembered for the process. LiveKit hears of no refusal unless all ways are refused.
    """

    def __init__(self, model: OpenAIModel, freedom: Freedom, *, timeout_s: float) -> None:
        super().__init__()
        self.inner = model
        self.freedom = freedom
        self.timeout_s = timeout_s
        self.dialect = freedom.first
        self.has_been_taken = False
        self._futile_searches = 0
        model.on("metrics_collected", self._forward_metrics)

    @property
    def model(self) -> str:
        return self.inner.model

    @property
    def provider(self) -> str:
        return self.inner.provider

    @property
    def searches(self) -> bool:
        """False once nothing has helped several times: what is refused is something else."""
        return self._futile_searches < _MAX_FUTILE_SEARCHES

    def chat(
        self,
        *,
        chat_ctx: ChatContext,
        tools: list[Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> LLMStream:
        return _CompatibleStream(
            self,
            chat_ctx=chat_ctx,
            tools=tools or [],
            conn_options=conn_options,
            options={"parallel_tool_calls": parallel_tool_calls, "tool_choice": tool_choice},
            extra=dict(extra_kwargs or {}),
        )

    def prewarm(self, **arguments: Any) -> None:
        self.inner.prewarm(**arguments)

    async def aclose(self) -> None:
        self.inner.off("metrics_collected", self._forward_metrics)
        await self.inner.aclose()
        await super().aclose()

    def taken(self, dialect: Dialect) -> None:
        self.has_been_taken = True
        self._futile_searches = 0  # of those in a row
        if dialect != self.dialect:
            logger.info("the language model's dialect", extra=dataclasses.asdict(dialect))
            self.dialect = dialect

    def nothing_taken(self) -> None:
        self._futile_searches += 1

    def _forward_metrics(self, *arguments: Any) -> None:
        self.emit("metrics_collected", *arguments)


class _CompatibleStream(LLMStream):
    """Like that of LiveKit's FallbackAdapter: the inner streams have their own spans."""

    _llm_request_span_name: ClassVar[str] = "llm_dialects"
    _llm_attempt_span_name: ClassVar[str | None] = None
    _genai_operation_name: ClassVar[str | None] = None

    def __init__(
        self,
        llm: CompatibleLLM,
        *,
        chat_ctx: ChatContext,
        tools: list[Tool],
        conn_options: APIConnectOptions,
        options: dict[str, Any],
        extra: dict[str, Any],
    ) -> None:
        super().__init__(llm, chat_ctx=chat_ctx, tools=tools, conn_options=conn_options)
        self._compatible = llm
        self._options = options
        self._extra = extra

    async def _run(self) -> None:
        """Raises the first refusal if all ways are refused."""
        llm = self._compatible
        request = _Request(self._chat_ctx, self._tools, llm.dialect)
        refusal = await self._refusal_of(request)
        if refusal is None:
            llm.taken(llm.dialect)  # another request may have found it meanwhile
            return
        if not llm.searches or not await self._is_taken_otherwise(request, refusal):
            llm.nothing_taken()
            raise refusal

    async def _is_taken_otherwise(self, refused: "_Request", refusal: APIError) -> bool:
        llm = self._compatible
        subject = refused_for(refusal)
        if refused.has_steps and llm.has_been_taken and subject != "length":
            subject = "tools"  # its calls are what is new
        waiting = deque(refused.otherwise(llm.freedom, subject))
        tried = {refused.form}
        while waiting:
            request = waiting.popleft()
            if request.form in tried:
                continue
            tried.add(request.form)
            again = await self._refusal_of(request)
            if again is None:
                # A refused step may have had one odd call: of tools it tells nothing.
                tools = llm.dialect.tools if request.has_steps else request.dialect.tools
                llm.taken(dataclasses.replace(request.dialect, tools=tools))
                return True
            waiting.extendleft(reversed(request.otherwise(llm.freedom, refused_for(again))))
        return False

    async def _refusal_of(self, request: "_Request") -> APIError | None:
        """None if the request was answered. Raises what another form would not mend."""
        try:
            await self._send(request)
        except APIError as error:
            if self._event_ch.output_sent or refused_for(error) is None:
                raise
            return error
        return None

    async def _send(self, request: "_Request") -> None:
        llm = self._compatible
        wait = retry_after.watch()
        extra = self._extra if request.dialect.usage else self._extra | WITHOUT_USAGE
        stream = llm.inner.chat(
            chat_ctx=request.chat_ctx,
            tools=request.tools,
            conn_options=dataclasses.replace(
                self._conn_options, max_retry=0, timeout=llm.timeout_s
            ),
            extra_kwargs=extra,
            **self._options,
        )
        try:
            async with stream:
                async for chunk in stream:
                    self._event_ch.send_nowait(chunk)
        except APIError as error:
            seconds = retry_after.seconds_of(wait.header) if wait.header else None
            if seconds is not None:
                raise error from retry_after.RetryAfter(seconds)
            raise

    def _emit_error(self, api_error: Exception, recoverable: bool) -> None:
        # Never the end of the session: whether a turn goes on is the conversation's to decide.
        super()._emit_error(api_error, recoverable=True)

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[ChatChunk]) -> None:
        """The inner streams measure."""
        async for _ in event_aiter:
            pass


class _Request:
    """One way to put a request."""

    def __init__(self, whole: ChatContext, tools: list[Tool], dialect: Dialect) -> None:
        self._whole = whole
        self._offered = tools
        self.dialect = dialect
        usable = whole if dialect.tools else without_tools(whole)
        self.chat_ctx = shaped(usable, dialect.shape)
        self.tools = tools if dialect.tools else []

    @property
    def form(self) -> str:
        """Equal for requests that a server cannot tell apart."""
        messages, _ = self.chat_ctx.to_provider_format("openai")
        return json.dumps([messages, bool(self.tools), self.dialect.usage])

    @property
    def has_steps(self) -> bool:
        return any(item.type in TOOL_ITEMS for item in self._whole.items)

    def otherwise(self, freedom: Freedom, subject: Subject | None) -> "list[_Request]":
        if subject == "length":
            parts = [shortened(self._whole, without_recall=less) for less in (False, True)]
            return [_Request(part, self._offered, self.dialect) for part in parts]
        others = freedom.others(self.dialect, subject or "unknown")
        return [_Request(self._whole, self._offered, other) for other in others]
