"""The life of a job process. LiveKit pickles these functions by name: no environment at import."""

import asyncio

from livekit.agents import JobContext, JobProcess

from agent.processes.out_of_memory import exit_on_memory_error
from agent.room.dependencies import JobDependencies
from agent.room.job import RoomJob
from agent.tracing import flush, start_exporting
from agent.warmup.prebuilt import take_prebuilt
from agent.warmup.process_memory import collect_often

_DEPENDENCIES = "dependencies"
_ROOM_JOB = "room_job"


def prepare(process: JobProcess) -> None:
    exit_on_memory_error()
    start_exporting()
    collect_often()
    process.userdata[_DEPENDENCIES] = take_prebuilt()


async def serve_room(ctx: JobContext) -> None:
    """LiveKit's entrypoint; returns once the agent takes questions."""
    await run_job(ctx, ctx.proc.userdata[_DEPENDENCIES])


async def run_job(ctx: JobContext, dependencies: JobDependencies) -> None:
    job = RoomJob(ctx, dependencies)
    ctx.proc.userdata[_ROOM_JOB] = job
    await job.open()


async def end_room(ctx: JobContext) -> None:
    """Called after the session closed, before the room is left."""
    job: RoomJob | None = ctx.proc.userdata.get(_ROOM_JOB)
    if job is not None:
        await job.aclose()
    await asyncio.to_thread(flush)
