"""OpenAI's language models, or those of any server that speaks its protocol."""

from typing import Any

import httpx2
import openai as openai_client
from livekit.plugins import openai

from agent.llm.dialects.answer_stream import CONNECT_S, answer_hooks
from agent.settings import AgentSettings

WITHOUT_USAGE: dict[str, Any] = {"extra_body": {"stream_options": openai_client.omit}}
"""Extra arguments of a request to a server that refuses `stream_options`."""

_NO_KEY = "none"
_LIMITS = httpx2.Limits(max_connections=50, max_keepalive_connections=50, keepalive_expiry=120)


class OpenAIModel(openai.LLM):
    """Connects before the first turn, as the plugin does, but does not parse the response."""

    async def _prewarm_impl(self) -> None:
        # The plugin builds validators for a list of models that is never used: 2 MB per room.
        await self._client.get("/models", cast_to=httpx2.Response)

    async def aclose(self) -> None:
        await super().aclose()
        await self._client.close()


def open_openai_model(settings: AgentSettings) -> OpenAIModel:
    key = settings.openai_api_key
    client = openai_client.AsyncClient(
        # The client asks for a key even where the server asks for none.
        api_key=key.get_secret_value() if key else _NO_KEY,
        base_url=str(settings.llm_base_url) if settings.llm_base_url else None,
        max_retries=0,  # the conversation repeats requests, and others' turns go on meanwhile
        http_client=httpx2.AsyncClient(
            event_hooks=answer_hooks(silence_s=settings.llm_timeout_s),
            timeout=httpx2.Timeout(settings.llm_timeout_s, connect=CONNECT_S),
            follow_redirects=True,
            limits=_LIMITS,
        ),
    )
    return OpenAIModel(model=settings.llm_model, client=client)
