"""A microphone that says a text."""

import asyncio
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

from testbed.room_user import RoomUser
from tests.support.speech_server import SAMPLE_RATE, Speech

FRAME_SAMPLES = SAMPLE_RATE // 50
QUIET = 400


async def spoken(text: str, voice: Speech) -> NDArray[np.int16]:
    """The text, and then silence for a while."""
    samples = await asyncio.to_thread(voice.say, text)
    return np.concatenate([samples, np.zeros(SAMPLE_RATE * 2, dtype=np.int16)])


async def record(file: Path, text: str, voice: Speech, *, before_s: int) -> None:
    """The text as a WAV file, after a silence of `before_s` seconds."""
    _write(file, await spoken(text, voice), before_s=before_s)


async def record_in_parts(
    file: Path, parts: Sequence[str], voice: Speech, *, before_s: int, pause_s: float
) -> None:
    """As one who pauses between them for so long, and not longer: what is silent is cut off."""
    pause = np.zeros(int(SAMPLE_RATE * pause_s), dtype=np.int16)
    said = [_trimmed(await asyncio.to_thread(voice.say, part)) for part in parts]
    silence = np.zeros(SAMPLE_RATE * 2, dtype=np.int16)
    samples = [piece for part in said for piece in (part, pause)]
    _write(file, np.concatenate([*samples, silence]), before_s=before_s)


def _write(file: Path, samples: NDArray[np.int16], *, before_s: int) -> None:
    with wave.open(str(file), "wb") as opened:
        opened.setnchannels(1)
        opened.setsampwidth(2)
        opened.setframerate(SAMPLE_RATE)
        opened.writeframes(bytes(2 * SAMPLE_RATE * before_s))
        opened.writeframes(samples.tobytes())


def _trimmed(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    loud = np.flatnonzero(np.abs(samples) > QUIET)
    return samples[loud[0] : loud[-1] + 1]


async def speak(user: RoomUser, text: str, voice: Speech) -> None:
    """Say it in real time, a while after the microphone is on: before that nobody listens."""
    silence = np.zeros(SAMPLE_RATE * 2, dtype=np.int16)
    samples = np.concatenate([silence, await spoken(text, voice)])
    source = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=100)
    track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    await user.room.local_participant.publish_track(track, options)
    for start in range(0, len(samples) - FRAME_SAMPLES, FRAME_SAMPLES):
        part = samples[start : start + FRAME_SAMPLES]
        await source.capture_frame(rtc.AudioFrame(part.tobytes(), SAMPLE_RATE, 1, FRAME_SAMPLES))
    await source.aclose()
