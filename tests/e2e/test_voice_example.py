"""Voice in a browser: the example's page in a real Chromium, and its agent with real speech."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from secrets import token_hex

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from longroom.local_room.livekit_server import free_port
from testbed.browser import PATIENCE_MS, chromium, find_chromium, visiting
from testbed.language_model_server import Prompt
from testbed.livekit_stack import REGISTERED, Stack
from testbed.program import ROOT
from testbed.room_user import until
from tests.support.microphone import record, speak
from tests.support.speech_server import Speech, SpeechServer, speech_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

FOLDER = ROOT / "examples" / "voice"
CHROMIUM = find_chromium()
UNHEARD_S = 4
FACT = "The parcels for the museum must be left in the green garden shed."
QUESTION = "Where must the parcels for the museum be left?"
LISTEN = """
{
  const audio = new AudioContext(), meter = audio.createAnalyser();
  audio.createMediaStreamSource(document.querySelector("audio").srcObject).connect(meter);
  const samples = new Float32Array(meter.fftSize);
  window.loudest = 0;
  setInterval(() => {
    meter.getFloatTimeDomainData(samples);
    window.loudest = Math.max(window.loudest, ...samples);
  }, 50);
}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def speech(stack: Stack) -> AsyncIterator[SpeechServer]:
    """The example's agent with real speech models, and a language model that knows the shed."""
    models = await asyncio.to_thread(Speech)
    reply = stack.model.reply
    async with speech_server(models) as server:
        env = {
            "OPENAI_BASE_URL": stack.model.url,
            "PYTHONPATH": str(ROOT),
            "LONGROOM_DATA_DIR": str(stack.directory / "voice"),
            "STT_BASE_URL": server.url,
            "TTS_BASE_URL": server.url,
            "TTS_MODEL": "tts-1",
        }
        arguments = ("examples.voice.agent", "start")
        worker = stack.another_worker("voice", env, arguments=arguments, forked=False)
        await asyncio.to_thread(worker.start, until=REGISTERED)
        stack.model.reply = shed
        yield server
        stack.model.reply = reply
        worker.kill()


def shed(prompt: Prompt) -> str:
    # As it was heard: "where" may come as "we're".
    if "museum" in prompt.question.lower() and "garden" not in prompt.question.lower():
        return "In the green garden shed." if FACT in prompt.text else "I do not know."
    return "Thank you."


async def test_the_voice_agent_hears_remembers_and_answers_aloud(
    stack: Stack, speech: SpeechServer
) -> None:
    _, alice = await stack.join_with("voice")
    told = await alice.ask(FACT)
    await speak(alice, QUESTION, speech.models)
    await until(lambda: "green garden shed" in speech.said[-1])
    await until(lambda: "green garden shed" in alice.answers[-1].text)
    assert told.text.strip() == "Thank you."
    assert "museum" in " ".join(speech.heard).lower()
    await alice.leave()


@pytest.fixture(scope="module")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the page with what its lock file names installed."""
    folder = tmp_path_factory.mktemp("page") / "voice"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("node_modules"))
    installed = subprocess.run(
        ["npm", "ci", "--no-progress"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert installed.returncode == 0, installed.stderr
    return folder


@pytest_asyncio.fixture(loop_scope="session")
async def page(
    stack: Stack, speech: SpeechServer, page_folder: Path, tmp_path: Path
) -> AsyncIterator[Page]:
    """The page that the web backend serves; its microphone asks QUESTION."""
    microphone = tmp_path / "question.wav"
    # Nobody hears what is said before the track is published.
    await record(microphone, QUESTION, speech.models, before_s=UNHEARD_S)
    port = free_port()
    arguments = ("examples.web_backend", "--port", str(port), "--page", str(page_folder))
    program = stack.another_worker("voice_page", {}, arguments=arguments, forked=False)
    await asyncio.to_thread(program.start, until="Running on")
    async with chromium(microphone=microphone) as browser, visiting(browser) as customer:
        await customer.page.goto(f"http://127.0.0.1:{port}/")
        yield customer.page
        await customer.watch.forgive("/favicon.ico")  # the example has none
    program.terminate()
    await asyncio.to_thread(program.wait)


async def call(page: Page, customer: str) -> None:
    await page.get_by_label("Your name").fill(customer)
    await page.get_by_role("button", name="Call").click()
    await expect(page.locator("#call")).to_be_visible(timeout=PATIENCE_MS)


async def write(page: Page, text: str) -> None:
    await page.get_by_label("Type").fill(text)
    await page.get_by_role("button", name="Send").click()


async def stored(stack: Stack, key: str, text: str) -> None:
    """Return once the backend has it: what is answered is delivered a moment later."""
    conversation = await stack.backend.create_conversation(key)
    await stack.stored(
        conversation.conversation_id,
        once=lambda page: any(message.content.strip() == text for message in page.messages),
    )


async def line(page: Page, speaker: str, text: str, outcome: str = "") -> None:
    """Return once the conversation on the page has this line."""
    whole = re.compile(rf"^\s*{re.escape(f'{speaker}: {text} {outcome}'.strip())}\s*$")
    said = page.locator("#said li").filter(has_text=whole)
    await expect(said.first).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.skipif(CHROMIUM is None or not shutil.which("npm"), reason="needs Chromium and npm")
async def test_a_customer_types_and_speaks_in_a_browser_and_is_remembered_in_the_next_call(
    stack: Stack, page: Page
) -> None:
    customer = f"ada {token_hex(4)}"
    said = page.locator("#said")
    await call(page, customer)
    await write(page, FACT)
    await line(page, customer, FACT, "answered")
    await line(page, "concierge", "Thank you.")

    await page.evaluate(LISTEN)
    await page.get_by_role("button", name="Microphone").click()
    await line(page, "concierge", "In the green garden shed.")
    await expect(page.locator("#spoken")).to_have_text("Spoken: answered", timeout=PATIENCE_MS)
    assert await page.evaluate("window.loudest") > 0.05
    assert "parcels for the museum" in (await said.inner_text()).lower().split(customer)[-1]

    await page.get_by_role("button", name="Hang up").click()
    await expect(page.locator("#state")).to_have_text("The call has ended.", timeout=PATIENCE_MS)
    await expect(page.locator("#call")).to_be_hidden()
    await stored(stack, f"customer {customer}", "In the green garden shed.")
    await call(page, customer)
    await line(page, customer, FACT)
    await line(page, "concierge", "In the green garden shed.")
    await write(page, f"Again: {QUESTION}")
    await line(page, customer, f"Again: {QUESTION}", "answered")
    await expect(said).to_have_text(re.compile(r"concierge: In the green garden shed\.\s*$"))
    await page.get_by_role("button", name="Hang up").click()
