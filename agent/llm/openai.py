"""OpenAI's language models, or those of any server that speaks its protocol."""

import httpx2
from livekit.agents import NOT_GIVEN
from livekit.plugins import openai

from agent.settings import AgentSettings

_NO_KEY = "none"


class OpenAIModel(openai.LLM):
    """Connects before the first turn, as LiveKit's does, but reads nothing of what is answered."""

    async def _prewarm_impl(self) -> None:
        # The plugin's own would build validators for a list that nobody looks at: 2 MB a room.
        await self._client.get("/models", cast_to=httpx2.Response)


def open_openai_model(settings: AgentSettings) -> OpenAIModel:
    """As the settings ask; nothing is connected before it is used."""
    key = settings.openai_api_key
    return OpenAIModel(
        model=settings.llm_model,
        # A server of one's own asks for none, but the plugin does.
        api_key=key.get_secret_value() if key else _NO_KEY,
        base_url=str(settings.llm_base_url) if settings.llm_base_url else NOT_GIVEN,
        # The plugin's default of 5 s is too short for models on one's own machine.
        timeout=httpx2.Timeout(settings.llm_timeout_s, connect=15.0),
    )
