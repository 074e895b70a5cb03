"""A real pgbouncer in transaction mode, in front of a test run's PostgreSQL."""

import asyncio
import os
import shutil
import signal
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from longroom.embedded_postgres.os_user import postgres_user
from longroom.local_room.livekit_server import free_port

CONFIGURATION = """
[databases]
* = {server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 200
{more}
"""


def program() -> str | None:
    """pgbouncer on PATH, or where Debian puts it."""
    return shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")


@asynccontextmanager
async def pgbouncer(database_url: str, *, connections: int, more: str = "") -> AsyncIterator[str]:
    """Yields the URL of the same database through it. `connections` is how many servers it has:
    fewer than clients, and each of a client's transactions runs on another. `more`: settings.
    """
    found = program()
    assert found is not None
    with tempfile.TemporaryDirectory(prefix="longroom-pgbouncer-") as folder:
        port = free_port()
        file = Path(folder) / "pgbouncer.ini"
        file.write_text(
            CONFIGURATION.format(
                server=_server(database_url), port=port, connections=connections, more=more
            )
        )
        user = postgres_user()
        user.own(Path(folder))
        user.own(file)
        process = await asyncio.create_subprocess_exec(
            found, "-q", str(file), user=user.uid, stdout=DEVNULL, stderr=PIPE
        )
        try:
            await _until_it_listens(process, port)
            parts = urlsplit(database_url)
            user_name = parts.username or "postgres"
            yield f"postgresql://{user_name}@127.0.0.1:{port}{parts.path}"
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.communicate()


def _server(database_url: str) -> str:
    parts = urlsplit(database_url)
    options = dict(parse_qsl(parts.query))
    host = options.get("host") or parts.hostname or "127.0.0.1"
    port = options.get("port") or parts.port or 5432
    password = f" password={parts.password}" if parts.password else ""
    return f"host={host} port={port} user={parts.username or 'postgres'}{password}"


async def _until_it_listens(process: asyncio.subprocess.Process, port: int) -> None:
    while process.returncode is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
    _, log = await process.communicate()
    raise RuntimeError(f"pgbouncer did not start: {log.decode()[-2000:]}")
