"""The one way in which a worker asks LiveKit for another agent."""

from livekit import api


async def dispatch_again(livekit: api.LiveKitAPI, job: api.Job) -> None:
    """Lost without an error if no worker is free. Raises what LiveKit's API raises."""
    await livekit.agent_dispatch.create_dispatch(
        api.CreateAgentDispatchRequest(
            agent_name=job.agent_name, room=job.room.name, metadata=job.metadata
        )
    )
