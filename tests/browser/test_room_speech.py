"""Speaking on a room's page: a microphone with real speech, and an agent that answers aloud."""

from collections.abc import AsyncIterator
from pathlib import Path
from secrets import token_hex

import pytest
import pytest_asyncio
from playwright.async_api import expect

from testbed.backend_process import running_backend
from testbed.browser import PATIENCE_MS, chromium, find_chromium, visiting
from testbed.livekit_stack import Stack
from testbed.room_page import RoomPage
from tests.support.microphone import record
from tests.support.speech_server import SpeechServer
from tests.support.speech_worker import speech_worker

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(find_chromium() is None, reason="needs Chromium"),
]

AGENT = "speech"
QUESTION = "Where must the parcels for the museum be left?"
UNHEARD_S = 4


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def speech(stack: Stack) -> AsyncIterator[SpeechServer]:
    """A worker with real speech models."""
    async with speech_worker(stack, "room_speech", agent=AGENT) as server:
        yield server


async def test_what_is_spoken_is_written_down_and_answered(
    stack: Stack, speech: SpeechServer, tmp_path: Path
) -> None:
    microphone = tmp_path / "question.wav"
    # Nobody hears what is said before the track is published.
    await record(microphone, QUESTION, speech.models, before_s=UNHEARD_S)
    env = {
        **stack.livekit.environment,
        "DATABASE_URL": stack.database_url,
        "LIVEKIT_AGENT_NAME": AGENT,
    }
    with running_backend(env, forked=True) as backend_url:
        async with chromium(microphone=microphone) as browser, visiting(browser) as person:
            room = RoomPage(person.page, backend_url, f"room-{token_hex(4)}")
            await room.join("ada")
            button = room.page.get_by_role("button", name="Microphone")
            await button.click()
            await expect(button).to_have_attribute("aria-pressed", "true")
            await expect(room.page.get_by_role("combobox", name="Microphone")).to_be_visible()

            spoken = room.lines.filter(has_text="museum").filter(
                has=room.page.get_by_text("ada", exact=True)
            )
            await expect(spoken.first).to_be_visible(timeout=PATIENCE_MS)
            answer = room.lines.filter(has_text="You said:").filter(has_text="museum")
            await expect(answer.first).to_be_visible(timeout=PATIENCE_MS)
    assert "museum" in " ".join(speech.heard).lower()
