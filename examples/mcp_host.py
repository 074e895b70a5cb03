"""An MCP host with one question: `python -m examples.mcp_host KEY "Where do the parcels go?"`.

It starts `longroom mcp` for the conversation of that key, and talks to it over standard input and
output. A host with a language model gives the model these tools, and calls what it chooses.
"""

import argparse
import asyncio
import os
import sys

from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, TextContent


async def ask(key: str, question: str) -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "longroom", "mcp", "--conversation", key],
        env=dict(os.environ),  # BACKEND_URL and BACKEND_SERVICE_KEY are among them
    )
    async with Client(server, read_timeout_seconds=60) as host:
        tools = (await host.list_tools()).tools
        print("tools:", ", ".join(tool.name for tool in tools))
        print(text_of(await host.call_tool("search", {"query": question})))
        stored = {"content": question, "participant": "mcp host"}
        print(text_of(await host.call_tool("append", stored)))


def text_of(result: CallToolResult) -> str:
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    if result.is_error:
        raise SystemExit(text)
    return text


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("key")
    parser.add_argument("question")
    options = parser.parse_args()
    asyncio.run(ask(options.key, options.question))
