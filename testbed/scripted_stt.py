"""Speech recognition whose transcripts come from a script instead of audio."""

import asyncio
from typing import Any

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    LanguageCode,
    NotGivenOr,
    stt,
    utils,
)


class ScriptedSTT(stt.STT[Any]):
    """Ignores the audio; `say` emits events word by word, like a streaming model."""

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

    async def say(self, text: str, *, word_s: float = 0.03, pause_s: float = 0.0) -> None:
        """Each word takes `word_s`; the final transcript comes `pause_s` after the last."""
        kinds = stt.SpeechEventType
        words = text.split()
        self._push(kinds.START_OF_SPEECH)
        for count in range(1, len(words) + 1):
            self._push(kinds.INTERIM_TRANSCRIPT, " ".join(words[:count]))
            await asyncio.sleep(word_s)
        await asyncio.sleep(pause_s)
        self._push(kinds.PREFLIGHT_TRANSCRIPT, text)
        self._push(kinds.FINAL_TRANSCRIPT, text)
        self._push(kinds.END_OF_SPEECH)

    def _push(self, kind: stt.SpeechEventType, text: str = "") -> None:
        said = (
            [stt.SpeechData(text=text, language=LanguageCode("en"), confidence=0.9)] if text else []
        )
        self._streams[-1].push(stt.SpeechEvent(type=kind, alternatives=said))


class ScriptedStream(stt.RecognizeStream):
    def push(self, event: stt.SpeechEvent) -> None:
        self._event_ch.send_nowait(event)

    async def _run(self) -> None:
        async for _ in self._input_ch:
            pass
