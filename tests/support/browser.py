"""Chromium without a window, steered over its own debugging protocol."""

import asyncio
import itertools
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--allow-loopback-in-peer-connection",  # there may be no other network
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--remote-debugging-port=0",
)


def find_chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    async def run(self, script: str) -> Any:
        """The value of an expression, awaited, as after a click; RuntimeError if it throws."""
        options = {"awaitPromise": True, "returnByValue": True, "userGesture": True}
        answer = await self._call("Runtime.evaluate", {"expression": script, **options})
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    async def until(self, condition: str, *, timeout_s: float = 60.0) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                while not await self.run(condition):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        except TimeoutError:
            shown = await self.run("document.body.innerText")
            raise AssertionError(f"never came: {condition}\nthe page shows:\n{shown}") from None

    async def _call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            answer: dict[str, Any] = await self._socket.receive_json()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(json.dumps(answer["error"]))
                result: dict[str, Any] = answer["result"]
                return result


@asynccontextmanager
async def browsing(
    program: str, url: str, *, profile: Path, microphone: Path
) -> AsyncIterator[Page]:
    """The page of `url`. The microphone, once it is opened, hears a WAV file, and then silence."""
    process = await asyncio.create_subprocess_exec(
        program,
        *OPTIONS,
        f"--user-data-dir={profile}",
        f"--use-file-for-fake-audio-capture={microphone}%noloop",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        debugger = f"http://127.0.0.1:{await _port(profile / 'DevToolsActivePort')}"
        async with aiohttp.ClientSession() as http:
            async with http.put(f"{debugger}/json/new?{url}") as opened:
                address = (await opened.json())["webSocketDebuggerUrl"]
            async with http.ws_connect(address, max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        process.kill()
        await process.wait()


async def _port(file: Path) -> str:
    async with asyncio.timeout(60):
        while not (file.exists() and file.read_text().strip()):  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.05)
    return file.read_text().split()[0]  # noqa: ASYNC240
