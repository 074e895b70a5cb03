import asyncio
import logging
from typing import cast

import pytest

from agent.background_tasks import BackgroundTasks
from agent.epoch import Epoch
from agent.room.departure import Departure
from agent.room.turns.intake import TurnIntake
from agent.room.turns.voice import VoiceTurns


class Turns:
    """Answers until it is told that the room is another agent's, or fails."""

    def __init__(self, failure: Exception | None = None) -> None:
        self._failure = failure

    async def run(self, *, until: asyncio.Event) -> None:
        if self._failure is not None:
            raise self._failure
        await until.wait()


def departure(turns: Turns, reasons: list[str]) -> Departure:
    return Departure(cast("TurnIntake", turns), cast("VoiceTurns", None), reasons.append)


async def test_an_agent_whose_answering_fails_leaves_instead_of_staying_deaf(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reasons: list[str] = []
    tasks = BackgroundTasks()
    tasks.start(departure(Turns(OSError("no disk")), reasons).when_answering_ends(Epoch()))
    with caplog.at_level(logging.ERROR):
        await tasks.finish()
    assert reasons == ["no question is answered"]
    assert "task failed" in caplog.text


async def test_an_agent_leaves_when_the_room_is_anothers() -> None:
    reasons: list[str] = []
    epoch = Epoch()
    epoch.ended.set()
    await departure(Turns(), reasons).when_answering_ends(epoch)
    assert reasons == ["another agent has the room"]
