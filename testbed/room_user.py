"""A participant on the LiveKit SDK: joins, types, receives answers and turn statuses."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self
from uuid import uuid4

from livekit import api, rtc

from testbed.livekit_server import API_KEY, API_SECRET

AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
FINAL_OUTCOMES = {"answered", "interrupted", "empty", "failed", "refused"}


@dataclass
class Answer:
    """One streamed reply. `complete`: the stream was marked final."""

    agent: str
    text: str = ""
    first_at: float = 0.0
    ended_at: float = 0.0
    complete: bool = False


@dataclass
class Turn:
    """A question, the outcome that the agent reported, and what was streamed until then."""

    question_id: str
    sent_at: float
    outcome: str
    reason: str | None
    answers: list[Answer] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(answer.text for answer in self.answers)


def join_token(
    identity: str,
    room: str,
    *,
    metadata: str = "",
    hidden: bool = False,
    agent: bool = False,
    attributes: Mapping[str, str] | None = None,
    ttl_s: float = 3600,
    dispatch: api.RoomAgentDispatch | None = None,
) -> str:
    """With `attributes` it lets nobody change their own. `dispatch` is that of a token which an
    application has minted by itself: it counts if the join creates the room.
    """
    changes = attributes is None
    grants = api.VideoGrants(
        room_join=True, room=room, can_update_own_metadata=changes, hidden=hidden
    )
    token = api.AccessToken(API_KEY, API_SECRET).with_identity(identity).with_name(identity)
    token = token.with_ttl(timedelta(seconds=ttl_s))
    token = token.with_kind("agent") if agent else token
    token = token.with_attributes(dict(attributes or {}))
    if dispatch is not None:
        token = token.with_room_config(
            api.RoomConfiguration(agents=[dispatch], departure_timeout=1)
        )
    return token.with_metadata(metadata).with_grants(grants).to_jwt()


async def until(condition: Callable[[], Any], *, timeout_s: float = 60.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110  # the SDK's state has no event to wait for
            await asyncio.sleep(0.01)


class RoomUser:
    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.room = rtc.Room()
        self.answers: list[Answer] = []
        self.transcripts: list[Answer] = []
        """What people were heard to say; `agent` is who said it."""
        self.statuses: list[dict[str, Any]] = []
        self._reading: set[asyncio.Task[None]] = set()

    @classmethod
    async def join(cls, url: str, room: str, identity: str, *, metadata: str = "") -> Self:
        """Returns once connected and visible to others."""
        user = cls(identity)
        await user.connect(url, room, metadata=metadata)
        # Without a published track, others learn of a participant up to 3 s late.
        await user.room.local_participant.set_attributes({"present": "1"})
        return user

    async def connect(
        self, url: str, room: str, *, metadata: str = "", hidden: bool = False, agent: bool = False
    ) -> None:
        """As `join`, but others may not know of it yet."""
        token = join_token(self.identity, room, metadata=metadata, hidden=hidden, agent=agent)
        await self.connect_with(url, token)

    async def connect_with(self, url: str, token: str) -> None:
        # Before connecting: data may arrive with the connection.
        self.room.register_text_stream_handler("lk.transcription", self._on_transcription)
        self.room.on("data_received", self._on_data)
        await self.room.connect(url, token)

    async def leave(self) -> None:
        """Harmless if repeated."""
        await self.room.disconnect()
        for task in self._reading:
            task.cancel()

    @property
    def agents(self) -> list[str]:
        """Identities of agents that this client knows of."""
        participants = self.room.remote_participants.values()
        return [person.identity for person in participants if person.kind == AGENT]

    async def agent_is_there(self, *, timeout_s: float = 60.0) -> None:
        await until(lambda: self._ready_agents(), timeout_s=timeout_s)

    def _ready_agents(self) -> list[str]:
        participants = self.room.remote_participants.values()
        return [person.identity for person in participants if "longroom.ready" in person.attributes]

    async def say(self, text: str, *, message_id: str | None = None) -> str:
        """Send a typed message; returns its id, which is the text stream's."""
        message_id = message_id or uuid4().hex
        writer = await self.room.local_participant.stream_text(
            topic="lk.chat", stream_id=message_id
        )
        await writer.write(text)
        await writer.aclose()
        return message_id

    async def stop(self, question_id: str) -> None:
        await self.room.local_participant.send_text(question_id, topic="longroom.stop")

    async def ask(
        self, text: str, *, message_id: str | None = None, timeout_s: float = 60.0
    ) -> Turn:
        """Send a question; returns once its final status and all answers have arrived."""
        heard = len(self.answers)
        sent_at = time.monotonic()
        message_id = await self.say(text, message_id=message_id)
        status = await self.outcome(message_id, timeout_s=timeout_s)
        await until(lambda: all(a.ended_at for a in self.answers), timeout_s=60)
        answers = self.answers[heard:]
        return Turn(message_id, sent_at, status["outcome"], status.get("reason"), answers)

    async def told_at_last(self, text: str, *, again_after_s: float = 1.0) -> dict[str, Any]:
        """The final status of a question that nobody may hear: it is sent again under its id.

        Raises TimeoutError after thirty times.
        """
        question = await self.say(text)
        for _ in range(30):
            try:
                return await self.outcome(question, timeout_s=again_after_s)
            except TimeoutError:
                await self.say(text, message_id=question)
        raise TimeoutError(text)

    async def outcome(self, message_id: str, *, timeout_s: float = 60.0) -> dict[str, Any]:
        await until(lambda: self._final(message_id), timeout_s=timeout_s)
        return self._final(message_id)[0]

    def _final(self, message_id: str) -> list[dict[str, Any]]:
        return [
            status
            for status in self.statuses
            if status["question_id"] == message_id and status["outcome"] in FINAL_OUTCOMES
        ]

    def _on_data(self, packet: rtc.DataPacket) -> None:
        if packet.topic == "longroom.turn":
            self.statuses.append(json.loads(packet.data) | {"heard_at": time.monotonic()})

    def _on_transcription(self, reader: rtc.TextStreamReader, sender: str) -> None:
        said = Answer(sender)
        (self.answers if sender.startswith("agent-") else self.transcripts).append(said)
        task = asyncio.create_task(self._read(reader, said))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, reader: rtc.TextStreamReader, answer: Answer) -> None:
        try:
            async for delta in reader:
                answer.first_at = answer.first_at or time.monotonic()
                answer.text += delta
            final = (reader.info.attributes or {}).get("lk.transcription_final")
            answer.complete = final == "true"
        except rtc.StreamError:
            answer.complete = False  # the agent died or left during the stream
        answer.ended_at = time.monotonic()
