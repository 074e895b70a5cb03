"""A Hindsight server without a cloud: our embedding model, and extraction word for word."""

import asyncio
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from benchmarks.peers.spoken.apart import PeerFailed, environment, program
from longroom.local_room.livekit_server import free_port

START_S = 180


@asynccontextmanager
async def hindsight_server(*, database: str, models: str) -> AsyncIterator[str]:
    """Yields its address. Raises PeerMissing or PeerFailed."""
    port = free_port()
    settings = {
        "HINDSIGHT_API_HOST": "127.0.0.1",
        "HINDSIGHT_API_PORT": str(port),
        "HINDSIGHT_API_DATABASE_URL": database,
        "HINDSIGHT_API_LLM_PROVIDER": "openai",
        "HINDSIGHT_API_LLM_API_KEY": "unused",
        "HINDSIGHT_API_LLM_BASE_URL": models,
        "HINDSIGHT_API_LLM_MODEL": "local",
        "HINDSIGHT_API_SKIP_LLM_VERIFICATION": "true",
        "HINDSIGHT_API_ENABLE_OBSERVATIONS": "false",
        "HINDSIGHT_API_EMBEDDINGS_PROVIDER": "openai",
        "HINDSIGHT_API_EMBEDDINGS_OPENAI_API_KEY": "unused",
        "HINDSIGHT_API_EMBEDDINGS_OPENAI_BASE_URL": models,
        "HINDSIGHT_API_EMBEDDINGS_OPENAI_MODEL": "local",
        "HINDSIGHT_API_RERANKER_PROVIDER": "rrf",
    }
    with tempfile.TemporaryFile("w+") as log:
        process = await asyncio.create_subprocess_exec(
            str(program("hindsight", "hindsight-api")),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**environment(), **settings},
        )
        try:
            url = f"http://127.0.0.1:{port}"
            if not await _answers(url, process):
                log.seek(0)
                raise PeerFailed(f"the Hindsight server did not start: {log.read()[-2000:]}")
            yield url
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _answers(url: str, process: asyncio.subprocess.Process) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(START_S * 2):
            if process.returncode is not None:
                return False
            try:
                if (await client.get(f"{url}/health", timeout=5)).is_success:
                    return True
            except httpx.TransportError:
                pass  # it is still starting
            await asyncio.sleep(0.5)
    return False
