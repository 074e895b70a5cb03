"""`longroom mcp` as a real process, and the official SDK's client as its host."""

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent

ROOT = Path(__file__).parents[2]
COMMAND = ("-m", "longroom", "mcp")
HELLO = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "a test", "version": "1"},
        },
    }
)
"""A host's first message, as one line."""


@asynccontextmanager
async def stdio_host(env: Mapping[str, str], *arguments: str) -> AsyncIterator[Client]:
    server = StdioServerParameters(
        command=sys.executable, args=[*COMMAND, *arguments], env=dict(env), cwd=ROOT
    )
    async with Client(server, read_timeout_seconds=60) as client:
        yield client


@asynccontextmanager
async def http_host(url: str, *, key: str | None = None) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http), read_timeout_seconds=60) as client,
    ):
        yield client


@contextmanager
def server_process(
    env: Mapping[str, str], arguments: Sequence[str]
) -> Iterator["subprocess.Popen[str]"]:
    """Killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, *COMMAND, *arguments],
        cwd=ROOT,
        env={**env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        if process.poll() is None:
            process.kill()


def ended(process: "subprocess.Popen[str]", number: signal.Signals | None) -> tuple[int, str, str]:
    """Exit code, and the rest of its stdout and stderr, after a signal or the end of its input."""
    if number is not None:
        process.send_signal(number)
        assert process.stdin is not None
        code = process.wait(30)  # with its input still open
        process.stdin.close()
        assert process.stdout is not None
        assert process.stderr is not None
        return code, process.stdout.read(), process.stderr.read()
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def text_of(result: CallToolResult) -> str:
    return "".join(part.text for part in result.content if isinstance(part, TextContent))
