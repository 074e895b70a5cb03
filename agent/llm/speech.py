"""Speech to text and text to speech, on OpenAI or any server that speaks its API."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from livekit.agents import NOT_GIVEN, NotGivenOr, inference, stt, tts, vad
from livekit.plugins import openai
from pydantic import HttpUrl, SecretStr

from agent.worker_settings import RoomSettings


@dataclass(frozen=True)
class SpeechInput:
    """`open_stt` is given the participant's identity."""

    open_stt: Callable[[str], stt.STT[Any]]
    vad: vad.VAD | None
    turn_detection: Literal["stt", "vad"]


@dataclass(frozen=True)
class SpeechModels:
    input: SpeechInput
    voice: tts.TTS[Any]


def open_speech_models(settings: RoomSettings, *, api_key: SecretStr | None) -> SpeechModels:
    """Transcribes whole utterances, as the bundled voice activity model separates them."""
    key = api_key.get_secret_value() if api_key else "none"

    def open_stt(_: str) -> openai.STT:
        return openai.STT(
            model=settings.stt_model, base_url=_given(settings.stt_base_url), api_key=key
        )

    voice = openai.TTS(
        model=settings.tts_model,
        voice=settings.tts_voice,
        base_url=_given(settings.tts_base_url),
        api_key=key,
        response_format="pcm",
    )
    return SpeechModels(SpeechInput(open_stt, inference.VAD(), turn_detection="vad"), voice)


def _given(url: HttpUrl | None) -> NotGivenOr[str]:
    return str(url) if url is not None else NOT_GIVEN
