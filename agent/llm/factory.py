"""Chooses what writes the answers."""

from typing import Any

from livekit.agents import llm

from agent.llm.dialects.dialect import Freedom
from agent.llm.extractive import ExtractiveLLM
from agent.settings import AgentSettings


def language_model(settings: AgentSettings) -> llm.LLM[Any]:
    """The extractive model if neither key nor URL is set."""
    if settings.llm_base_url is None and settings.openai_api_key is None:
        return ExtractiveLLM()
    # Imported here: a chat that answers with extracts starts without the plugin's 20 MB.
    from agent.llm.dialects.compatible_llm import CompatibleLLM
    from agent.llm.openai import open_openai_model

    return CompatibleLLM(
        open_openai_model(settings),
        Freedom(settings.prompt_shape, settings.tools),
        timeout_s=settings.llm_timeout_s,
    )
