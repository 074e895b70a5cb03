import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from livekit import api
from livekit.protocol import agent as jobs
from livekit.protocol import agent_dispatch as dispatches

from backend_stub.livekit.dispatches import is_coming, is_of, is_stale
from backend_stub.livekit.other_conversations import brings_other, serves_other
from retrieval.store.agent_workers import AgentWorker
from retrieval.wire import CONVERSATION_ATTRIBUTE, WORKER_ATTRIBUTE, conversation_metadata

NAME = "longroom"


def worker(
    id_: str, *, alive: bool = True, since_s: float = 600, seen_s: float = 0, name: str = NAME
) -> AgentWorker:
    now = datetime.now(UTC)
    return AgentWorker(
        worker_id=id_,
        agent_name=name,
        since=now - timedelta(seconds=since_s),
        seen_at=now - timedelta(seconds=seen_s),
        alive=alive,
    )


def agent(worker_id: str, *, joined_s: float = 100) -> api.ParticipantInfo:
    joined_at_ms = int((time.time() - joined_s) * 1000)
    attributes = {WORKER_ATTRIBUTE: worker_id} if worker_id else {}
    return api.ParticipantInfo(
        kind=api.ParticipantInfo.AGENT, joined_at_ms=joined_at_ms, attributes=attributes
    )


def dispatch(
    *,
    ago_s: float,
    job_ago_s: float | None = None,
    status: jobs.JobStatus = jobs.JobStatus.JS_RUNNING,
) -> api.AgentDispatch:
    def nanoseconds(ago: float) -> int:
        return int((time.time() - ago) * 1e9)

    state = dispatches.AgentDispatchState(created_at=nanoseconds(ago_s))
    if job_ago_s is not None:
        job_state = jobs.JobState(started_at=nanoseconds(job_ago_s), status=status)
        state.jobs.append(jobs.Job(state=job_state))
    return api.AgentDispatch(agent_name=NAME, state=state)


def dead() -> AgentWorker:
    return worker("dead", alive=False, seen_s=5)


def alive() -> AgentWorker:
    return worker("alive")


def test_an_agent_whose_worker_is_silent_is_stale() -> None:
    assert is_stale(agent("dead"), [dead(), alive()], NAME)
    assert not is_stale(agent("alive"), [dead(), alive()], NAME)


def test_no_agent_is_stale_while_no_other_worker_could_replace_it() -> None:
    assert not is_stale(agent("dead"), [dead()], NAME)
    assert not is_stale(agent("dead"), [dead(), worker("other", name="translator")], NAME)


def test_an_agent_that_joined_after_the_last_report_proves_that_its_worker_lives() -> None:
    assert not is_stale(agent("dead", joined_s=1), [dead(), alive()], NAME)


def test_an_agent_of_a_worker_that_never_reported_is_not_judged() -> None:
    assert not is_stale(agent("unknown"), [dead(), alive()], NAME)
    assert not is_stale(agent(""), [dead(), alive()], NAME)


def test_a_dead_agent_is_ours_by_the_name_of_its_worker() -> None:
    other = worker("other", alive=False, seen_s=5, name="translator")
    assert is_of(agent("dead"), [dead(), other], NAME)
    assert not is_of(agent("other"), [dead(), other], NAME)
    assert not is_of(agent(""), [dead(), other], NAME)


def test_a_fresh_dispatch_may_still_bring_an_agent_an_old_one_without_a_job_not() -> None:
    assert is_coming([dispatch(ago_s=5)], [alive()], NAME)
    assert not is_coming([dispatch(ago_s=8)], [alive()], NAME)
    assert not is_coming([], [alive()], NAME)


@pytest.mark.parametrize(
    "ended",
    [jobs.JobStatus.JS_SUCCESS, jobs.JobStatus.JS_FAILED, jobs.JobStatus.JS_CANCELLED],
)
def test_a_job_that_has_ended_brings_no_agent(ended: jobs.JobStatus) -> None:
    assert not is_coming([dispatch(ago_s=5, job_ago_s=5, status=ended)], [], NAME)
    pending = dispatch(ago_s=5, job_ago_s=5, status=jobs.JobStatus.JS_PENDING)
    assert is_coming([dispatch(ago_s=9, job_ago_s=9, status=ended), pending], [], NAME)


def test_a_job_on_a_busy_worker_is_given_more_time() -> None:
    assert is_coming([dispatch(ago_s=25, job_ago_s=25)], [], NAME)
    assert not is_coming([dispatch(ago_s=31, job_ago_s=31)], [], NAME)


def test_only_the_newest_dispatch_counts() -> None:
    served_before = dispatch(ago_s=20, job_ago_s=20)
    assert not is_coming([dispatch(ago_s=10), served_before], [], NAME)
    assert is_coming([served_before, dispatch(ago_s=3)], [], NAME)


def test_each_lost_dispatch_doubles_the_wait_up_to_a_minute() -> None:
    lost = [dispatch(ago_s=100 + n) for n in range(9)]
    assert is_coming([*lost[:1], dispatch(ago_s=13)], [], NAME)
    assert not is_coming([*lost[:1], dispatch(ago_s=15)], [], NAME)
    assert is_coming([*lost, dispatch(ago_s=59)], [], NAME)
    assert not is_coming([*lost, dispatch(ago_s=61)], [], NAME)


def test_a_worker_that_came_after_the_dispatch_ends_the_wait() -> None:
    lost = [dispatch(ago_s=100 + n) for n in range(9)]
    assert not is_coming([*lost, dispatch(ago_s=20)], [worker("new", since_s=1)], NAME)
    assert is_coming([*lost, dispatch(ago_s=20)], [worker("new", since_s=1, name="x")], NAME)
    # Its first report may be later than its registration.
    assert is_coming([dispatch(ago_s=2)], [worker("new", since_s=1)], NAME)


# Fixed: they are in the names of tests, which all processes of a run must agree on.
ADA, BOB = (UUID(int=number) for number in (1, 2))


def test_an_agent_of_another_conversation_is_told_by_what_it_says_of_itself() -> None:
    def serving(conversation: str) -> api.ParticipantInfo:
        return api.ParticipantInfo(attributes={CONVERSATION_ATTRIBUTE: conversation})

    wanted = conversation_metadata(ADA, "ada")
    assert serves_other(serving(str(BOB)), wanted)
    assert not serves_other(serving(str(ADA)), wanted)
    assert not serves_other(agent("of an older version, or not ready"), wanted)


@pytest.mark.parametrize(
    ("metadata", "other"),
    [
        (conversation_metadata(ADA), False),
        (conversation_metadata(BOB), True),
        (conversation_metadata(BOB, "ada"), True),  # a key of an erased conversation
        ('{"conversation": "ada"}', False),
        ('{"conversation": "bob"}', True),
        ('{"conversation": 17}', True),
        ('{"language": "de"}', False),
        ("", False),
    ],
)
def test_a_dispatch_for_another_conversation_is_told_by_its_metadata(
    metadata: str, other: bool
) -> None:
    dispatched = api.AgentDispatch(metadata=metadata)
    assert brings_other(dispatched, conversation_metadata(ADA, "ada")) is other
