"""Two agents, tools and a task: the concierge books tables, and hands over to the cook.

The conversation is the guest's, whatever room they call from: `conversation` reads the guest from
the job's metadata, as in `{"guest": "12"}`. What was booked is remembered, too.
"""

import json

from livekit.agents import Agent, AgentSession, AgentTask, JobContext, function_tool
from livekit.plugins import openai

from longroom.livekit import Longroom, MemoryOptions, serve


class Concierge(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are the concierge of a small hotel.")

    @function_tool
    async def book_table(self, hour: int) -> str:
        """Book a table in the hotel's restaurant.

        Args:
            hour: The full hour, from 18 to 22.
        """
        wish = await WishTask()
        return f"table 7 at {hour} o'clock, {wish}"

    @function_tool
    async def call_the_cook(self) -> Agent:
        """Hand the conversation over to the cook, for questions about the food."""
        return Cook()


class WishTask(AgentTask[str]):
    """Asks back, until the guest has said where they want to sit."""

    def __init__(self) -> None:
        super().__init__(instructions="Ask whether the guest wants to sit inside or outside.")

    async def on_enter(self) -> None:
        await self.session.generate_reply()

    @function_tool
    async def sits(self, where: str) -> None:
        """The guest has decided.

        Args:
            where: inside or outside.
        """
        self.complete(where)


class Cook(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are the cook of a small hotel.")

    async def on_enter(self) -> None:
        await self.session.generate_reply()


def guest(ctx: JobContext) -> str | None:
    return f"guest {json.loads(ctx.job.metadata)['guest']}" if ctx.job.metadata else None


async def entry(ctx: JobContext, memory: Longroom) -> None:
    session = AgentSession[None](
        llm=openai.LLM(), vad=None, turn_handling={"turn_detection": "manual"}
    )
    await memory.start(session, Concierge())


if __name__ == "__main__":
    serve(
        entry,
        agent_name="hotel",
        conversation=guest,
        options=MemoryOptions(remember_tools=["book_table"]),
    )
