"""A voice agent that remembers. Start it with `python -m examples.voice.agent start`.

Speech to text and text to speech are those of any server that speaks OpenAI's protocol.
"""

import os

from livekit.agents import NOT_GIVEN, Agent, AgentSession, JobContext, inference
from livekit.plugins import openai

from longroom.livekit import Longroom, serve


async def entry(ctx: JobContext, memory: Longroom) -> None:
    session = AgentSession[None](
        stt=openai.STT(
            base_url=os.environ.get("STT_BASE_URL") or NOT_GIVEN,
            model=os.environ.get("STT_MODEL") or "gpt-4o-mini-transcribe",
        ),
        llm=openai.LLM(),
        tts=openai.TTS(
            base_url=os.environ.get("TTS_BASE_URL") or NOT_GIVEN,
            model=os.environ.get("TTS_MODEL") or "gpt-4o-mini-tts",
            voice=os.environ.get("TTS_VOICE") or "alloy",
            response_format="pcm",
        ),
        vad=inference.VAD(),  # comes with LiveKit: whole utterances are transcribed
        turn_handling={"turn_detection": "vad"},
    )
    await memory.start(session, Agent(instructions="You are the concierge of a small hotel."))


if __name__ == "__main__":
    serve(entry, agent_name="voice")
