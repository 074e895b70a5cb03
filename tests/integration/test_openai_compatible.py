"""The HTTP embedder against a scripted server on loopback."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from retrieval.embedders.openai_compatible import OpenAICompatibleEmbedder
from retrieval.errors import EmbeddingRejected, EmbeddingUnavailable, ModelMismatch

KEY = "sk-very-secret"
Answer = Callable[[dict[str, Any]], Response]


@dataclass
class FakeServer:
    """Serves /v1/embeddings: the given answers first, good ones afterwards."""

    url: str = ""
    dimension: int = 4
    answers: list[Answer] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    delay_s: float = 0.0

    async def embeddings(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(body)
        self.keys.append(request.headers.get("authorization"))
        await asyncio.sleep(self.delay_s)
        return self.answers.pop(0)(body) if self.answers else self.good(body)

    def good(self, body: dict[str, Any]) -> Response:
        rows = [
            {"index": place, "embedding": [float(len(text)), 1.0] + [0.0] * (self.dimension - 2)}
            for place, text in enumerate(body["input"])
        ]
        return JSONResponse({"object": "list", "data": rows[::-1]})  # order is by index only

    def embedder(self, **settings: Any) -> OpenAICompatibleEmbedder:
        given: dict[str, Any] = {"dimension": self.dimension, "model": "m", "pause_s": 0.0}
        return OpenAICompatibleEmbedder(base_url=self.url, api_key=KEY, **(given | settings))


def _status(code: int, **headers: str) -> Answer:
    return lambda body: JSONResponse(
        {"error": {"message": f"no {body['input']}"}}, status_code=code, headers=headers
    )


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    fake = FakeServer()
    app = FastAPI()
    app.add_api_route("/v1/embeddings", fake.embeddings, methods=["POST"])
    listening = socket.create_server(("127.0.0.1", 0))
    fake.url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    running = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    task = asyncio.create_task(running.serve(sockets=[listening]))
    yield fake
    running.should_exit = True
    await task
    listening.close()


async def test_rows_are_ordered_by_index_and_of_unit_length(server: FakeServer) -> None:
    embedder = server.embedder()
    rows = await embedder.embed(["a", "bbb"], kind="document")
    assert np.allclose(rows[:, 0] / rows[:, 1], [1, 3])
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    await embedder.aclose()


async def test_texts_are_sent_in_batches_with_model_dimension_and_key(server: FakeServer) -> None:
    embedder = server.embedder(batch=2)
    rows = await embedder.embed(["a", "b", "c", "d", "e"], kind="document")
    assert rows.shape == (5, 4)
    assert [request["input"] for request in server.requests] == [["a", "b"], ["c", "d"], ["e"]]
    assert {request["model"] for request in server.requests} == {"m"}
    assert {request["dimensions"] for request in server.requests} == {4}
    assert set(server.keys) == {f"Bearer {KEY}"}
    await embedder.aclose()


async def test_a_server_that_refuses_the_dimensions_parameter_is_asked_without_it(
    server: FakeServer,
) -> None:
    server.answers = [_status(400)]
    embedder = server.embedder()
    await embedder.embed(["a"], kind="query")
    await embedder.embed(["b"], kind="query")
    assert ["dimensions" in request for request in server.requests] == [True, False, False]
    await embedder.aclose()


@pytest.mark.parametrize("code", [429, 500, 502, 503])
async def test_a_busy_server_is_retried(server: FakeServer, code: int) -> None:
    server.answers = [_status(code), _status(code)]
    embedder = server.embedder()
    assert (await embedder.embed(["a"], kind="query")).shape == (1, 4)
    assert len(server.requests) == 3
    await embedder.aclose()


async def test_a_server_that_stays_busy_is_unavailable(server: FakeServer) -> None:
    server.answers = [_status(503)] * 3
    embedder = server.embedder(attempts=3)
    with pytest.raises(EmbeddingUnavailable, match="503"):
        await embedder.embed(["a"], kind="query")
    assert len(server.requests) == 3
    await embedder.aclose()


async def test_retry_after_is_respected(server: FakeServer) -> None:
    server.answers = [_status(429, **{"Retry-After": "0.2"})]
    embedder = server.embedder(pause_s=0.0)
    loop = asyncio.get_running_loop()
    before = loop.time()
    await embedder.embed(["a"], kind="query")
    assert loop.time() - before >= 0.2
    await embedder.aclose()


@pytest.mark.parametrize("code", [400, 413, 422])
async def test_a_refused_text_is_rejected_at_once(server: FakeServer, code: int) -> None:
    server.answers = [_status(code)] * 2
    embedder = server.embedder()
    with pytest.raises(EmbeddingRejected, match=str(code)):
        await embedder.embed(["a"], kind="query")
    assert len(server.requests) == 2  # with and without the dimensions parameter
    await embedder.aclose()


@pytest.mark.parametrize("code", [401, 403, 404])
async def test_wrong_settings_do_not_reject_the_text(server: FakeServer, code: int) -> None:
    server.answers = [_status(code)]
    embedder = server.embedder()
    with pytest.raises(EmbeddingUnavailable, match="check EMBEDDING_BASE_URL"):
        await embedder.embed(["a"], kind="query")
    assert len(server.requests) == 1
    await embedder.aclose()


@pytest.mark.parametrize(
    "reply",
    [
        {"data": []},
        {"data": [{"index": 0, "embedding": [1, 0, 0, 0]}] * 2},
        {"data": [{"index": 5, "embedding": [1, 0, 0, 0]}]},
        {"data": [{"index": 0, "embedding": [0, 0, 0, 0]}]},
        {"data": "nothing"},
        {"message": "welcome"},
    ],
)
async def test_an_incomplete_reply_is_refused(server: FakeServer, reply: dict[str, Any]) -> None:
    server.answers = [lambda body: JSONResponse(reply)]
    embedder = server.embedder()
    with pytest.raises(EmbeddingUnavailable):
        await embedder.embed(["a"], kind="query")
    await embedder.aclose()


async def test_a_reply_that_is_not_json_is_refused(server: FakeServer) -> None:
    server.answers = [lambda body: Response("<html>sign in</html>", media_type="text/html")]
    embedder = server.embedder()
    with pytest.raises(EmbeddingUnavailable, match="not a list of embeddings"):
        await embedder.embed(["a"], kind="query")
    await embedder.aclose()


async def test_another_dimension_than_agreed_is_a_mismatch(server: FakeServer) -> None:
    embedder = server.embedder(dimension=5)
    with pytest.raises(ModelMismatch, match=r"embeddings of \[4\] numbers, expected 5"):
        await embedder.embed(["a"], kind="query")
    await embedder.aclose()


async def test_a_slow_server_is_unavailable(server: FakeServer) -> None:
    server.delay_s = 0.5
    embedder = server.embedder(timeout_s=0.05, attempts=2)
    with pytest.raises(EmbeddingUnavailable, match="did not answer"):
        await embedder.embed(["a"], kind="query")
    await embedder.aclose()


async def test_a_closed_port_is_unavailable() -> None:
    embedder = FakeServer(url="http://127.0.0.1:9/v1").embedder(attempts=1)
    with pytest.raises(EmbeddingUnavailable, match="ConnectError"):
        await embedder.embed(["a"], kind="query")
    await embedder.aclose()


async def test_neither_key_nor_text_appears_in_logs_or_errors(
    server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers = [_status(429), _status(400), _status(400)]
    embedder = server.embedder()
    with pytest.raises(EmbeddingRejected) as refused:
        await embedder.embed(["my bank account is empty"], kind="query")
    told = caplog.text + repr(refused.value) + str(refused.value.__context__) + repr(embedder)
    assert KEY not in told
    assert "bank account" not in told
    await embedder.aclose()
