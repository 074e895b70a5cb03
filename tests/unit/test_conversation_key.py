"""Which conversation an agent serves: what names it, in which order, and what is no name."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from livekit import rtc
from livekit.agents import JobContext

from agent.room.conversation_key import (
    KEY_ATTRIBUTE,
    KeyOfJob,
    NamedConversation,
    key_of_people,
    named_conversation,
)
from retrieval.wire import ConversationId, conversation_metadata

ID = ConversationId(UUID("0d5a4f8e-6a57-4c3a-9d7e-3f5b7c1f2a11"))
OTHER = ConversationId(UUID("0d5a4f8e-6a57-4c3a-9d7e-3f5b7c1f2a12"))
PERSON = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT


@dataclass
class Permissions:
    can_update_metadata: bool = False


@dataclass
class Somebody:
    identity: str
    key: str | None = None
    after_s: float = 0
    kind: int = PERSON
    permissions: Permissions = field(default_factory=Permissions)

    @property
    def attributes(self) -> dict[str, str]:
        return {} if self.key is None else {KEY_ATTRIBUTE: self.key}

    @property
    def joined_at(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.after_s)


class Room:
    name = "den"

    def __init__(self, metadata: str, people: list[Somebody]) -> None:
        self.metadata = metadata
        self.remote_participants = {person.identity: person for person in people}
        self.connected = True
        self.handlers: dict[str, list[Callable[..., None]]] = {}

    def on(self, event: str, handler: Callable[..., None]) -> None:
        self.handlers.setdefault(event, []).append(handler)

    def off(self, event: str, handler: Callable[..., None]) -> None:
        self.handlers[event].remove(handler)

    def isconnected(self) -> bool:
        return self.connected

    def join(self, person: Somebody) -> None:
        self.remote_participants[person.identity] = person
        self._tell("participant_connected")

    def close(self) -> None:
        self.connected = False
        self._tell("disconnected")

    def _tell(self, event: str) -> None:
        for handler in self.handlers[event]:
            handler()


@dataclass
class RoomOfJob:
    metadata: str = ""
    sid: str = "RM_1"


@dataclass
class Job:
    metadata: str
    room: RoomOfJob
    id: str = "AJ_1"


class Context:
    def __init__(
        self,
        job: str = "",
        room: str = "",
        at_dispatch: str = "",
        people: list[Somebody] | None = None,
    ) -> None:
        self.job = Job(job, RoomOfJob(at_dispatch))
        self.room = Room(room, people or [])
        self.ended: list[str] = []

    def shutdown(self, reason: str) -> None:
        self.ended.append(reason)

    async def named(
        self, of_job: KeyOfJob | None = None, replaced: asyncio.Event | None = None
    ) -> NamedConversation:
        ctx = cast("JobContext", cast("Any", self))
        return await named_conversation(ctx, of_job=of_job, replaced=replaced or asyncio.Event())


def key(value: object) -> str:
    return json.dumps({"conversation": value, "plan": "gold"})


def id_of(conversation_id: ConversationId) -> str:
    return conversation_metadata(conversation_id)


async def test_the_job_comes_before_the_room_and_both_before_people() -> None:
    people = [Somebody("ada", key="of ada")]
    everything = Context(key("of the job"), key("of the room"), people=people)
    assert await everything.named(lambda _: "of a function") == NamedConversation("of a function")
    assert await everything.named(lambda _: None) == NamedConversation("of the job")
    assert await Context(room=key("of the room"), people=people).named() == NamedConversation(
        "of the room"
    )
    assert await Context(at_dispatch=key("then"), people=people).named() == NamedConversation(
        "then"
    )
    assert await Context(people=people).named() == NamedConversation("of ada")
    assert await Context(people=[Somebody("ada")]).named() == NamedConversation()


async def test_a_key_comes_before_an_id_that_the_room_had_before() -> None:
    assert await Context(key("ada"), room=id_of(OTHER)).named() == NamedConversation("ada")
    assert await Context(id_of(ID), room=key("ada")).named() == NamedConversation("ada")
    # From one hand they belong together: the agent can go on with the id without the backend.
    both = conversation_metadata(ID, "ada")
    assert await Context(both, room=id_of(OTHER)).named() == NamedConversation("ada", ID)


async def test_an_id_is_named_as_a_key_is_and_nobody_is_waited_for() -> None:
    assert await Context(room=id_of(ID)).named() == NamedConversation(None, ID)
    people = [Somebody("ada", key="of ada")]
    assert await Context(room=id_of(ID), people=people).named() == NamedConversation(None, ID)


@pytest.mark.parametrize("none", ["", "hello", "[1]", '{"conversation": null}', "{}"])
async def test_metadata_that_name_none_are_passed_over(none: str) -> None:
    ctx = Context(none, room=key("ada"))
    assert await ctx.named() == NamedConversation("ada")


def _raise(_: JobContext) -> str:
    raise KeyError("the customer's secret number")


@pytest.mark.parametrize(
    ("context", "of_job", "said"),
    [
        (Context(key("")), None, "conversation in the job's metadata"),
        (Context(key(4711)), None, "conversation in the job's metadata"),
        (Context(key("x" * 257)), None, "conversation in the job's metadata"),
        (Context(room=key(["ada"])), None, "conversation in the room's metadata"),
        (Context(people=[Somebody("ada", key=" ")]), None, f"attribute {KEY_ATTRIBUTE} of ada"),
        (Context(), lambda _: "", "function of the job"),
        (Context(), lambda _: 17, "function of the job"),
        (Context(), _raise, "function of the job: KeyError"),
    ],
)
async def test_what_can_be_no_key_names_a_conversation_that_nobody_shares(
    context: Context, of_job: KeyOfJob, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    named = await context.named(of_job)
    assert named == NamedConversation("no key in RM_1")
    (record,) = [r for r in caplog.records if "can be none" in r.message]
    assert record.levelno == logging.ERROR
    reason = str(vars(record)["reason"])
    assert reason.startswith(said)
    assert "secret" not in reason
    assert "x" * 20 not in reason


def test_of_several_people_the_first_to_join_who_has_a_key_counts() -> None:
    def key_of(*people: Somebody) -> str | None:
        return key_of_people(cast("list[rtc.RemoteParticipant]", people))

    ada = Somebody("ada", key="of ada", after_s=5)
    assert key_of(Somebody("bob", key="of bob", after_s=9), ada) == "of ada"
    assert key_of(Somebody("supervisor"), ada) == "of ada"
    assert key_of(Somebody("bot", key="of a bot", kind=AGENT), ada) == "of ada"
    assert key_of() is None


def test_who_may_write_their_own_attributes_names_nobodys_conversation(
    caplog: pytest.LogCaptureFixture,
) -> None:
    mallory = Somebody("mallory", key="of ada", permissions=Permissions(True))
    people = cast(
        "list[rtc.RemoteParticipant]", [mallory, Somebody("bob", key="of bob", after_s=1)]
    )
    assert key_of_people(people) == "of bob"
    assert [vars(r)["participant"] for r in caplog.records] == ["mallory"]


async def test_in_an_empty_room_the_first_person_is_waited_for() -> None:
    ctx = Context(people=[Somebody("bot", kind=AGENT)])
    naming = asyncio.create_task(ctx.named())
    await asyncio.sleep(0)
    ctx.room.join(Somebody("another bot", kind=AGENT))
    await asyncio.sleep(0)
    assert not naming.done()
    ctx.room.join(Somebody("ada", key="of ada"))
    assert await naming == NamedConversation("of ada")
    assert not any(ctx.room.handlers.values())


@pytest.mark.parametrize("why", ["replaced", "closed"])
async def test_who_is_replaced_or_left_alone_before_anybody_came_ends(why: str) -> None:
    ctx, replaced = Context(), asyncio.Event()
    naming = asyncio.create_task(ctx.named(replaced=replaced))
    await asyncio.sleep(0)
    replaced.set() if why == "replaced" else ctx.room.close()
    with pytest.raises(asyncio.CancelledError):
        await naming
    assert ctx.ended
