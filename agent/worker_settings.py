"""Settings of a worker and of the rooms in its job processes, read once from the environment."""

from typing import Literal

from pydantic import Field, HttpUrl, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Voice = Literal["off", "everyone", "linked"]


class RoomSettings(BaseSettings):
    """One field per environment variable: AGENT_ and the field's name, unless an alias is given."""

    model_config = SettingsConfigDict(
        env_prefix="AGENT_",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    name: str = Field(
        default="longroom",
        min_length=1,
        validation_alias="LIVEKIT_AGENT_NAME",  # the backend's dispatches read the same variable
        description="The name by which rooms ask for this agent.",
    )
    voice: Voice = Field(
        default="off",
        description="Whose speech is heard: off, everyone, or one linked participant.",
    )
    text_max_chars: int = Field(
        default=16_000, ge=1, le=65_000, description="Longest typed message that is taken."
    )
    waiting_per_speaker: int = Field(
        default=10, ge=1, description="Questions of one participant that may wait for an answer."
    )
    waiting_per_room: int = Field(
        default=200, ge=1, description="Questions of all participants that may wait for an answer."
    )
    answer_agents: bool = Field(
        default=False, description="Whether what other agents in the room type is a question, too."
    )
    turn_timeout_s: float = Field(
        default=120.0, gt=0, description="When a turn that has not ended counts as failed."
    )
    stt_base_url: HttpUrl | None = Field(
        default=None,
        validation_alias="STT_BASE_URL",
        description="An OpenAI-compatible server for speech to text; empty: api.openai.com.",
    )
    stt_model: str = Field(
        default="gpt-4o-mini-transcribe",
        validation_alias="STT_MODEL",
        description="The speech-to-text model's name on that server.",
    )
    tts_base_url: HttpUrl | None = Field(
        default=None,
        validation_alias="TTS_BASE_URL",
        description="An OpenAI-compatible server for text to speech; empty: api.openai.com.",
    )
    tts_model: str = Field(
        default="gpt-4o-mini-tts",
        validation_alias="TTS_MODEL",
        description="The text-to-speech model's name on that server.",
    )
    tts_voice: str = Field(
        default="alloy", validation_alias="TTS_VOICE", description="The voice that speaks."
    )


class WorkerSettings(RoomSettings):
    livekit_url: str = Field(
        validation_alias="LIVEKIT_URL",
        description="The LiveKit server, such as ws://localhost:7880.",
    )
    livekit_api_key: str = Field(
        validation_alias="LIVEKIT_API_KEY", description="The API key that the server knows."
    )
    livekit_api_secret: SecretStr = Field(
        validation_alias="LIVEKIT_API_SECRET", description="The secret of that key."
    )
    max_rooms: int = Field(default=40, ge=1, description="Rooms that this worker serves at once.")
    min_free_memory_mb: int = Field(
        default=256, ge=0, description="Below this much free memory no further room is taken."
    )
    idle_processes: int = Field(
        default=2, ge=1, le=64, description="Processes kept ready: a room starts in 0.3 s with one."
    )
    warm_up: bool = Field(
        default=True,
        description="Play a conversation with a stub server before rooms, to start them faster.",
    )
    shutdown_grace_s: int = Field(
        default=60,
        ge=0,
        description="How long rooms may go on after SIGTERM before they are closed.",
    )
    job_memory_limit_mb: float = Field(
        default=0, ge=0, description="A room's process above this is replaced; 0: no limit."
    )
    health_host: str = Field(default="127.0.0.1", description="Where the health check listens.")
    health_port: int = Field(
        default=8081, ge=0, le=65_535, description="Port of the health check; 0: any free one."
    )
    metrics_port: int | None = Field(
        default=None, ge=1, le=65_535, description="Port for Prometheus; empty: no metrics."
    )

    @field_validator("livekit_url")
    @classmethod
    def _web_socket(cls, url: str) -> str:
        if not url.startswith(("ws://", "wss://", "http://", "https://")):
            raise ValueError("must begin with ws:// or wss://")
        return url
