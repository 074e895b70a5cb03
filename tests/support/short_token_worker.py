"""The worker that ships, but the tokens with which its agents join expire in a moment."""

import dataclasses
import os
from datetime import timedelta

from livekit import api
from livekit.agents.job import RunningJobInfo

from agent.processes.agent_worker import build_worker
from agent.settings import AgentSettings
from agent.worker_settings import WorkerSettings

settings = WorkerSettings()
server = build_worker(settings, AgentSettings())


def shortened(token: str) -> str:
    verifier = api.TokenVerifier(settings.livekit_api_key, _secret())
    claims = verifier.verify(token, verify_signature=False)
    new = api.AccessToken(settings.livekit_api_key, _secret()).with_identity(claims.identity)
    new.claims = claims
    return new.with_ttl(timedelta(seconds=float(os.environ["TEST_TOKEN_S"]))).to_jwt()


def _secret() -> str:
    return settings.livekit_api_secret.get_secret_value()


def shorten_all() -> None:
    pool = server._proc_pool
    launch = pool.launch_job

    async def launch_with_short_token(info: RunningJobInfo) -> None:
        await launch(dataclasses.replace(info, token=shortened(info.token)))

    setattr(pool, "launch_job", launch_with_short_token)  # noqa: B010  # mypy refuses a method


server.on("worker_started", shorten_all)
