"""A worker that hears and speaks with real models, beside those of a stack."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from testbed.livekit_stack import REGISTERED, Stack
from tests.support.speech_server import Speech, SpeechServer, speech_server


@asynccontextmanager
async def speech_worker(stack: Stack, name: str, *, agent: str) -> AsyncIterator[SpeechServer]:
    """It transcribes everyone. `name` is that of its log."""
    models = await asyncio.to_thread(Speech)
    async with speech_server(models) as server:
        env = {
            "AGENT_VOICE": "everyone",
            "LIVEKIT_AGENT_NAME": agent,
            "STT_BASE_URL": server.url,
            "TTS_BASE_URL": server.url,
            "TTS_MODEL": "tts-1",
        }
        worker = stack.another_worker(name, env)
        await asyncio.to_thread(worker.start, until=REGISTERED)
        yield server
        worker.kill()
