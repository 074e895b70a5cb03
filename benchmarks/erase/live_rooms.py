"""Rooms where people talk to live agents while what they say is erased."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from livekit import api

from benchmarks.erase.canary import KEPT, Canaries
from benchmarks.erase.installation import Installation, People
from benchmarks.erase.scene import FILES, MESSAGES
from testbed.livekit_stack import agent_pids, kill_agent
from testbed.room_user import RoomUser, until

PROMPTS = "prompts of the language model"
FOLDER = "the worker's data folder"
WAIT_S = 120.0
TOLD_S = 2.0
SAID = ("table message.content", FILES, MESSAGES)


@dataclass
class LiveRoom:
    way: str
    name: str
    conversation_id: UUID
    users: list[RoomUser]
    erased: list[str] = field(default_factory=list)


class LiveRooms:
    """`window`: erased from windows. `cut_off`: said while the backend was away, and `killed`: by
    people whose agent was killed besides; what they said is erased before it arrives.
    """

    def __init__(self, one: Installation, people: People, canaries: Canaries) -> None:
        self._one = one
        self.people = people
        self.arrives_later: set[str] = set()
        self._canaries = canaries
        self._prompts_before = 0
        self.window: LiveRoom
        self.left: LiveRoom
        self.cut_off: LiveRoom
        self.killed: LiveRoom

    async def open(self) -> None:
        self.window = await self._open("window", "ada")
        self.left = await self._open("left", "eve")
        for room in (self.window, self.left):
            way = "message" if room is self.window else "conversation"
            for whose in (way, KEPT if room is self.window else way):
                word = self._canaries.new("said in a live room", whose, *SAID, PROMPTS)
                id_ = await self._ask(room, f"It is said that {word} is here.")
                if whose != KEPT:
                    room.erased.append(id_)
            await self._ask(room, "Okay, thanks!")

    async def cut(self) -> None:
        """What is said from then on stays in outboxes; one agent is killed."""
        way = "participant, before it arrives"
        self.cut_off = await self._open("cut off", "", way=way)
        self.killed = await self._open("killed", "", way=way)
        self.people.proxy.cut()
        for room in (self.cut_off, self.killed):
            for user in room.users:
                whose = KEPT if user.identity == "carol" else way
                word = self._canaries.new(
                    "outbox of an agent", whose, *((FOLDER,) if whose != KEPT else SAID)
                )
                if whose == KEPT:
                    self.arrives_later.add(word)
                await self._accepted(user, f"It is said that {word} is here.")
        kill_agent(self.people.worker, self.killed.name)

    def restore(self) -> None:
        self.people.proxy.restore()

    async def ask_again(self) -> None:
        """Once more where windows are erased from: prompts count from here on."""
        self._prompts_before = len(self.people.model.prompts)
        # An agent is told at once, and takes a moment.
        await asyncio.sleep(TOLD_S)
        await self._ask(self.window, "Okay, thanks again!")
        earlier = self.left.users[0]
        await earlier.agent_is_there(timeout_s=WAIT_S)
        await self._ask(self.left, "Is anybody here?", repeat=True)

    def conversations(self) -> list[UUID]:
        rooms = (self.window, self.left, self.cut_off, self.killed)
        return [room.conversation_id for room in rooms]

    def prompts(self) -> set[str]:
        """What the language model was shown since."""
        shown = self.people.model.prompts[self._prompts_before :]
        return self._canaries.found_in("\n".join(prompt.text for prompt in shown).encode())

    async def _open(self, name: str, *identities: str, way: str = "") -> LiveRoom:
        """With a person who is a canary and one who stays, if nobody is named."""
        name = f"{name}-{secrets.token_hex(3)}"
        create = api.CreateRoomRequest(name=name, departure_timeout=1)
        await self.people.rooms.room.create_room(create)
        room = await self._one.client.create_room(name)
        if not any(identities):
            identities = ("carol", f"bob-{self._canaries.new('identity in a live room', way)}")
        url = self.people.livekit.url
        users = [await RoomUser.join(url, name, identity) for identity in identities]
        for user in users:
            self._one.cleanup.push_async_callback(user.leave)
            await user.agent_is_there(timeout_s=WAIT_S)
        await until(lambda: agent_pids(self.people.worker, name), timeout_s=WAIT_S)
        return LiveRoom(way, name, room.conversation_id, users)

    async def _ask(self, room: LiveRoom, text: str, *, repeat: bool = False) -> str:
        user = room.users[0]
        if repeat:
            await user.told_at_last(text, again_after_s=3.0)
            return ""
        turn = await user.ask(text, timeout_s=WAIT_S)
        if turn.outcome != "answered":
            raise RuntimeError(f"a question in {room.name} ended as {turn.outcome}")
        return turn.question_id

    async def _accepted(self, user: RoomUser, text: str) -> None:
        id_ = await user.say(text)
        await until(lambda: _is_accepted(user.statuses, id_), timeout_s=WAIT_S)


def _is_accepted(statuses: Sequence[dict[str, object]], id_: str) -> bool:
    return any(one["question_id"] == id_ for one in statuses)


def look_into_folder(folder: Path, canaries: Canaries) -> set[str]:
    """Every byte of every file, and the names of files."""
    found: set[str] = set()
    for path in folder.rglob("*"):
        found |= canaries.found_in(str(path.relative_to(folder)).encode())
        if path.is_file():
            try:
                found |= canaries.found_in(path.read_bytes())
            except FileNotFoundError:
                continue  # removed meanwhile
    return found


async def until_gone(folder: Path, canaries: Canaries, *, timeout_s: float) -> None:
    """Returns when nothing erased is in the folder, or when the time is over."""
    erased = {one.word for one in canaries.erased()}
    try:
        async with asyncio.timeout(timeout_s):
            while look_into_folder(folder, canaries) & erased:  # noqa: ASYNC110  # of others
                await asyncio.sleep(0.5)
    except TimeoutError:
        return
