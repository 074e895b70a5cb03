"""Embeddings from any server with /v1/embeddings: OpenAI, vLLM, Ollama, llama.cpp and others."""

import asyncio
import logging
import random
from collections.abc import Sequence

import httpx
import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from retrieval.embedders.protocol import Embeddings, EmbedKind
from retrieval.errors import EmbeddingRejected, EmbeddingUnavailable, ModelMismatch

logger = logging.getLogger(__name__)

_REFUSED_TEXT = frozenset({400, 413, 422})
_TRY_AGAIN = frozenset({408, 409, 425, 429})
_MAX_PAUSE_S = 30.0


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    index: int
    embedding: list[float]


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    data: list[_Item]


class OpenAICompatibleEmbedder:
    """Sends texts in batches and retries while the server is busy or unreachable.

    `attempts` includes the first; `pause_s` doubles up to 30 s, unless the server sends
    Retry-After. `timeout_s` bounds a whole request. Texts and key never appear in logs or errors.
    """

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        dimension: int,
        api_key: str | None = None,
        batch: int = 64,
        timeout_s: float = 30.0,
        attempts: int = 4,
        pause_s: float = 0.5,
    ) -> None:
        self._model = model
        self._dimension = dimension
        self._batch = batch
        self._timeout_s = timeout_s
        self._attempts = attempts
        self._pause_s = pause_s
        self._asks_for_dimension = True
        self._client = httpx.AsyncClient(
            base_url=base_url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=timeout_s,
        )

    @property
    def name(self) -> str:
        return self._model

    @property
    def dimension(self) -> int:
        return self._dimension

    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        parts = [
            await self._embed_batch(texts[start : start + self._batch])
            for start in range(0, len(texts), self._batch)
        ]
        return np.concatenate(parts) if parts else np.empty((0, self._dimension), dtype=np.float32)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _embed_batch(self, texts: Sequence[str]) -> Embeddings:
        if not self._asks_for_dimension:
            return self._checked(await self._post(texts, {}), count=len(texts))
        try:
            response = await self._post(texts, {"dimensions": self._dimension})
        except EmbeddingRejected:
            # Many servers refuse the parameter itself, others the text.
            response = await self._post(texts, {})
            self._asks_for_dimension = False
        return self._checked(response, count=len(texts))

    async def _post(self, texts: Sequence[str], extra: dict[str, int]) -> httpx.Response:
        body = {"model": self._model, "input": list(texts), "encoding_format": "float", **extra}
        pause_s = self._pause_s
        for attempt in range(1, self._attempts):
            try:
                return await self._post_once(body)
            except _Busy as busy:
                logger.warning(
                    "embedding server is busy or away; trying again", extra={"attempt": attempt}
                )
                await asyncio.sleep(min(busy.retry_after_s or pause_s, _MAX_PAUSE_S))
                pause_s = min(pause_s * 2, _MAX_PAUSE_S) * random.uniform(0.8, 1.0)  # noqa: S311 - jitter
        return await self._post_once(body)

    async def _post_once(self, body: dict[str, object]) -> httpx.Response:
        try:
            async with asyncio.timeout(self._timeout_s):  # httpx bounds each read only
                response = await self._client.post("embeddings", json=body)
        except (httpx.TransportError, TimeoutError) as error:
            raise _Busy(f"embedding server did not answer ({type(error).__name__})") from error
        status = response.status_code
        if status in _TRY_AGAIN or status >= 500:
            raise _Busy(f"embedding server answered {status}", _retry_after_s(response))
        if status in _REFUSED_TEXT:
            raise EmbeddingRejected(f"embedding server refused the text with status {status}")
        if status != 200:
            raise EmbeddingUnavailable(
                f"embedding server answered {status}; check EMBEDDING_BASE_URL,"
                " EMBEDDING_API_KEY and EMBEDDING_MODEL"
            )
        return response

    def _checked(self, response: httpx.Response, *, count: int) -> Embeddings:
        try:
            items = _Reply.model_validate_json(response.content).data
        except ValidationError:
            raise EmbeddingUnavailable(
                "embedding server's reply is not a list of embeddings; check EMBEDDING_BASE_URL"
            ) from None  # the cause would quote the reply
        if sorted(item.index for item in items) != list(range(count)):
            raise EmbeddingUnavailable(
                f"embedding server answered {len(items)} embeddings for {count} texts,"
                " or numbered them wrongly"
            )
        lengths = {len(item.embedding) for item in items}
        if lengths != {self._dimension}:
            raise ModelMismatch(
                f"model {self._model} makes embeddings of {sorted(lengths)} numbers, expected"
                f" {self._dimension}; correct EMBEDDING_DIMENSION or EMBEDDING_MODEL"
            )
        items.sort(key=lambda item: item.index)
        return _unit([item.embedding for item in items])


class _Busy(EmbeddingUnavailable):
    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


def _retry_after_s(response: httpx.Response) -> float | None:
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):  # absent, or an HTTP date
        return None


def _unit(rows: list[list[float]]) -> Embeddings:
    vectors = np.asarray(rows, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.all(np.isfinite(lengths)) or not np.all(lengths > 0):
        raise EmbeddingUnavailable("embedding server answered an embedding without direction")
    unit: Embeddings = vectors / lengths
    return unit
