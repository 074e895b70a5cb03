"""The job of a process that died, made ready for another process of the same worker."""

import dataclasses

from livekit import api
from livekit.agents.job import RunningJobInfo
from livekit.agents.utils import shortuuid


def successor(dead: RunningJobInfo, *, api_key: str, api_secret: str) -> RunningJobInfo:
    """The same room, metadata and rights, under an id and an identity of its own.

    A dispatch would bring the same, but LiveKit's dispatcher waits 0.2 s for other workers' bids.
    """
    job = api.Job()
    job.CopyFrom(dead.job)
    job.id = shortuuid("AJ_")
    identity = f"agent-{job.id}"
    return dataclasses.replace(
        dead,
        job=job,
        accept_arguments=dataclasses.replace(dead.accept_arguments, identity=identity),
        token=_reissued(dead.token, identity, api_key=api_key, api_secret=api_secret),
    )


def _reissued(token: str, identity: str, *, api_key: str, api_secret: str) -> str:
    """The token that LiveKit gave the dead agent, which may have run out since."""
    new = api.AccessToken(api_key, api_secret).with_identity(identity)
    new.claims = api.TokenVerifier(api_key, api_secret).verify(token, verify_signature=False)
    return new.to_jwt()
