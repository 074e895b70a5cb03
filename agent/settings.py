"""Settings of any process with an agent, read once from the environment."""

from datetime import timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from pydantic import Field, HttpUrl, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from longroom.client import is_sendable
from retrieval.wire import MAX_PAGE_MESSAGES, MAX_WINDOW_MESSAGES

INSTRUCTIONS = (
    "You are the support agent of a long-running room in which several people talk over months. "
    "Answer briefly and concretely. You see only the newest messages; older ones that may matter "
    "are recalled for you, each with its date and speaker. When you rely on one, say who said it "
    "and when. If neither the conversation nor the recalled messages answer, say so."
)
_MAY_BE_EMPTY = {"greeting", "welcome_back", "farewell", "apology"}


class AgentSettings(BaseSettings):
    """One field per environment variable: AGENT_ and the field's name, unless an alias is given."""

    model_config = SettingsConfigDict(
        env_prefix="AGENT_",
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    backend_url: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:8000"),
        validation_alias="BACKEND_URL",
        description="Where the backend search API answers.",
    )
    backend_service_key: SecretStr | None = Field(
        default=None,
        validation_alias="BACKEND_SERVICE_KEY",
        description="The backend's service key, if it asks for one.",
    )
    data_dir: Path = Field(
        default=Path(".longroom"),
        validation_alias="LONGROOM_DATA_DIR",
        description="Folder for what must survive a restart: the outbox.",
    )
    llm_base_url: HttpUrl | None = Field(
        default=None,
        validation_alias="LLM_BASE_URL",
        description="An OpenAI-compatible server; empty means api.openai.com if there is a key.",
    )
    llm_model: str = Field(
        default="gpt-4.1-mini",
        validation_alias="LLM_MODEL",
        description="The language model's name on that server.",
    )
    openai_api_key: SecretStr | None = Field(
        default=None,
        validation_alias="OPENAI_API_KEY",
        description="Key for the language model; without it and LLM_BASE_URL answers are extracts.",
    )
    llm_timeout_s: float = Field(
        default=60.0, gt=0, description="How long the language model may stay silent."
    )
    llm_patience_s: float = Field(
        default=10.0,
        gt=0,
        description="How long it may stay silent while questions of other people wait.",
    )
    llm_retries: int = Field(
        default=4, ge=0, le=20, description="Further requests if the language model fails."
    )
    llm_retry_s: float = Field(
        default=0.5, gt=0, description="First delay after it failed; it doubles each time."
    )
    llm_retry_within_s: float = Field(
        default=30.0,
        ge=0,
        description="How long after a turn's first request further ones are made.",
    )
    prompt_shape: Literal["auto", "as_is", "one_system", "alternating", "no_system"] = Field(
        default="auto",
        description="The messages that the model's chat template takes; auto finds it out.",
    )
    tools: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Whether the model may search by itself; auto: unless it refuses tools.",
    )
    tool_calls: int = Field(
        default=4, ge=1, le=50, description="Searches that the model may make for one answer."
    )
    tool_token_budget: int = Field(
        default=3000, ge=100, le=100_000, description="Tokens of these searches' results in all."
    )
    backend_timeout_s: float = Field(
        default=5.0, gt=0, description="Total time of one backend call, but for searches."
    )
    rolling_window_messages: int = Field(
        default=12, ge=2, le=MAX_PAGE_MESSAGES, description="Messages kept in the agent's memory."
    )
    recall_timeout_s: float = Field(
        default=0.25, ge=0, description="How long a turn waits for recalled messages, at most."
    )
    search_timeout_s: float = Field(
        default=2.0,
        gt=0,
        description="When a search counts as failed, whether or not a turn waits.",
    )
    recall_token_budget: int = Field(
        default=1000, ge=50, le=100_000, description="Tokens of recalled messages in one prompt."
    )
    recall_limit: int = Field(
        default=10, ge=1, le=100, description="Messages recalled for one turn, at most."
    )
    recall_neighbours: int = Field(
        default=1, ge=0, le=10, description="Messages shown on each side of a recalled one."
    )
    recall_window_messages: int = Field(
        default=8,
        ge=0,
        le=MAX_WINDOW_MESSAGES,
        description="Newest messages sent with a search, to resolve follow-ups; 0 sends none.",
    )
    recall_debounce_s: float = Field(
        default=0.25,
        ge=0,
        description="Least time between two searches for a participant who is still speaking.",
    )
    recall_role: Literal["system", "developer", "user", "assistant"] = Field(
        default="user",
        description="The role of the recalled block; system would give it the system's voice.",
    )
    turn_traces: bool = Field(
        default=True,
        description="Whether the backend keeps what each turn recalled and why: ids and figures.",
    )
    time_zone: str = Field(
        default="UTC", description="Whose 'yesterday' is meant, unless a participant's is known."
    )
    instructions: str = Field(
        default=INSTRUCTIONS, min_length=1, description="What the language model is told to be."
    )
    greeting: str = Field(
        default="Hello! How can I help you?",
        description="Said first in a new room; empty: nothing.",
    )
    welcome_back: str = Field(
        default="Welcome back! How can I help you?",
        description="Said first in a room after an absence; empty: nothing.",
    )
    welcome_back_after_s: float = Field(
        default=6 * 3600.0, gt=0, description="How long a room was silent for it to be an absence."
    )
    farewell: str = Field(
        default="Goodbye!", description="Said last if someone can hear it; empty: nothing."
    )
    apology: str = Field(
        default="Sorry, I cannot answer right now. Please ask again in a moment.",
        description="Said if the language model gives no answer; empty: nothing.",
    )
    without_answer: Literal["apology", "extracts"] = Field(
        default="apology",
        description="What is said then: the apology, or recalled messages if there are any.",
    )
    outbox_batch_messages: int = Field(
        default=100, ge=1, le=500, description="Messages or events sent in one request, at most."
    )
    outbox_retry_s: float = Field(
        default=0.2, gt=0, description="First delay after a failed delivery; it doubles each time."
    )
    outbox_retry_max_s: float = Field(
        default=30.0, gt=0, description="Longest delay between two attempts of delivery."
    )
    dead_letter_days: float = Field(
        default=30.0,
        ge=0,
        description="Days after which refused entries of the outbox are deleted; 0: never.",
    )
    changes_interval_s: float = Field(
        default=60.0,
        gt=0,
        description="How often the agent asks what was erased or corrected, if nothing tells it.",
    )
    drain_timeout_s: float = Field(
        default=20.0, ge=0, description="How long a closing session waits for its deliveries."
    )

    @property
    def dead_letters_expire_after(self) -> timedelta | None:
        return timedelta(days=self.dead_letter_days) if self.dead_letter_days else None

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, values: dict[str, object]) -> dict[str, object]:
        """Like `env_ignore_empty`, except for texts that may be empty on purpose."""
        return {
            name: value for name, value in values.items() if value != "" or name in _MAY_BE_EMPTY
        }

    @field_validator("backend_service_key")
    @classmethod
    def _sendable(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value() if value else ""
        if text and not is_sendable(text):
            raise ValueError("has characters that no request can carry; copy the key anew")
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("must be an IANA time zone such as Europe/Berlin")
        return name
