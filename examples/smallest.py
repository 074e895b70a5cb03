"""The smallest agent that remembers. Start it with `python examples/smallest.py start`."""

from livekit.agents import Agent, AgentSession, JobContext
from livekit.plugins import openai

from longroom.livekit import Longroom, serve


async def entry(ctx: JobContext, memory: Longroom) -> None:
    session = AgentSession[None](
        llm=openai.LLM(), vad=None, turn_handling={"turn_detection": "manual"}
    )
    await memory.start(session, Agent(instructions="You are the concierge of a small hotel."))


if __name__ == "__main__":
    serve(entry, agent_name="concierge")
