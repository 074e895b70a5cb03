"""`python -m benchmarks.whole_search.profiled_backend`: the backend with a stopwatch around it.

What each request's steps took is written to the file that PROFILE names, when the backend ends.
Nothing of the product knows of it: functions and methods are replaced by measured ones.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from backend_stub.__main__ import main
from backend_stub.connections.protocol import HttpProtocol
from benchmarks.whole_search.stopwatch import Stopwatch, replace_everywhere

STATEMENT_METHODS = ("fetch", "fetchrow", "fetchval", "execute")

METHODS = {
    "uvicorn.protocols.http.h11_impl:RequestResponseCycle.run_asgi": "uvicorn: cycle",
    "uvicorn.protocols.http.h11_impl:RequestResponseCycle.send": "uvicorn: send",
    "uvicorn.middleware.proxy_headers:ProxyHeadersMiddleware.__call__": "layer: proxy headers",
    "starlette.applications:Starlette.__call__": "layer: application",
    "starlette.middleware.errors:ServerErrorMiddleware.__call__": "layer: server errors",
    "backend_stub.http.tracing:Tracing.__call__": "layer: tracing",
    "backend_stub.http.request_log:RequestLog.__call__": "layer: request log",
    "backend_stub.http.request_log:RequestLog._record": "log and metrics",
    "backend_stub.http.departures:Departures.__call__": "layer: departures",
    "backend_stub.http.limits:RequestTimeout.__call__": "layer: timeout",
    "backend_stub.http.limits:BodyLimit.__call__": "layer: body limit",
    "starlette.middleware.exceptions:ExceptionMiddleware.__call__": "layer: exceptions",
    "fastapi.middleware.asyncexitstack:AsyncExitStackMiddleware.__call__": "layer: exit stack",
    "fastapi.routing:APIRouter.__call__": "routing",
    "fastapi.routing:APIRoute.handle": "route",
    "starlette.routing:Route.handle": "route",
    "backend_stub.access.callers:Callers.identify": "key check",
    "starlette.requests:Request.body": "read body",
    "starlette.requests:Request.json": "parse JSON",
    "starlette.responses:Response.__call__": "response",
    "asyncpg.pool:Pool._acquire": "pool: acquire",
    "asyncpg.pool:Pool.release": "pool: release",
    "retrieval.embedders.query_batching:BatchingEmbedder.embed": "embedding: batching",
    "retrieval.embedders.onnx:OnnxEmbedder.embed": "embedding: model in its thread",
    "retrieval.search.lexical.bm25:LexicalScores.of": "score: words",
    "retrieval.search.lexical.bm25:LexicalScores.top": "score: top words",
    "retrieval.search.vector.cosines:Cosines.of": "score: cosines",
    "retrieval.search.vector.cosines:Cosines.nearest": "score: nearest",
    "retrieval.search.said_words:SaidWords.completed": "words: of surroundings",
    "retrieval.search.selection.texts.content:Content.__init__": "selection: content",
    "retrieval.search.memory.room:Room.extended": "memory: news",
    "retrieval.search.memory.source:MemorySource.postings": "memory: postings",
    "retrieval.search.memory.source:MemorySource.complete": "memory: postings of candidates",
    "retrieval.search.memory.source:MemorySource.similar": "memory: similar words",
    "retrieval.search.memory.source:MemorySource.nearest": "memory: nearest",
    "retrieval.search.memory.source:MemorySource.known": "memory: facts and cosines",
    "retrieval.search.memory.source:MemorySource.known_of_all": "memory: facts and cosines",
    "retrieval.search.memory.source:MemorySource.said_around": "memory: surroundings",
    "retrieval.search.memory.source:MemorySource.messages": "memory: messages",
}
FUNCTIONS = {
    "backend_stub.http.routing:_check_values": "check values",
    "fastapi.routing:solve_dependencies": "dependencies and validation",
    "fastapi.dependencies.utils:request_body_to_args": "validation",
    "fastapi.routing:run_endpoint_function": "endpoint",
    "fastapi.routing:serialize_response": "serialise",
    "retrieval.search.search:search_conversation": "search",
    "retrieval.search.search:_embed": "embedding",
    "retrieval.search.search:_filters": "filters",
    "retrieval.search.in_context:read_in_context": "read in context",
    "retrieval.search.context:read_context": "context",
    "retrieval.search.context:_context": "context: decode",
    "retrieval.text.terms.asked:query_terms": "query terms",
    "retrieval.search.query.people:possible_names": "possible names",
    "retrieval.search.query.query:understand": "understand",
    "retrieval.search.query.days.reading:read_days": "understand: days",
    "retrieval.search.query.small_talk.detection:is_small_talk": "understand: small talk",
    "retrieval.search.query.order.asked:asked_order": "understand: order",
    "retrieval.search.query.keywords:are_keywords": "understand: keywords",
    "retrieval.search.candidates:find_candidates": "candidates",
    "retrieval.search.said_words:read_words": "words",
    "retrieval.search.said_words:_with_similar_words": "words: similar",
    "retrieval.search.candidates:_propose": "propose",
    "retrieval.search.candidates:_everything": "everything",
    "retrieval.search.candidates:_surround": "surround",
    "retrieval.search.lexical.bm25:score": "score: bm25",
    "retrieval.search.stored.nearest:nearest": "vector arm",
    "retrieval.search.stored.known:_known": "decode facts and cosines",
    "retrieval.search.ranking:rank": "rank",
    "retrieval.search.ranking:_features": "rank: features",
    "retrieval.search.scoring.score_parts:parts_of": "rank: parts",
    "retrieval.search.scoring.score_parts:with_neighbours": "rank: neighbours",
    "retrieval.search.scoring.relevance:evidence": "rank: evidence",
    "retrieval.search.query.days.days:fit": "rank: days",
    "retrieval.search.hits:build_hits": "hits",
    "retrieval.search.hits:_hit": "hits: each",
    "retrieval.search.selection.selection:select": "selection",
    "retrieval.search.selection.selection:arrange": "selection: arrange",
    "retrieval.search.stored.messages:read_messages": "selection: messages",
    "retrieval.search.search:_response": "response: built",
}


def watch(stopwatch: Stopwatch) -> None:
    """What the installed versions lack is not measured."""
    for place, name in METHODS.items():
        _replace_method(place, partial(stopwatch.measure, name))
    for place, name in FUNCTIONS.items():
        module, _, function = place.partition(":")
        work = getattr(importlib.import_module(module), function, None)
        if work is not None:
            replace_everywhere(work, stopwatch.measure(name, work))
    names = _statement_names()

    def named(query: str) -> str:
        if query.startswith("begin"):  # with what the transaction sees
            return "begin"
        if query.startswith("set "):
            return "scope"
        return names.get(query, " ".join(query.split())[:40])

    for method in STATEMENT_METHODS:
        _replace_method(
            f"asyncpg.connection:Connection.{method}",
            partial(stopwatch.measure_statements, named),
        )
    _begin_with_each_request(stopwatch)


def _replace_method(place: str, measured: Callable[[Any], Any]) -> None:
    module, _, path = place.partition(":")
    of_class, _, method = path.partition(".")
    owner = getattr(importlib.import_module(module), of_class, None)
    if owner is not None and method in vars(owner):
        setattr(owner, method, measured(vars(owner)[method]))


def _begin_with_each_request(stopwatch: Stopwatch) -> None:
    receive = stopwatch.measure("socket: parse", HttpProtocol.data_received)

    def data_received(self: HttpProtocol, data: bytes) -> None:
        if data.startswith(b"POST "):
            stopwatch.begin()
        receive(self, data)

    HttpProtocol.data_received = data_received  # type: ignore[method-assign]  # a stopwatch


def _statement_names() -> dict[str, str]:
    """By their text: SQL is a constant of a module."""
    return {
        value: name.lower()
        for module in [*sys.modules.values()]
        if getattr(module, "__name__", "").startswith(("retrieval", "backend_stub"))
        for name, value in vars(module).items()
        if isinstance(value, str) and name.isupper() and value.startswith("\n")
    }


if __name__ == "__main__":
    stopwatch = Stopwatch()
    watch(stopwatch)
    status = main()
    told = [
        {name: asdict(step) for name, step in request.items()} for request in stopwatch.requests
    ]
    Path(os.environ["PROFILE"]).write_text(json.dumps(told), encoding="utf-8")
    sys.exit(status)
