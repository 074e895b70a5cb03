"""The agent worker: takes rooms from LiveKit and gives each one a process of its own.

`python -m livekit.agents start agent/worker.py` and `longroom worker` both run it.
"""

import asyncio
import contextlib
import functools
import logging
import math
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from livekit import api
from livekit.agents import AgentServer, JobContext, JobProcess
from livekit.agents.__main__ import main as run_livekit
from livekit.agents.job import RunningJobInfo
from livekit.agents.types import NOT_GIVEN, NotGivenOr
from pydantic import ValidationError

from agent.errors import OutboxUnwritable
from agent.outbox.files import folder
from agent.outbox.recovery import recover
from agent.room.dependencies import open_client
from agent.room.job import RoomJob
from agent.settings import AgentSettings
from agent.supervision.admission import Admission
from agent.supervision.drain import dispatch_again
from agent.supervision.heartbeat import Heartbeat
from agent.supervision.job_supervisor import JobSupervisor, restarted
from agent.tracing import flush, start_exporting
from agent.warmup.prebuilt import take_prebuilt
from agent.warmup.process_memory import collect_often, use_one_arena
from agent.worker_settings import WorkerSettings
from retrieval.settings_errors import describe

SWEEP_TIMEOUT_S = 20.0
READY_PARTS = "parts"
ROOM_JOB = "room_job"
READY_FILE = "worker.ready"

logger = logging.getLogger(__name__)


def prepare(process: JobProcess) -> None:
    """Before there is a room."""
    start_exporting()
    collect_often()
    process.userdata[READY_PARTS] = take_prebuilt()


async def serve_room(ctx: JobContext) -> None:
    """What a job process does for its room, from arriving to taking questions."""
    job = RoomJob(ctx, ctx.proc.userdata[READY_PARTS])
    ctx.proc.userdata[ROOM_JOB] = job
    await job.open()


async def end_room(ctx: JobContext) -> None:
    """Called once the session has closed, while the room is still connected."""
    job: RoomJob | None = ctx.proc.userdata.get(ROOM_JOB)
    if job is not None:
        await job.aclose()
    await asyncio.to_thread(flush)


