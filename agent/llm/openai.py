"""OpenAI's language models, or those of any server that speaks its protocol."""

import httpx2
from livekit.agents import NOT_GIVEN
from livekit.plugins import openai

from agent.settings import AgentSettings

_NO_KEY = "none"


class OpenAIModel(openai.LLM):
    """Connects before the first turn, as the plugin does, but does not parse the response."""

    async def _prewarm_impl(self) -> None:
        # The plugin builds validators for a list of models that is never used: 2 MB per room.
        await self._client.get("/models", cast_to=httpx2.Response)


def open_openai_model(settings: AgentSettings) -> OpenAIModel:
    key = settings.openai_api_key
    return OpenAIModel(
        model=settings.llm_model,
        # The plugin asks for a key even where the server asks for none.
        api_key=key.get_secret_value() if key else _NO_KEY,
        base_url=str(settings.llm_base_url) if settings.llm_base_url else NOT_GIVEN,
        # The plugin's default of 5 s is too short for local models.
        timeout=httpx2.Timeout(settings.llm_timeout_s, connect=15.0),
    )
