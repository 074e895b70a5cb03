"""A worker whose ears hear what a test sends as data, and whose voice is a tone.

Run as a program by the voice tests: everything else is the worker that ships.
"""

import asyncio
import json
import math
import struct
from typing import Any

from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    JobContext,
    LanguageCode,
    NotGivenOr,
    stt,
    tts,
    utils,
)

from agent.ears import Hearing
from agent.language_model import language_model
from agent.room_job import Parts, RoomJob, open_client
from agent.room_models import RoomModels
from agent.settings import AgentSettings
from agent.speech_models import SpeechModels
from agent.worker import ROOM_JOB, build_server, read_settings
from agent.worker_settings import WorkerSettings

SAMPLE_RATE = 24_000
SECONDS_PER_CHARACTER = 0.03


class ScriptedSTT(stt.STT[Any]):
    """Ignores the audio; transcripts come from `say`, word by word, as a streaming model's do."""

    def __init__(self) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=True))
        self._streams: list[ScriptedStream] = []

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.SpeechEvent:
        raise NotImplementedError

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> "ScriptedStream":
        stream = ScriptedStream(stt=self, conn_options=conn_options)
        self._streams.append(stream)
        return stream

    async def say(self, text: str, *, word_s: float = 0.03) -> None:
        kinds = stt.SpeechEventType
        words = text.split()
        self._push(kinds.START_OF_SPEECH)
        for count in range(1, len(words) + 1):
            self._push(kinds.INTERIM_TRANSCRIPT, " ".join(words[:count]))
            await asyncio.sleep(word_s)
        self._push(kinds.PREFLIGHT_TRANSCRIPT, text)
        self._push(kinds.FINAL_TRANSCRIPT, text)
        self._push(kinds.END_OF_SPEECH)

    def _push(self, kind: stt.SpeechEventType, text: str = "") -> None:
        said = [stt.SpeechData(text=text, language=LanguageCode("en"), confidence=0.9)] if text else []
        self._streams[-1].push(stt.SpeechEvent(type=kind, alternatives=said))


class ScriptedStream(stt.RecognizeStream):
    """Swallows the audio until its session ends."""

    def push(self, event: stt.SpeechEvent) -> None:
        self._event_ch.send_nowait(event)

    async def _run(self) -> None:
        async for _ in self._input_ch:
            pass


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
    """The job of the worker that ships, with scripted hearing and a tone for a voice."""
    settings, worker = AgentSettings(), WorkerSettings()
    ears: dict[str, ScriptedSTT] = {}

    def open_stt(identity: str) -> ScriptedSTT:
        ears[identity] = ScriptedSTT()
        return ears[identity]

    saying: set[asyncio.Task[None]] = set()

    def on_data(packet: rtc.DataPacket) -> None:
        if packet.topic == "test.say":
            heard = json.loads(packet.data)
            task = asyncio.create_task(ears[heard["ear"]].say(heard["text"]))
            saying.add(task)
            task.add_done_callback(saying.discard)

    ctx.room.on("data_received", on_data)
    speech = SpeechModels(Hearing(open_stt, vad=None, turn_detection="stt"), ToneTTS())
    models = RoomModels(language_model(settings), speech)
    job = RoomJob(ctx, Parts(settings, worker, models, open_client(settings)))
    ctx.proc.userdata[ROOM_JOB] = job
    await job.open()


def __getattr__(name: str) -> object:
    if name == "server":
        return build_server(*read_settings(), serve=serve_scripted)
    raise AttributeError(name)


def __dir__() -> list[str]:
    return [*globals(), "server"]
