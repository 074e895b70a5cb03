"""Reads from the environment which services are configured."""

from agent.settings import AgentSettings
from backend_stub.settings import LiveKitSettings
from longroom.doctor.services import Addresses


def configured_addresses() -> Addresses:
    """Only what was set: the defaults of the settings are no configuration."""
    agent = AgentSettings()
    livekit = LiveKitSettings()
    is_set = agent.model_fields_set
    return Addresses(
        backend_url=str(agent.backend_url) if "backend_url" in is_set else None,
        livekit_url=livekit.url,
        livekit_key=livekit.api_key,
        livekit_secret=livekit.secret() or None,
        llm_base_url=str(agent.llm_base_url) if agent.llm_base_url else None,
        llm_model=agent.llm_model if "llm_model" in is_set else None,
        llm_key=agent.openai_api_key.get_secret_value() if agent.openai_api_key else None,
    )
