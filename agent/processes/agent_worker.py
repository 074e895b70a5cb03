"""The worker process: takes rooms from LiveKit and gives each one a job process."""

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable
from pathlib import Path

from livekit import api
from livekit.agents import AgentServer, JobContext
from livekit.agents.job import RunningJobInfo
from livekit.agents.types import NOT_GIVEN, NotGivenOr

from agent.backend_client import open_client
from agent.background_tasks import BackgroundTasks
from agent.errors import OutboxError
from agent.outbox.recovery import recover
from agent.processes.job_process import end_room, prepare, serve_room
from agent.processes.start_checks import check_credentials, check_outbox, check_service_key
from agent.settings import AgentSettings
from agent.supervision.admission import Admission
from agent.supervision.drain import move_rooms
from agent.supervision.heartbeat import Heartbeat
from agent.supervision.job_supervisor import JobSupervisor, restarted
from agent.warmup.process_memory import use_one_arena
from agent.worker_settings import WorkerSettings
from retrieval.private_logs import guard_handlers

RECOVERY_TIMEOUT_S = 20.0
RECOVERY_AGAIN_TIMEOUT_S = 2.0
RECOVERY_EVERY_S = 300.0
READY_FILE = "worker.ready"
NEVER_GIVE_UP = 1_000_000_000
"""LiveKit's default of 16 attempts would end a worker, and its rooms, after two minutes' outage."""

logger = logging.getLogger(__name__)


class AgentWorker(AgentServer):
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
            max_retry=NEVER_GIVE_UP,
            job_memory_limit_mb=settings.job_memory_limit_mb,
            host=settings.health_host,
            port=settings.health_port,
            prometheus_port=settings.metrics_port,
            prometheus_multiproc_dir=_metrics_folder(settings, agent_settings),
            preload_modules=["agent.warmup.preload"] if settings.warm_up else [],
            setup_fnc=prepare,
        )
        self._settings = settings
        self._agent_settings = agent_settings
        self.heartbeat = Heartbeat(
            settings.name, lambda: open_client(agent_settings), key_taken=self._show_ready
        )
        self.on("worker_registered", self._registered)

    async def run(self, *, devmode: bool = False, unregistered: bool = False) -> None:
        """Raises SystemExit: LiveKit's command line logs other errors and exits with 0."""
        guard_handlers()
        use_one_arena()
        async with contextlib.AsyncExitStack() as stack:
            livekit = await stack.enter_async_context(self._livekit_api())
            await check_outbox(self._agent_settings.data_dir)
            await check_service_key(self._agent_settings)
            await check_credentials(livekit, url=self._settings.livekit_url)
            self._ready_file.unlink(missing_ok=True)
            stack.callback(self._ready_file.unlink, missing_ok=True)
            supervisor = JobSupervisor(livekit, self, self._restarted)
            self.on("worker_started", supervisor.watch)
            stack.push_async_callback(supervisor.aclose)
            stack.push_async_callback(self.heartbeat.aclose)
            tasks = BackgroundTasks()
            stack.push_async_callback(tasks.aclose)
            tasks.start(self._recover_outbox())
            try:
                await super().run(devmode=devmode, unregistered=unregistered)
            except (OSError, RuntimeError, ValueError) as error:
                raise SystemExit(f"the worker cannot run: {error}") from error

    async def drain(self, timeout: NotGivenOr[int | None] = NOT_GIVEN) -> None:  # noqa: ASYNC109  # LiveKit's signature
        jobs = [running.job for running in self.active_jobs]
        async with contextlib.AsyncExitStack() as stack:
            livekit = await stack.enter_async_context(self._livekit_api())
            tasks = BackgroundTasks()
            stack.push_async_callback(tasks.aclose)
            tasks.start(move_rooms(livekit, jobs, draining=lambda: self.draining))
            await super().drain(timeout)

    @property
    def _ready_file(self) -> Path:
        """Exists once LiveKit knows this worker, unless the backend refuses its key.

        Dispatches before that are lost. LiveKit's health check says OK earlier, and still does
        without a connection.
        """
        return self._agent_settings.data_dir / READY_FILE

    def _registered(self, *_: object) -> None:
        self._show_ready(True)
        self.heartbeat.start()

    def _show_ready(self, ready: bool) -> None:
        if ready:
            self._ready_file.touch()
        else:
            self._ready_file.unlink(missing_ok=True)

    def _livekit_api(self) -> api.LiveKitAPI:
        return api.LiveKitAPI(
            self._settings.livekit_url.replace("ws", "http", 1),
            self._settings.livekit_api_key,
            self._settings.livekit_api_secret.get_secret_value(),
        )

    def _restarted(self, dead: RunningJobInfo) -> RunningJobInfo:
        secret = self._settings.livekit_api_secret.get_secret_value()
        return restarted(dead, api_key=self._settings.livekit_api_key, api_secret=secret)

    async def _recover_outbox(self, *, every_s: float = RECOVERY_EVERY_S) -> None:
        """At the start, and then for what rooms leave behind: a worker may run for months."""
        timeout_s = RECOVERY_TIMEOUT_S
        while True:
            client = open_client(self._agent_settings)
            try:
                await recover(
                    self._agent_settings.data_dir,
                    client=client,
                    timeout_s=timeout_s,
                    dead_letters_expire_after=self._agent_settings.dead_letters_expire_after,
                )
            except OutboxError as error:
                logger.error("outboxes left behind not read", extra={"reason": str(error)})
            finally:
                await client.aclose()
            # Short: a room that opens meanwhile would write to a second file.
            timeout_s = RECOVERY_AGAIN_TIMEOUT_S
            await asyncio.sleep(every_s)


def build_worker(
    settings: WorkerSettings,
    agent_settings: AgentSettings,
    *,
    serve: Callable[[JobContext], Awaitable[None]] = serve_room,
) -> AgentWorker:
    """`serve` is pickled: a module-level function, or a partial of one."""
    worker = AgentWorker(settings, agent_settings)
    admission = Admission(
        lambda: len(worker.active_jobs),
        max_jobs=settings.max_rooms,
        min_free_mb=settings.min_free_memory_mb,
        attributes=worker.heartbeat.attributes,
    )
    worker.rtc_session(
        serve, agent_name=settings.name, on_request=admission.answer, on_session_end=end_room
    )
    return worker


def _metrics_folder(settings: WorkerSettings, agent_settings: AgentSettings) -> str | None:
    """For job processes' figures; emptied at start: each worker has its own folder."""
    if settings.metrics_port is None:
        return None
    return str(agent_settings.data_dir / "metrics" / str(settings.metrics_port))
