"""Time until a room has an agent again after kill -9, and whether bursts of dispatches are served;
handovers to workers whose clocks are wrong, a language model that refuses some requests, and a
LiveKit server that is away for a while.

Prints progress on standard error and one JSON object as the last line of standard output.
"""

import argparse
import asyncio
import json
import math
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from livekit import api

from benchmarks.failing_model import FailingModel, ask_a_failing_model
from benchmarks.handover import Handovers, hand_over
from benchmarks.outage import Outage, outage
from testbed.livekit_server import HOW_TO_GET, LiveKitServer, find_binary
from testbed.livekit_stack import OpenRoom, Stack, agent_pids, running_stack
from testbed.postgres import create_database, running_server
from testbed.room_user import Answer, RoomUser, until
from testbed.shifted_clock import faketime_library

ANSWER_TIMEOUT_S = 30.0
CLOCKS_S = (-60, 60)
OVERTAKING_S = 0.1
OUTAGE_ROOMS = 20


@dataclass
class Figures:
    back_s: list[float] = field(default_factory=list)
    stale: int = 0
    answered_twice: int = 0
    heard_twice: int = 0
    unanswered: int = 0
    dispatched: int = 0
    served: int = 0
    handovers: list[Handovers] = field(default_factory=list)
    failing_model: FailingModel | None = None
    outage: Outage | None = None

    def as_json(self) -> str:
        cuts = statistics.quantiles(self.back_s, n=20, method="inclusive")
        return json.dumps(
            {
                "kills": len(self.back_s),
                "back_s": {"p50": round(cuts[9], 3), "p95": round(cuts[18], 3)},
                "back_s_max": round(max(self.back_s), 3),
                "stale": self.stale,
                "answered_twice": self.answered_twice,
                "heard_twice": self.heard_twice,
                "unanswered": self.unanswered,
                "dispatched": self.dispatched,
                "served": self.served,
                "ghosts": self.ghosts,
                "empty_s_max": max((each.empty_s_max for each in self.handovers), default=0.0),
                "handovers": [asdict(each) for each in self.handovers],
                "failing_model": asdict(self.failing_model) if self.failing_model else None,
                "outage": asdict(self.outage) if self.outage else None,
            }
        )

    @property
    def ghosts(self) -> int:
        of_outage = self.outage.ghosts if self.outage else 0
        return of_outage + sum(each.ghosts for each in self.handovers)

    def add(self, handovers: Handovers) -> None:
        self.handovers.append(handovers)
        self.unanswered += handovers.unanswered
        self.answered_twice += handovers.answered_twice


async def kill_once(stack: Stack, room: OpenRoom, number: int, figures: Figures) -> None:
    """Kill the agent while two users ask; both repeat their questions until they are answered."""
    alice = room.users[0]
    before = len(agent_pids(stack.worker, room.name))
    heard = len(alice.answers)
    open_questions = [await user.say(f"{number} {user.identity} before") for user in room.users]
    await asyncio.sleep(random.uniform(0, 0.1))  # noqa: S311  # a random moment
    os.kill(agent_pids(stack.worker, room.name)[-1], signal.SIGKILL)
    killed_at = time.monotonic()
    question = await ask_until_answered(alice, f"{number} alice after")
    figures.back_s.append(time.monotonic() - killed_at)
    for user, asked in zip(room.users, open_questions, strict=True):
        text = f"{number} {user.identity} before"
        figures.unanswered += not await answered(user, asked, text)
    figures.stale += len(await stack.agents(room.name)) - 1
    await until(lambda: len(agent_pids(stack.worker, room.name)) > before)
    texts = ("alice before", "bob before", "alice after")
    for asked, text in zip((*open_questions, question), texts, strict=True):
        count_answers(figures, alice, asked, alice.answers[heard:], f"{number} {text}")


def count_answers(
    figures: Figures, user: RoomUser, question: str, answers: Sequence[Answer], text: str
) -> None:
    """Answered twice: a second answer began after "answered". Heard twice: two complete answers."""
    whole = [answer for answer in answers if answer.complete and text in answer.text]
    figures.heard_twice += max(0, len(whole) - 1)
    answered_at = [
        status["heard_at"]
        for status in user.statuses
        if status["question_id"] == question and status["outcome"] == "answered"
    ]
    # Streams and data packets may overtake each other slightly.
    known_at = min(answered_at, default=math.inf) + OVERTAKING_S
    figures.answered_twice += sum(answer.first_at > known_at for answer in whole)


