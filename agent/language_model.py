"""Chooses what writes the answers."""

from typing import Any

from livekit.agents import llm

from agent.extractive.model import ExtractiveLLM
from agent.settings import AgentSettings

_NO_KEY = "none"


def language_model(settings: AgentSettings) -> llm.LLM[Any]:
    """OpenAI or any server that speaks its protocol; without key and address, extracts."""
    if settings.llm_base_url is None and settings.openai_api_key is None:
        return ExtractiveLLM()
    return _openai(settings)


def _openai(settings: AgentSettings) -> llm.LLM[Any]:
    # Imported here: a chat that answers with extracts starts without the plugin's 20 MB.
    import httpx2
    from livekit.agents import NOT_GIVEN
    from livekit.plugins import openai

    key = settings.openai_api_key
    return openai.LLM(
        model=settings.llm_model,
        # A server of one's own asks for none, but the plugin does.
        api_key=key.get_secret_value() if key else _NO_KEY,
        base_url=str(settings.llm_base_url) if settings.llm_base_url else NOT_GIVEN,
        # The plugin's default of 5 s is too short for models on one's own machine.
        timeout=httpx2.Timeout(settings.llm_timeout_s, connect=15.0),
    )
