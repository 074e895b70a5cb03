"""Whether the settings of every program are valid, and which services they name."""

from pydantic_settings import BaseSettings

from agent.settings import AgentSettings
from backend_stub.settings import BackendSettings, LiveKitSettings
from longroom.doctor.finding import Finding, fail, ok
from longroom.doctor.services import Addresses
from longroom.errors import ConfigurationError, clear_errors
from retrieval.settings import DatabaseSettings, EmbeddingSettings

PROGRAMS: tuple[type[BaseSettings], ...] = (
    AgentSettings,
    DatabaseSettings,
    EmbeddingSettings,
    LiveKitSettings,
    BackendSettings,
)


def examine_settings() -> list[Finding]:
    """One finding for each mistake, or one ok."""
    mistakes: dict[str, None] = {}
    for program in PROGRAMS:
        try:
            with clear_errors():
                program()
        except ConfigurationError as error:
            mistakes[str(error)] = None
    mend = "correct it; .env.example lists every setting"
    return [fail("settings", mistake, mend=mend) for mistake in mistakes] or [
        ok("settings", "usable")
    ]


def configured_addresses() -> Addresses:
    """Only what was set, not the defaults."""
    agent = AgentSettings()
    livekit = LiveKitSettings()
    is_set = agent.model_fields_set
    return Addresses(
        backend_url=str(agent.backend_url) if "backend_url" in is_set else None,
        backend_key=(
            agent.backend_service_key.get_secret_value() if agent.backend_service_key else None
        ),
        livekit_url=livekit.url,
        livekit_key=livekit.api_key,
        livekit_secret=livekit.secret() or None,
        llm_base_url=str(agent.llm_base_url) if agent.llm_base_url else None,
        llm_model=agent.llm_model if "llm_model" in is_set else None,
        llm_key=agent.openai_api_key.get_secret_value() if agent.openai_api_key else None,
    )
