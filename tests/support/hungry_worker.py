"""The worker that ships, but its jobs keep as many MB as a test's data packet says."""

from livekit import rtc
from livekit.agents import JobContext

from agent.processes.agent_worker import build_worker
from agent.processes.job_process import serve_room
from agent.settings import AgentSettings
from agent.worker_settings import WorkerSettings

EATEN: list[bytearray] = []


async def serve_hungry(ctx: JobContext) -> None:
    def on_data(packet: rtc.DataPacket) -> None:
        if packet.topic == "test.eat":
            EATEN.append(bytearray(b"x" * (int(packet.data) << 20)))

    ctx.room.on("data_received", on_data)
    await serve_room(ctx)


server = build_worker(WorkerSettings(), AgentSettings(), serve=serve_hungry)
