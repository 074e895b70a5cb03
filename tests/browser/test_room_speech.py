"""Speaking on a room's page: a microphone with real speech, and an agent that answers aloud."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from secrets import token_hex

import pytest
import pytest_asyncio
from playwright.async_api import expect

from testbed.backend_process import running_backend
from testbed.browser import PATIENCE_MS, accessibility_faults, chromium, find_chromium, visiting
from testbed.livekit_stack import Stack
from testbed.room_page import RoomPage
from testbed.seeded_rooms import festival
from tests.support.inspected_backend import pool_of
from tests.support.microphone import record, record_in_parts
from tests.support.speech_server import SpeechServer
from tests.support.speech_worker import speech_worker

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(find_chromium() is None, reason="needs Chromium"),
]

AGENT = "speech"
QUESTION = "Where must the parcels for the museum be left?"
UNHEARD_S = 4
LANTERNS = "How many paper lanterns did we say we need?"
GOES_ON = (
    "Because I would like to buy all of them tomorrow morning in the little shop at the harbour,"
    " and then bring them to the boathouse by bicycle."
)
PAUSE_S = 0.4
"""Longer than the silence that ends a part (0.25 s), shorter than what ends a turn (0.5 s)."""
NOTE_RECALLS = """() => {
  window.noted = [];
  const strip = document.getElementById("recall");
  new MutationObserver(() => {
    const { state, final } = strip.dataset;
    const said = document.getElementById("transcript").textContent;
    window.noted.push({ state, final, said, recalled: strip.textContent });
  }).observe(strip, { attributes: true, childList: true, subtree: true });
}"""
TELL_OF_TROUBLE = """
addEventListener("DOMContentLoaded", () => {
  const remedy = document.getElementById("trouble-action");
  new MutationObserver(() => console.log(`offers ${remedy.textContent}`))
    .observe(remedy, { childList: true });
});
"""
ARE_PLAYING = "[...document.querySelectorAll('audio')].map((player) => !player.paused)"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def speech(stack: Stack) -> AsyncIterator[SpeechServer]:
    """A worker with real speech models."""
    async with speech_worker(stack, "room_speech", agent=AGENT) as server:
        yield server


@pytest.fixture(scope="module")
def backend_url(stack: Stack, speech: SpeechServer) -> Iterator[str]:
    """Its rooms have the agent that listens."""
    env = {
        **stack.livekit.environment,
        "DATABASE_URL": stack.database_url,
        "LIVEKIT_AGENT_NAME": AGENT,
    }
    with running_backend(env, forked=True) as url:
        yield url


async def test_what_is_spoken_is_written_down_and_answered(
    speech: SpeechServer, backend_url: str, tmp_path: Path
) -> None:
    microphone = tmp_path / "question.wav"
    # Nobody hears what is said before the track is published.
    await record(microphone, QUESTION, speech.models, before_s=UNHEARD_S)
    async with chromium(microphone=microphone) as browser, visiting(browser) as person:
        room = RoomPage(person.page, backend_url, f"room-{token_hex(4)}")
        await room.join("ada")
        await speak(room)
        await expect(room.page.get_by_role("combobox", name="Microphone")).to_be_visible()

        spoken = room.lines.filter(has_text="museum").filter(
            has=room.page.get_by_text("ada", exact=True)
        )
        await expect(spoken.first).to_be_visible(timeout=PATIENCE_MS)
        answer = room.lines.filter(has_text="You said:").filter(has_text="museum")
        await expect(answer.first).to_be_visible(timeout=PATIENCE_MS)
    assert "museum" in " ".join(speech.heard).lower()


async def test_what_is_recalled_is_shown_while_one_still_speaks(
    stack: Stack, speech: SpeechServer, backend_url: str, tmp_path: Path
) -> None:
    microphone = tmp_path / "parts.wav"
    await record_in_parts(
        microphone, [LANTERNS, GOES_ON], speech.models, before_s=UNHEARD_S, pause_s=PAUSE_S
    )
    name = f"room-{token_hex(4)}"
    async with pool_of(stack.database_url) as db:
        await festival(db, room=name)
    async with chromium(microphone=microphone) as browser, visiting(browser) as person:
        room = RoomPage(person.page, backend_url, name)
        await room.join("dora")
        await room.page.evaluate(NOTE_RECALLS)
        await speak(room)
        answer = room.lines.filter(has_text="You said:")
        await expect(answer.first).to_be_visible(timeout=2 * PATIENCE_MS)
        noted = await room.page.evaluate("noted")

    early = [one for one in noted if one["state"] == "found" and one["final"] == "false"]
    assert early, noted
    assert "We need forty paper lanterns." in early[0]["recalled"]
    assert "lanterns" in early[0]["said"]
    assert "bicycle" not in early[0]["said"]
    assert not re.search("You said|Received|Being answered", early[0]["said"])


async def test_a_voice_that_the_browser_holds_back_is_let_out_by_a_button(
    speech: SpeechServer, backend_url: str
) -> None:
    async with chromium(silent=True) as browser, visiting(browser) as person:
        name = f"room-{token_hex(4)}"
        await RoomPage(person.page, backend_url, name).join("ada")
        await person.page.close()

        room = RoomPage(await person.context.new_page(), backend_url, name)
        await room.page.add_init_script(TELL_OF_TROUBLE)
        # Not by looking at the page: what Playwright runs there counts as something pressed.
        async with room.page.expect_console_message(
            lambda told: told.text == "offers Play sound", timeout=PATIENCE_MS
        ):
            await room.open()
        await expect(room.page.get_by_text("holds the agent's voice back")).to_be_visible()
        assert await room.page.evaluate(ARE_PLAYING) == [False]
        assert await accessibility_faults(room.page) == []
        await room.page.get_by_role("button", name="Play sound").click()
        await expect(room.page.locator("#trouble")).to_be_hidden()
        assert await room.page.evaluate(ARE_PLAYING) == [True]


async def speak(room: RoomPage) -> None:
    """By the microphone's file, from now on."""
    button = room.page.get_by_role("button", name="Microphone")
    await button.click()
    await expect(button).to_have_attribute("aria-pressed", "true")
