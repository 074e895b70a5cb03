import asyncio
from pathlib import Path

import pytest

from testbed.livekit_server import LiveKitServer
from testbed.livekit_stack import WORKER, worker_environment
from testbed.program import Program

NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"LIVEKIT_URL": ""}, "LIVEKIT_URL"),
        ({"LIVEKIT_API_SECRET": "another-secret-of-at-least-32-characters"}, "LIVEKIT_API_SECRET"),
        ({"LIVEKIT_URL": "localhost"}, "must begin with ws://"),
        ({"AGENT_ROLLING_WINDOW_MESSAGES": "many"}, "AGENT_ROLLING_WINDOW_MESSAGES"),
        ({"LONGROOM_DATA_DIR": "/proc/nowhere"}, "LONGROOM_DATA_DIR"),
    ],
)
async def test_a_wrong_setting_stops_the_worker_at_start_and_is_named(
    livekit_server: LiveKitServer, tmp_path: Path, changed: dict[str, str], complaint: str
) -> None:
    env = worker_environment(livekit_server, backend_url=NOWHERE, model_url=NOWHERE)
    data_dir = {"LONGROOM_DATA_DIR": str(tmp_path / "agent")}
    worker = Program(
        WORKER, env={**env, **data_dir, **changed}, log=tmp_path / "worker.log", forked=True
    )
    code = await asyncio.to_thread(worker.run)
    assert code not in (0, None)
    assert complaint in worker.output
