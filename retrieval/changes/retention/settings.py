"""The rules as settings of the backend, which the command reads, too."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from retrieval.changes.retention.rules import Rules


class RetentionSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="BACKEND_",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    retention: Rules = Field(
        default=(),
        description="how many days what is kept, as JSON; the first rule that fits a room's name "
        'or key: [{"rooms": "support-*", "messages_days": 90}]; empty: for ever',
    )
    retention_interval_s: float = Field(
        default=3_600.0, gt=0, description="seconds between two looks at what is too old"
    )