class Worker(AgentServer):
    """LiveKit's worker, which fails loudly at start, replaces dead agents and hands over rooms."""

    def __init__(self, settings: WorkerSettings, agent_settings: AgentSettings) -> None:
        super().__init__(
            ws_url=settings.livekit_url,
            api_key=settings.livekit_api_key,
            api_secret=settings.livekit_api_secret.get_secret_value(),
            # A worker that calls itself full loses dispatches; Admission answers each instead.
            load_fnc=lambda _: 0.0,
            load_threshold=math.inf,
            num_idle_processes=settings.idle_processes,
            drain_timeout=settings.shutdown_grace_s,
            job_memory_limit_mb=settings.job_memory_limit_mb,
            host=settings.health_host,
            port=settings.health_port,
            prometheus_port=settings.metrics_port,
            prometheus_multiproc_dir=_metrics_folder(settings, agent_settings),
            preload_modules=["agent.warmup.preload"],
            setup_fnc=prepare,
        )
        self._settings = settings
        self._agent_settings = agent_settings
        self.on("worker_started", self._started)
        self.on("worker_registered", lambda *_: self._ready_file.touch())
        self._watch: JobSupervisor | None = None
        self.heartbeat = Heartbeat(settings.name, lambda: open_client(agent_settings))
        self.on("worker_registered", lambda *_: self.heartbeat.start())

    async def run(self, *, devmode: bool = False, unregistered: bool = False) -> None:
        """Raises SystemExit: LiveKit's command line logs other errors, and then exits with 0."""
        use_one_arena()
        async with contextlib.AsyncExitStack() as stack:
            livekit = await stack.enter_async_context(self._livekit_api())
            await self._check(livekit)
            self._ready_file.unlink(missing_ok=True)
            stack.callback(self._ready_file.unlink, missing_ok=True)
            self._watch = JobSupervisor(livekit, self._successor)
            stack.push_async_callback(self._watch.aclose)
            stack.push_async_callback(self.heartbeat.aclose)
            sweeping = asyncio.create_task(self._sweep())
            stack.callback(sweeping.cancel)
            try:
                await super().run(devmode=devmode, unregistered=unregistered)
            except (OSError, RuntimeError, ValueError) as error:
                raise SystemExit(f"the worker cannot run: {error}") from error

    async def drain(self, timeout: NotGivenOr[int | None] = NOT_GIVEN) -> None:  # noqa: ASYNC109  # LiveKit's signature
        """Ask other workers for the rooms, then wait for them to end here."""
        rooms = [job.job for job in self.active_jobs]
        async with self._livekit_api() as livekit:
            leaving = asyncio.create_task(
                dispatch_again(livekit, rooms, when=lambda: self.draining)
            )
            try:
                await super().drain(timeout)
            finally:
                leaving.cancel()

    @property
    def _ready_file(self) -> Path:
        """Is there once LiveKit knows this worker; before, dispatches to it are lost.

        LiveKit's own health check says OK earlier, and goes on saying it without a connection.
        """
        return self._agent_settings.data_dir / READY_FILE

    def _livekit_api(self) -> api.LiveKitAPI:
        return api.LiveKitAPI(
            self._settings.livekit_url.replace("ws", "http", 1),
            self._settings.livekit_api_key,
            self._settings.livekit_api_secret.get_secret_value(),
        )

    def _successor(self, dead: RunningJobInfo) -> RunningJobInfo:
        secret = self._settings.livekit_api_secret.get_secret_value()
        return restarted(dead, api_key=self._settings.livekit_api_key, api_secret=secret)

    def _started(self, *_: object) -> None:
        if self._watch is not None:
            self._watch.watch(self)

    async def _check(self, livekit: api.LiveKitAPI) -> None:
        """Find out now what no later retry would mend."""
        outbox = folder(self._agent_settings.data_dir)
        try:
            await asyncio.to_thread(outbox.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            raise SystemExit(str(OutboxUnwritable(outbox, str(error)))) from error
        if not os.access(outbox, os.W_OK):
            raise SystemExit(str(OutboxUnwritable(outbox, "not writable")))
        try:
            await livekit.room.list_rooms(api.ListRoomsRequest(names=["-"]))
        except api.TwirpError as error:
            raise SystemExit(
                f"LiveKit refuses LIVEKIT_API_KEY and LIVEKIT_API_SECRET ({error.code}); "
                "use a key and the secret that belongs to it"
            ) from error
        except (aiohttp.ClientError, TimeoutError):
            logger.warning("LiveKit does not answer yet, the worker goes on trying")

    async def _sweep(self) -> None:
        """Deliver what killed processes left behind in rooms that nobody opened since."""
        client = open_client(self._agent_settings)
        try:
            await recover(self._agent_settings.data_dir, client=client, timeout_s=SWEEP_TIMEOUT_S)
        finally:
            await client.aclose()


def build_server(
    settings: WorkerSettings,
    agent_settings: AgentSettings,
    *,
    serve: Callable[[JobContext], Awaitable[None]] = serve_room,
) -> Worker:
    """Wire a worker. `serve` must be a module's own function: job processes import it by name."""
    server = Worker(settings, agent_settings)
    admission = Admission(
        lambda: len(server.active_jobs),
        max_jobs=settings.max_rooms,
        min_free_mb=settings.min_free_memory_mb,
        attributes=server.heartbeat.attributes,
    )
    server.rtc_session(
        serve, agent_name=settings.name, on_request=admission.answer, on_session_end=end_room
    )
    return server


def read_settings() -> tuple[WorkerSettings, AgentSettings]:
    """From the environment; raises SystemExit that names each bad variable and why."""
    try:
        return WorkerSettings(), AgentSettings()
    except ValidationError as error:
        raise SystemExit(f"the worker's settings are not usable: {describe(error)}") from None


def main(arguments: list[str] | None = None) -> int:
    """Run a worker until SIGTERM; `arguments` are those of `python -m livekit.agents start`."""
    return run_livekit(["start", str(Path(__file__)), *(arguments or [])])


def _metrics_folder(settings: WorkerSettings, agent_settings: AgentSettings) -> str | None:
    """Where job processes write their figures; emptied at start, so each worker has its own."""
    if settings.metrics_port is None:
        return None
    return str(agent_settings.data_dir / "metrics" / str(settings.metrics_port))


@functools.cache
def _server() -> Worker:
    return build_server(*read_settings())


def __getattr__(name: str) -> Worker:
    """`server`, which LiveKit's command line looks for, is built when it is asked for.

    Job processes import this module too; importing it must read no environment.
    """
    if name == "server":
        return _server()
    raise AttributeError(name)


def __dir__() -> list[str]:
    return [*globals(), "server"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
