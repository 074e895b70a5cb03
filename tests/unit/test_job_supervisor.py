"""The job that replaces a crashed one."""

from datetime import timedelta

from livekit import api
from livekit.agents.job import JobAcceptArguments, RunningJobInfo

from agent.supervision.job_supervisor import restarted

KEY, SECRET = "key", "a secret of more than thirty-two characters"


def running(*, token_ttl: timedelta = timedelta(hours=1)) -> RunningJobInfo:
    """As LiveKit's dispatcher would have made it."""
    grants = api.VideoGrants(room_join=True, room="den", agent=True, can_update_own_metadata=True)
    token = (
        api.AccessToken(KEY, SECRET)
        .with_identity("agent-AJ_dead")
        .with_kind("agent")
        .with_attributes({"longroom.worker": "w1"})
        .with_grants(grants)
        .with_ttl(token_ttl)
    )
    room = api.Room(name="den", sid="RM_1", metadata="{}")
    job = api.Job(id="AJ_dead", room=room, agent_name="longroom", metadata='{"conversation_id": 1}')
    return RunningJobInfo(
        accept_arguments=JobAcceptArguments(name="", identity="agent-AJ_dead", metadata=""),
        job=job,
        url="ws://127.0.0.1",
        token=token.to_jwt(),
        worker_id="AW_1",
        fake_job=False,
    )


def test_a_restarted_job_has_the_same_room_and_rights_under_a_new_identity() -> None:
    dead = running()
    new = restarted(dead, api_key=KEY, api_secret=SECRET)
    assert new.job.id != "AJ_dead"
    assert dead.job.id == "AJ_dead"
    assert (new.job.room, new.job.agent_name, new.job.metadata) == (
        dead.job.room,
        "longroom",
        '{"conversation_id": 1}',
    )
    claims = api.TokenVerifier(KEY, SECRET).verify(new.token)
    assert claims.identity == new.accept_arguments.identity == f"agent-{new.job.id}"
    assert (claims.kind, claims.attributes) == ("agent", {"longroom.worker": "w1"})
    assert claims.video == api.TokenVerifier(KEY, SECRET).verify(dead.token).video


def test_restarting_a_job_twice_gives_two_identities() -> None:
    dead = running()
    first = restarted(dead, api_key=KEY, api_secret=SECRET)
    second = restarted(dead, api_key=KEY, api_secret=SECRET)
    assert first.accept_arguments.identity != second.accept_arguments.identity


def test_a_token_that_has_expired_is_issued_anew() -> None:
    expired = running(token_ttl=timedelta(hours=-1))
    new = restarted(expired, api_key=KEY, api_secret=SECRET)
    assert api.TokenVerifier(KEY, SECRET).verify(new.token).video is not None
