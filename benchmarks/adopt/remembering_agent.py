"""The same two agents with Longroom's memory and worker."""

from livekit.agents import Agent, AgentSession, JobContext, function_tool
from livekit.plugins import openai

from benchmarks.adopt.spoken import SpokenData
from longroom.livekit import Longroom, serve


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


async def entry(ctx: JobContext, memory: Longroom) -> None:
    session = AgentSession[None](
        llm=openai.LLM(),
        stt=SpokenData(ctx.room),
        vad=None,
        turn_handling={"turn_detection": "stt"},
    )
    await memory.start(session, Concierge())


if __name__ == "__main__":
    serve(entry, agent_name="remembering")
