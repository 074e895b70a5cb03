"""A guest of one agent: asks, is handed over, sees the agent killed, and speaks."""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from livekit import api

from benchmarks.adopt.spoken import TOPIC
from retrieval.private_logs import digest
from testbed.language_model_server import Prompt, ToolCall
from testbed.livekit_stack import Stack
from testbed.program import Program
from testbed.room_user import RoomUser, until

FACT = "The spare key of my cabin hangs behind the green fridge."
QUESTION = "Where does the spare key of my cabin hang?"
AFTER_HANDOFF = "Cook, do you know where the spare key of my cabin hangs?"
HANDOFF = "Please call the cook for me."
LAST = "Can you still hear me after all that?"
ANSWER_S = 60.0
KILLED_S = 45.0


@dataclass(frozen=True)
class Figures:
    recalled: bool
    after_handoff_recalled: bool
    after_kill_answered: bool
    preemptive_kept_share: float


def reply(prompt: Prompt) -> str | ToolCall:
    if "concierge" in prompt.text and HANDOFF in prompt.question:
        return ToolCall("call_the_cook", {})
    return f"You said: {prompt.question}"


class Visit:
    def __init__(self, stack: Stack, worker: Program, *, agent_name: str, later: int) -> None:
        self._stack = stack
        self._worker = worker
        self._agent_name = agent_name
        self._later = later

    async def figures(self, turns: int) -> Figures:
        self._stack.model.reply = reply
        spoken = await self._room("spoken")
        kept = await self._kept_share(spoken, turns)
        await spoken.leave()
        guest = await self._room("typed")
        recalled = await self._recalls(guest, QUESTION)
        await self._ask(guest, HANDOFF)
        handed = await self._recalls(guest, AFTER_HANDOFF)
        answered = await self._answered_after_kill(guest)
        await guest.leave()
        return Figures(recalled, handed, answered, kept)

    async def _room(self, kind: str) -> RoomUser:
        """With its agent, in a conversation that has gone on for long."""
        key = f"{self._agent_name} {kind} {token_hex(4)}"
        conversation = await self._stack.backend.create_conversation(key)
        await self._stack.remember(conversation.conversation_id, FACT, later=self._later)
        self._name = f"{kind}-{token_hex(4)}"
        await self._stack.rooms.room.create_room(
            api.CreateRoomRequest(name=self._name, departure_timeout=1)
        )
        guest = await self._stack.join(self._name, "guest")
        await self._stack.dispatch(
            self._name, self._agent_name, metadata=json.dumps({"conversation": key})
        )
        await until(self._is_linked)
        return guest

    async def _ask(self, guest: RoomUser, text: str) -> None:
        before = len(guest.answers)
        await guest.say(text)
        await _answered(guest, after=before)

    async def _recalls(self, guest: RoomUser, question: str) -> bool:
        await self._ask(guest, question)
        return FACT in self._stack.model.prompt_of(question).text

    async def _answered_after_kill(self, guest: RoomUser) -> bool:
        self._stack.model.flowing.clear()
        before, prompts = len(guest.answers), len(self._stack.model.prompts)
        await guest.say(LAST)
        await until(lambda: any(LAST in p.question for p in self._stack.model.prompts[prompts:]))
        os.kill(self._agent_pid(), signal.SIGKILL)
        self._stack.model.flowing.set()
        with suppress(TimeoutError):
            await until(
                lambda: any(LAST in a.text and a.complete for a in guest.answers[before:]),
                timeout_s=KILLED_S,
            )
            return True
        return False

    async def _kept_share(self, guest: RoomUser, turns: int) -> float:
        """Of the turns, those for which the model was asked once, for what it was asked early."""
        kept = 0
        for number in range(turns):
            text = f"This is what I say now as number {number} of my stay."
            before, requests = len(guest.answers), self._stack.model.requests
            await guest.room.local_participant.publish_data(text, topic=TOPIC)
            await _answered(guest, after=before)
            await asyncio.sleep(0.3)  # a second request would come with the turn's end
            kept += self._stack.model.requests - requests == 1
            print(f"{self._agent_name}: {number + 1} of {turns} turns", file=sys.stderr)
        return round(kept / turns, 3)

    def _is_linked(self) -> bool:
        return any(line["message"].startswith("RoomIO linked") for line in self._log_of_room())

    def _agent_pid(self) -> int:
        pids = [line["pid"] for line in self._log_of_room()]
        return int(next(pid for pid in reversed(pids) if pid != self._worker.process.pid))

    def _log_of_room(self) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self._worker.output.splitlines() if line[:1] == "{"]
        return [line for line in lines if line.get("room") == digest(self._name)]


async def _answered(guest: RoomUser, *, after: int) -> None:
    await until(lambda: any(a.complete for a in guest.answers[after:]), timeout_s=ANSWER_S)