async def ask_until_answered(user: RoomUser, text: str) -> str:
    """Repeats the question under its id, as a client would. Raises TimeoutError."""
    question = await user.say(text)
    if not await answered(user, question, text):
        raise TimeoutError(text)
    return question


async def answered(user: RoomUser, question: str, text: str) -> bool:
    deadline = time.monotonic() + ANSWER_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            status = await user.outcome(question, timeout_s=0.2)
            return bool(status["outcome"] == "answered")
        except TimeoutError:
            await user.say(text, message_id=question)
    return False


async def burst(stack: Stack, run: int, figures: Figures, *, size: int = 20) -> None:
    names = [f"burst-{run}-{number}" for number in range(size)]
    await asyncio.gather(*(stack.backend.create_room(name) for name in names))
    figures.dispatched += size
    try:
        await until(lambda: all(agent_pids(stack.worker, name) for name in names), timeout_s=120)
    finally:
        figures.served += sum(bool(agent_pids(stack.worker, name)) for name in names)
        for name in names:
            await stack.rooms.room.delete_room(api.DeleteRoomRequest(room=name))


async def measure(
    stack: Stack, *, kills: int, bursts: int, rooms: int, questions: int, outage_s: float
) -> Figures:
    figures = Figures()
    await hand_rooms_over(stack, figures, rooms=rooms)
    if questions:
        model = await ask_a_failing_model(stack, questions=questions, refuses_one_in=5)
        figures.failing_model = model
        figures.unanswered += model.unanswered
        print(f"a model that fails: {model}", file=sys.stderr)
    for number in range(kills):
        # A new room per kill: restarts are delayed where several agents have died.
        room = await stack.open_room("alice", "bob")
        await kill_once(stack, room, number, figures)
        await stack.close(room)
        print(f"kill {number}: {figures.back_s[-1]:.2f} s", file=sys.stderr)
    for run in range(bursts):
        await burst(stack, run, figures)
        print(f"burst {run}: {figures.served} of {figures.dispatched}", file=sys.stderr)
    if outage_s:
        figures.outage = away = await outage(stack, rooms=OUTAGE_ROOMS, down_s=outage_s)
        figures.unanswered += away.unanswered
        figures.answered_twice += away.answered_twice
        print(away, file=sys.stderr)
    return figures


async def hand_rooms_over(stack: Stack, figures: Figures, *, rooms: int) -> None:
    library = faketime_library()
    if library is None:
        print("no libfaketime: no handovers to wrong clocks", file=sys.stderr)
        return
    for clock_s in CLOCKS_S if rooms else ():
        figures.add(await hand_over(stack, clock_s=clock_s, library=library, rooms=rooms))
        print(f"handover: {figures.handovers[-1]}", file=sys.stderr)


async def main(kills: int, bursts: int, rooms: int, questions: int, outage_s: float) -> None:
    binary = find_binary()
    if binary is None:
        sys.exit(HOW_TO_GET)
    with tempfile.TemporaryDirectory() as name, running_server() as postgres:
        directory = Path(name)
        server = LiveKitServer(binary, directory)
        server.start()
        try:
            url = postgres.database_url(await create_database(postgres))
            async with running_stack(server, database_url=url, directory=directory) as stack:
                figures = await measure(
                    stack,
                    kills=kills,
                    bursts=bursts,
                    rooms=rooms,
                    questions=questions,
                    outage_s=outage_s,
                )
                print(figures.as_json())
        finally:
            server.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="agents killed, at least 2")
    parser.add_argument("--bursts", type=int, default=3, help="bursts of 20 dispatches")
    parser.add_argument("--rooms", type=int, default=3, help="rooms of each handover; 0: none")
    parser.add_argument("--questions", type=int, default=20, help="to a failing model; 0: none")
    parser.add_argument("--outage-s", type=float, default=45.0, help="of LiveKit; 0: none")
    given = parser.parse_args()
    asyncio.run(main(given.kills, given.bursts, given.rooms, given.questions, given.outage_s))
