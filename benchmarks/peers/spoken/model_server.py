"""OpenAI's API for peers that need models: our embedding model, and word-for-word extraction.

The language model that a peer asks for facts gets none wrong and none lost: each message is one
fact, as it was said. A real one costs seconds and drops what it thinks unimportant. Below `/slow`
it takes some of that time.
"""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from aiohttp import web

from retrieval.embedders import Embedder
from testbed.web_server import served

NEW_MESSAGES = re.compile(r"^New Messages:\n(.*)$", re.MULTILINE)
TRANSCRIPT = re.compile(r"^Content:\n(.*)\Z", re.MULTILINE | re.DOTALL)
SPOKEN = re.compile(r"^(?:User|Assistant) \(\d{4}-[^)]*\): ", re.MULTILINE)
SLOW_ANSWER_S = 1.0
UNKNOWN = dict.fromkeys(("when", "where", "who", "why"), "N/A")


@dataclass(frozen=True)
class Models:
    """Base URLs."""

    url: str
    slow: str


@asynccontextmanager
async def model_server(embedder: Embedder) -> AsyncIterator[Models]:
    app = web.Application(client_max_size=2**24)

    async def embeddings(request: web.Request) -> web.Response:
        return web.json_response(await _embedded(embedder, await request.json()))

    async def slowly(request: web.Request) -> web.Response:
        await request.read()  # who asked may be killed meanwhile
        await asyncio.sleep(SLOW_ANSWER_S)
        return await _extracted(request)

    for prefix, extracted in (("", _extracted), ("/slow", slowly)):
        app.router.add_post(f"{prefix}/v1/embeddings", embeddings)
        app.router.add_post(f"{prefix}/v1/chat/completions", extracted)
    async with served(app) as address:
        yield Models(f"{address}/v1", slow=f"{address}/slow/v1")


async def _embedded(embedder: Embedder, asked: Any) -> dict[str, Any]:
    given = asked["input"]
    texts = [given] if isinstance(given, str) else given
    # The API does not say which texts are questions; to this model they are texts like others.
    rows = np.asarray(await embedder.embed(texts, kind="document"), dtype="<f4")
    encoded = asked.get("encoding_format") == "base64"
    data = [
        {
            "object": "embedding",
            "index": place,
            "embedding": base64.b64encode(row.tobytes()).decode() if encoded else row.tolist(),
        }
        for place, row in enumerate(rows)
    ]
    usage = {"prompt_tokens": 0, "total_tokens": 0}
    return {"object": "list", "model": asked["model"], "data": data, "usage": usage}


async def _extracted(request: web.Request) -> web.Response:
    asked = await request.json()
    message = {"role": "assistant", "content": facts(asked["messages"][-1]["content"])}
    return web.json_response(
        {
            "id": "completion",
            "object": "chat.completion",
            "created": 0,
            "model": asked["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        }
    )


def facts(prompt: str) -> str:
    """Each message as one fact. Prompts that give none get an empty answer."""
    if found := NEW_MESSAGES.search(prompt):
        said = [one["content"] for one in json.loads(found[1]) if one["role"] == "user"]
        memory = [{"id": str(place), "text": text} for place, text in enumerate(said)]
        return json.dumps({"memory": memory, "emotion": "", "traits": []})
    if found := TRANSCRIPT.search(prompt):
        lines = (line.strip() for line in SPOKEN.split(found[1]))
        kind = {"fact_type": "world", "fact_kind": "conversation"}
        return json.dumps({"facts": [{"what": one, **UNKNOWN, **kind} for one in lines if one]})
    return "{}"
