"""The processes: PostgreSQL, LiveKit, the backend, a worker and its language model."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from livekit import api

from agent.backend_client import BackendClient
from benchmarks.erase.spans import Spans, collected_spans
from longroom.embedded_postgres.programs import installed_programs
from longroom.embedded_postgres.server import EmbeddedPostgres, embedded_logins
from longroom.local_room.livekit_server import free_port
from retrieval.database.logins import let_log_in
from retrieval.database.migrations import migrate
from retrieval.database.roles import APP, BACKGROUND
from testbed.forked_program import run_forked
from testbed.language_model_server import LanguageModelServer, language_model_server
from testbed.livekit_server import API_KEY, API_SECRET, LiveKitServer
from testbed.livekit_stack import REGISTERED, WORKER, worker_environment
from testbed.program import ROOT, Program
from testbed.tcp_proxy import TcpProxy, tcp_proxy

KEY = "the key of the canaries"
POSTGRES = {"fsync": "off", "max_connections": "80", "idle_in_transaction_session_timeout": "0"}


@dataclass
class Installation:
    """Everything lies under `folder`, in folders by the program that writes there."""

    folder: Path
    database_url: str
    url: str
    client: BackendClient
    spans: Spans
    settings: dict[str, str]
    backend: Program
    cleanup: AsyncExitStack
    receipts: list[str] = field(default_factory=list)

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.jsonl"

    @property
    def worker_folder(self) -> Path:
        return self.folder / "worker"

    @property
    def cluster(self) -> Path:
        return self.folder / "postgres" / "cluster"

    async def kill_backend(self) -> None:
        await asyncio.to_thread(self.backend.kill)

    async def start_backend(self, **changed: str) -> None:
        """With these settings changed for good."""
        self.settings.update(changed)
        log = self.logs / "backend.log"
        port = self.url.rpartition(":")[2]
        words = ["backend_stub", "--port", port]
        self.backend = Program(words, env=self.settings, log=log, forked=True)
        await asyncio.to_thread(self.backend.start, until="ready http")

    def command(self, *words: str, **settings: str) -> str:
        """`longroom …`, on this backend; its output. On a database only if one is given."""
        env = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "BACKEND_URL": self.url,
            "BACKEND_SERVICE_KEY": KEY,
            "LONGROOM_DATA_DIR": str(self.folder / "commands"),
            **settings,
        }
        done = run_forked("longroom", words, env=env, cwd=ROOT, timeout_s=300)
        if done.returncode:
            raise RuntimeError(f"longroom {words[0]} failed: {done.stderr[-2000:]}")
        return str(done.stdout)

    def postgres_program(self, name: str, *words: str) -> None:
        installed_programs().run(name, *words, cluster=self.cluster)


@dataclass
class People:
    """What live rooms need. `proxy` stands between the agents and the backend."""

    livekit: LiveKitServer
    rooms: api.LiveKitAPI
    model: LanguageModelServer
    proxy: TcpProxy
    worker: Program

    async def restart_worker(self) -> None:
        """It looks through its data folder when it starts."""
        self.worker.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(self.worker.wait)
        await asyncio.to_thread(self.worker.start, until=REGISTERED)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Installation]:
    """Without people, until `invite`."""
    _prepare(folder)
    async with AsyncExitStack() as stack:
        postgres = EmbeddedPostgres(folder, settings=POSTGRES)
        database_url = await asyncio.to_thread(postgres.start)
        stack.callback(postgres.stop)
        await migrate(database_url)
        spans = stack.enter_context(collected_spans())
        url = f"http://127.0.0.1:{free_port()}"
        logins = embedded_logins(database_url)
        await let_log_in(logins.owner, dict.fromkeys((APP, BACKGROUND)))
        settings = {
            "DATABASE_URL": logins.requests,
            "DATABASE_BACKGROUND_URL": logins.background,
            "DATABASE_OWNER_URL": logins.owner,
            "DATABASE_POOL_SIZE": "8",
            "BACKEND_SERVICE_KEY": KEY,
            "BACKEND_ERASURE_LEDGER": str(folder / "ledger.jsonl"),
            "BACKEND_KEEP_EDITS": "true",
            "BACKEND_CONVERSATION_REQUESTS_S": "0",
            **spans.environment,
        }
        client = await stack.enter_async_context(
            aclosing(BackendClient(url, key=KEY, timeout_s=30))
        )
        log = folder / "logs" / "backend.log"
        one = Installation(
            folder, database_url, url, client, spans, settings, Program([], env={}, log=log), stack
        )
        stack.callback(lambda: one.backend.kill())
        await one.start_backend()
        yield one


def _prepare(folder: Path) -> None:
    folder.chmod(0o711)  # as root, PostgreSQL runs as another user
    (folder / "logs").mkdir()


async def invite(one: Installation, binary: Path) -> People:
    """Kills the backend, and starts it with a LiveKit server and a worker."""
    stack = one.cleanup
    directory = one.folder / "livekit"
    directory.mkdir()
    server = LiveKitServer(binary, directory)
    server.start()
    stack.callback(server.stop)
    await one.kill_backend()
    await one.start_backend(**server.environment)
    model = await stack.enter_async_context(language_model_server())
    model.reply = lambda _: "Understood."
    proxy = await stack.enter_async_context(tcp_proxy(one.url))
    rooms = await stack.enter_async_context(api.LiveKitAPI(server.http_url, API_KEY, API_SECRET))
    env: Mapping[str, str] = {
        **worker_environment(server, backend_url=proxy.url, model_url=model.url),
        "BACKEND_SERVICE_KEY": KEY,
        "LONGROOM_DATA_DIR": str(one.worker_folder),
        "AGENT_CHANGES_INTERVAL_S": "5",
        **one.spans.environment,
    }
    worker = Program(WORKER, env=env, log=one.logs / "worker.log")
    stack.callback(worker.kill)
    await asyncio.to_thread(worker.start, until=REGISTERED)
    return People(server, rooms, model, proxy, worker)
