"""Memory for your own LiveKit agent.

```python
from livekit.agents import Agent, AgentSession, JobContext
from longroom.livekit import Longroom, serve

async def entry(ctx: JobContext, memory: Longroom) -> None:
    await memory.start(AgentSession(llm=...), Agent(instructions="..."))

serve(entry, agent_name="concierge")
```

Settings come from the environment, as for `longroom worker`. docs/own-agents.md has the rest.
"""

from agent.conversation.memory_options import MemoryOptions
from agent.llm.speech import SpeechInput
from agent.processes.job_process import Entry
from agent.room.longroom import Longroom
from longroom.livekit.serving import serve

__all__ = ["Entry", "Longroom", "MemoryOptions", "SpeechInput", "serve"]
