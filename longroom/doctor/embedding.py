"""Whether the embedding model of the settings can be loaded and embeds."""

import asyncio
import time

from longroom.doctor.finding import Finding, fail, ok
from retrieval.errors import EmbeddingError, RetrievalError
from retrieval.installing import programs_installed


async def examine_embedding() -> list[Finding]:
    try:
        from retrieval.embedders import open_embedder
        from retrieval.settings import EmbeddingSettings
    except ModuleNotFoundError as error:
        text = f"package {error.name} is not installed"
        return [fail("embedding", text, mend=programs_installed())]
    settings = EmbeddingSettings()
    try:
        started = time.perf_counter()
        embedder = await asyncio.to_thread(open_embedder, settings)
        try:
            await embedder.embed(["Does it work?"], kind="query")
        finally:
            await embedder.aclose()
    except (EmbeddingError, RetrievalError) as error:
        mend = "correct what the message names, or choose another EMBEDDING_PROVIDER"
        return [fail("embedding", str(error), mend=mend)]
    took_s = time.perf_counter() - started
    text = f"{embedder.name} by {settings.provider}, {embedder.dimension} numbers"
    return [ok("embedding", f"{text}, checksum right, first one after {took_s:.1f} s")]
