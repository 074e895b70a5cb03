"""Two agents as LiveKit's documentation writes them, without a memory."""

import math

from livekit.agents import (
    Agent,
    AgentServer,
    AgentSession,
    JobContext,
    cli,
    function_tool,
    room_io,
)
from livekit.plugins import openai

from benchmarks.adopt.spoken import SpokenData

server = AgentServer(load_fnc=lambda _: 0.0, load_threshold=math.inf)


class Concierge(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are the concierge of a small hotel.")

    @function_tool
    async def call_the_cook(self) -> Agent:
        """Hand the conversation over to the cook."""
        return Cook()


class Cook(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are the cook of a small hotel.")

    async def on_enter(self) -> None:
        await self.session.generate_reply()


@server.rtc_session(agent_name="plain")
async def entry(ctx: JobContext) -> None:
    session = AgentSession[None](
        llm=openai.LLM(),
        stt=SpokenData(ctx.room),
        vad=None,
        turn_handling={"turn_detection": "stt"},
    )
    options = room_io.RoomOptions(audio_output=False)
    await session.start(Concierge(), room=ctx.room, room_options=options)


if __name__ == "__main__":
    cli.run_app(server)
