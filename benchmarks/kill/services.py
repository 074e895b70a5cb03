"""PostgreSQL, the backend and the agents' disk: killed, cut off, filled, and mended again."""

import asyncio
import errno
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from longroom.embedded_postgres.server import EmbeddedPostgres
from longroom.local_room.livekit_server import free_port
from retrieval.database.migrations import migrate
from testbed.backend_process import BackendProcess
from testbed.tcp_proxy import TcpProxy, tcp_proxy

POSTGRES = {"fsync": "off", "full_page_writes": "off", "max_connections": "60"}
DISK_MB = 128
"""The reserves of all outboxes fit; what an attack leaves free it takes away again."""
TERMINATE_S = 60.0
"""It ends itself after 40 s at last (`_end_at_last`); on a crowded machine a little later."""
SETTLE_S = 2.0
"""A writer that the disk has refused tries again every second."""
TWO_POOLS = {"DATABASE_POOL_SIZE": "8"}


class Services:
    """`stuck` counts what did not end or start again in time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._postgres = EmbeddedPostgres(folder, settings=POSTGRES)
        self._cleanup = AsyncExitStack()
        self._port = free_port()
        self._backend: BackendProcess | None = None
        self._changing = asyncio.Lock()
        self._filling = asyncio.Lock()
        self.database_url = ""
        self.url = f"http://127.0.0.1:{self._port}"
        self.disk = folder / "disk"
        self.disk_is_full = False
        self.stuck: list[str] = []

    async def __aenter__(self) -> "Services":
        self._folder.chmod(0o711)  # as root, PostgreSQL runs as another user
        self.database_url = await asyncio.to_thread(self._postgres.start)
        self._cleanup.callback(self._postgres.stop)
        await migrate(self.database_url)
        self.disk.mkdir()
        self.has_small_disk = self._mount()
        await self._start_backend()
        self._cleanup.callback(self._kill_backend)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._cleanup.aclose()

    async def proxy(self) -> TcpProxy:
        return await self._cleanup.enter_async_context(tcp_proxy(self.url))

    async def kill_backend(self) -> None:
        async with self._change("kill_backend"):
            self._kill_backend()
            await self._start_backend()

    async def terminate_backend(self) -> None:
        async with self._change("terminate_backend"):
            assert self._backend is not None
            self._backend.process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(self._backend.process.wait, TERMINATE_S)
            except subprocess.TimeoutExpired:
                self.stuck.append("the backend after SIGTERM")
            self._kill_backend()
            await self._start_backend()

    async def stop_backend(self, for_s: float) -> None:
        async with self._change("stop_backend"):
            assert self._backend is not None
            self._backend.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(for_s)
            self._backend.process.send_signal(signal.SIGCONT)

    async def kill_postgres(self) -> None:
        async with self._change("kill_postgres"):
            pid_file = self._folder / "postgres" / "cluster" / "postmaster.pid"
            os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
            self.database_url = await asyncio.to_thread(self._postgres.start)

    async def fill_disk(self, for_s: float) -> None:
        if not self.has_small_disk:
            return
        async with self._filling:
            filler = self.disk / "filler"
            self.disk_is_full = True
            with filler.open("wb", buffering=0) as file:
                await asyncio.to_thread(_fill, file.fileno())
            await asyncio.sleep(for_s)
            filler.unlink()
            await asyncio.sleep(SETTLE_S)
            self.disk_is_full = False

    @asynccontextmanager
    async def _change(self, what: str) -> AsyncIterator[None]:
        """One at a time; logs how long it took until all was there again."""
        async with self._changing:
            began_at = time.monotonic()
            yield
            with (self._folder / "logs" / "services.log").open("a") as log:
                log.write(f"{time.time():.1f} {what} {time.monotonic() - began_at:.1f} s\n")

    async def _start_backend(self) -> None:
        self._backend = BackendProcess(
            {
                **TWO_POOLS,
                "DATABASE_URL": self.database_url,
                "BACKEND_PORT": str(self._port),
                "HOME": os.environ.get("HOME", "/"),
            },
            forked=True,
        )
        await asyncio.to_thread(self._backend.url)

    def _kill_backend(self) -> None:
        if self._backend is not None:
            self._backend.__exit__(None, None, None)

    def _mount(self) -> bool:
        """False without the right to mount: then the disk is not filled."""
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(self.disk)]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            return False
        self._cleanup.callback(
            subprocess.run, ["umount", "--lazy", str(self.disk)], check=False, capture_output=True
        )
        return True


def _fill(file: int) -> None:
    try:
        while True:
            os.write(file, bytes(65_536))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
