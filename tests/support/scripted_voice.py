"""The job of a worker that transcribes what a test sends as data, and speaks with a tone.

`scripted_voice_worker.py` runs it; everything else is the worker that ships.
"""

import asyncio
import json
import math
import struct
from typing import Any

from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectOptions,
    JobContext,
    tts,
    utils,
)

from agent.llm.factory import language_model
from agent.llm.speech import SpeechInput, SpeechModels
from agent.processes.job_process import serve_support
from agent.room.dependencies import open_dependencies
from agent.settings import AgentSettings
from agent.support.models import RoomModels
from agent.warmup.prebuilt import Prebuilt
from agent.worker_settings import RoomSettings
from testbed.scripted_stt import ScriptedSTT

SAMPLE_RATE = 24_000
SECONDS_PER_CHARACTER = 0.03


class ToneTTS(tts.TTS[Any]):
    """A tone as long as the text would take to say."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=SAMPLE_RATE,
            num_channels=1,
        )

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "ToneStream":
        return ToneStream(tts=self, input_text=text, conn_options=conn_options)


class ToneStream(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        count = int(SAMPLE_RATE * SECONDS_PER_CHARACTER * len(self._input_text))
        wave = [int(8_000 * math.sin(2 * math.pi * 440 * n / SAMPLE_RATE)) for n in range(count)]
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=SAMPLE_RATE,
            num_channels=1,
            mime_type="audio/pcm",
        )
        output_emitter.push(struct.pack(f"<{count}h", *wave))
        output_emitter.flush()


async def serve_scripted(ctx: JobContext) -> None:
    """The job of the worker that ships, with scripted transcription and a tone for a voice."""
    settings, room = AgentSettings(), RoomSettings()
    transcribers: dict[str, ScriptedSTT] = {}

    def open_stt(identity: str) -> ScriptedSTT:
        transcribers[identity] = ScriptedSTT()
        return transcribers[identity]

    saying: set[asyncio.Task[None]] = set()

    def on_data(packet: rtc.DataPacket) -> None:
        if packet.topic == "test.say":
            heard = json.loads(packet.data)
            task = asyncio.create_task(transcribers[heard["by"]].say(heard["text"]))
            saying.add(task)
            task.add_done_callback(saying.discard)

    ctx.room.on("data_received", on_data)
    speech = SpeechModels(SpeechInput(open_stt, vad=None, turn_detection="stt"), ToneTTS())
    models = RoomModels(language_model(settings), speech)
    await serve_support(ctx, Prebuilt(open_dependencies(settings, room), models))
