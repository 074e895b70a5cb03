"""An agent on a server of your own: `Longroom.join` takes the place of `ctx.connect()`.

LiveKit's server dispatches, and nobody replaces an agent that dies; `serve` does.
"""

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, cli
from livekit.plugins import openai

from longroom.livekit import Longroom

# A dispatch that comes while a worker calls itself full is lost.
server = AgentServer(load_fnc=lambda _: 0.0)


@server.rtc_session(agent_name="caretaker")
async def entry(ctx: JobContext) -> None:
    memory = await Longroom.join(ctx)
    session = AgentSession[None](
        llm=openai.LLM(), vad=None, turn_handling={"turn_detection": "manual"}
    )
    await memory.start(session, Agent(instructions="You are the caretaker of a house."))


if __name__ == "__main__":
    cli.run_app(server)
