"""What an agent's llm_node gives, which LiveKit lets be several things, as one stream."""

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from inspect import isawaitable

from livekit.agents import FlushSentinel, ModelSettings
from livekit.agents.llm import ChatChunk, ChatContext, Tool

Chunk = ChatChunk | str | FlushSentinel
Given = AsyncIterable[Chunk] | ChatChunk | str | None
Node = Callable[[ChatContext, list[Tool], ModelSettings], Given | Awaitable[Given]]


async def chunks_of(node: Given | Awaitable[Given]) -> AsyncGenerator[Chunk, None]:
    given = await node if isawaitable(node) else node
    if isinstance(given, str | ChatChunk):
        yield given
        return
    if given is None:
        return
    try:
        async for chunk in given:
            yield chunk
    finally:
        if isinstance(given, AsyncGenerator):
            await given.aclose()
