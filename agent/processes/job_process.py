"""The life of a job process. LiveKit pickles these functions by name: no environment at import."""

import asyncio
from collections.abc import Awaitable, Callable

from livekit.agents import AutoSubscribe, JobContext, JobProcess

from agent.conversation.memory_options import EVERYTHING, MemoryOptions
from agent.room.conversation_key import KeyOfJob
from agent.room.dependencies import JobDependencies
from agent.room.longroom import Longroom
from agent.support.room_entry import enter_room, subscription
from agent.tracing import flush, start_exporting
from agent.warmup.prebuilt import Prebuilt, take_prebuilt
from agent.warmup.process_memory import collect_often
from retrieval.private_logs import guard_handlers

Entry = Callable[[JobContext, Longroom], Awaitable[None]]

_PREBUILT = "prebuilt"
_MEMORY = "memory"


def prepare(process: JobProcess) -> None:
    guard_handlers()
    start_exporting()
    collect_often()
    process.userdata[_PREBUILT] = take_prebuilt()


async def serve_room(ctx: JobContext) -> None:
    """LiveKit's entrypoint for the support agent; returns once it takes questions."""
    await serve_support(ctx, ctx.proc.userdata[_PREBUILT])


async def serve_support(ctx: JobContext, prebuilt: Prebuilt) -> None:
    dependencies = prebuilt.dependencies
    voice = dependencies.room.voice

    async def entry(_: JobContext, memory: Longroom) -> None:
        await enter_room(
            memory, models=prebuilt.models, settings=dependencies.settings, voice=voice
        )

    await run_job(ctx, dependencies, entry, subscription=subscription(voice))


async def serve_entry(
    entry: Entry, options: MemoryOptions, conversation: KeyOfJob | None, ctx: JobContext
) -> None:
    """LiveKit's entrypoint for agents of others."""
    prebuilt: Prebuilt = ctx.proc.userdata[_PREBUILT]
    await run_job(ctx, prebuilt.dependencies, entry, options=options, conversation=conversation)


async def run_job(
    ctx: JobContext,
    dependencies: JobDependencies,
    entry: Entry,
    *,
    options: MemoryOptions = EVERYTHING,
    conversation: KeyOfJob | None = None,
    subscription: AutoSubscribe = AutoSubscribe.AUDIO_ONLY,
) -> None:
    memory = Longroom(ctx, dependencies, options, conversation=conversation)
    ctx.proc.userdata[_MEMORY] = memory
    await memory.connect(subscription)
    await entry(ctx, memory)


async def end_room(ctx: JobContext) -> None:
    """Called after the session closed, before the room is left."""
    memory: Longroom | None = ctx.proc.userdata.get(_MEMORY)
    if memory is not None:
        await memory.aclose()
    await asyncio.to_thread(flush)
