"""Settings from the environment; built once, by the program that starts the backend."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from retrieval.changes.retention.settings import RetentionSettings
from retrieval.settings import DatabaseSettings, EmbeddingSettings
from retrieval.wire import MAX_BATCH_WORDS, Language

MIB = 1024 * 1024
Exposed = Literal["open", "key", "off"]

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:.]+\](:[0-9]{1,5})?")


def _origins(written: object) -> object:
    if not isinstance(written, str):
        return written
    origins = tuple(one.strip() for one in written.split(",") if one.strip())
    for origin in origins:
        # `*` would let every page in a browser read an open backend on its machine.
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(
                "must be exact origins with commas between, such as https://app.example.com,"
                " in small letters, without a path, a slash at the end, or *"
            )
    return origins


Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)]


class LiveKitSettings(BaseSettings):
    """Without LIVEKIT_URL the backend opens no rooms on a LiveKit server."""

    model_config = SettingsConfigDict(
        env_prefix="LIVEKIT_",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    url: str | None = Field(default=None, description="LiveKit server, as wss://host")
    public_url: str | None = Field(
        default=None, description="its address as participants reach it; empty: the same"
    )
    api_key: str | None = Field(default=None, description="LiveKit API key")
    api_secret: SecretStr | None = Field(default=None, description="LiveKit API secret")
    agent_name: str = Field(
        default="longroom",
        min_length=1,
        description="the agent that rooms are dispatched to",
    )
    timeout_s: float = Field(
        default=3.0, gt=0, le=30, description="longest wait for the LiveKit server, in seconds"
    )
    token_ttl_s: int = Field(
        default=21_600, ge=60, description="how long a join token stays valid, in seconds"
    )
    watch_interval_s: float = Field(
        default=0.5,
        ge=0,
        description="seconds between two looks at rooms without an agent; 0: never",
    )

    @model_validator(mode="after")
    def _keys_with_url(self) -> Self:
        if self.url is not None and not (self.api_key and self.api_secret):
            raise ValueError("LIVEKIT_URL needs LIVEKIT_API_KEY and LIVEKIT_API_SECRET")
        return self

    def secret(self) -> str:
        """In clear text; empty if not set."""
        return self.api_secret.get_secret_value() if self.api_secret else ""


class RateSettings(BaseSettings):
    """Of a key of `longroom keys`, of a token's subject, and of a conversation; 0: no limit.

    Ten seconds' worth may come at once.
    """

    model_config = SettingsConfigDict(
        env_prefix="BACKEND_",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    key_requests_s: float = Field(
        default=1_000, ge=0, description="requests of one key a second; 0: no limit"
    )
    key_bytes_s: float = Field(
        default=64 * MIB, ge=0, description="bytes that one key sends a second; 0: no limit"
    )
    key_streams: int = Field(default=32, ge=0, description="open exports of one key; 0: no limit")
    token_requests_s: float = Field(
        default=20, ge=0, description="requests of one subject of tokens a second; 0: no limit"
    )
    token_bytes_s: float = Field(
        default=MIB,
        ge=0,
        description="bytes that one subject of tokens sends a second; 0: no limit",
    )
    token_streams: int = Field(
        default=2, ge=0, description="open exports of one subject of tokens; 0: no limit"
    )
    conversation_requests_s: float = Field(
        default=1_000,
        ge=0,
        description="requests to one conversation a second, of keys and of tokens; 0: no limit",
    )
    conversation_bytes_s: float = Field(
        default=64 * MIB,
        ge=0,
        description="bytes sent to one conversation a second, by keys and by tokens; 0: no limit",
    )
    conversation_streams: int = Field(
        default=16, ge=0, description="open exports of one conversation; 0: no limit"
    )


class BackendSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="BACKEND_",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    host: str = Field(default="127.0.0.1", description="address to serve")
    port: int = Field(default=8000, ge=0, le=65_535, description="port to serve; 0: a free one")
    service_key: SecretStr | None = Field(
        default=None,
        min_length=1,
        description="what callers send as 'Authorization: Bearer KEY'; empty: open, loopback only",
    )
    keys_required: bool = Field(
        default=False,
        description="demand a key of `longroom keys`, also without a service key",
    )
    token_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="signs tokens of single conversations, at least 32 characters; empty: none",
    )
    token_secret_previous: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="the secret before this one, whose tokens are taken until they expire",
    )
    cors_origins: Origins = Field(
        default=(),
        description="origins whose pages may call, such as https://app.example.com, with commas "
        "between; empty: none",
    )
    open: bool = Field(
        default=False,
        description="serve addresses beyond loopback without a service key, and with the keys for "
        "development",
    )
    metrics: Exposed | None = Field(
        default=None,
        description="who reads /metrics: open, key (any valid one), off; empty: open on loopback, "
        "else key",
    )
    docs: Exposed | None = Field(
        default=None, description="who reads the API's description: the same choice"
    )
    pages: bool = Field(
        default=True,
        description="serve the inspector under /inspect, and rooms' pages under /room",
    )
    migrate: bool = Field(
        default=False,
        description="apply migrations at start; always done with the embedded database",
    )
    room_language: Language = Field(
        default="english", description="of new rooms that name none: german, simple … or a tag"
    )
    keep_edits: bool = Field(
        default=False, description="keep the earlier versions of messages that are corrected"
    )
    erasure_ledger: Path | None = Field(
        default=None,
        description="file to which each erasure is appended, by hashes; it outlives the database",
    )
    vacuum_after_erasure_s: float = Field(
        default=600.0,
        ge=0,
        description="seconds from an erasure to a vacuum of the tables; 0: only the database's own",
    )
    embedding_worker: bool = Field(
        default=True, description="embed new messages in this process, too"
    )
    room_memory_mb: int | None = Field(
        default=None,
        ge=0,
        le=1_000_000,
        description="megabytes for rooms searched lately, which are then searched in memory; empty:"
        " a quarter of the machine's, at most 1024; 0: every search reads the tables",
    )
    body_limit_bytes: int = Field(
        default=4 * 1024 * 1024, ge=1024, description="largest request body, in bytes"
    )
    batch_words: int = Field(
        default=MAX_BATCH_WORDS,
        ge=1_000,
        description="most words of the messages of one append; a single message may have more",
    )
    request_timeout_s: float = Field(
        default=30.0, gt=0, description="time until a response begins, in seconds"
    )
    connections: int = Field(
        default=1_000,
        ge=1,
        description="open connections at most; those without a request go first",
    )
    headers_timeout_s: float = Field(
        default=10.0, gt=0, description="time for the headers of a request to arrive, in seconds"
    )
    write_timeout_s: float = Field(
        default=20.0,
        gt=0,
        description="in which a client must read on in a response, in seconds",
    )
    pool_timeout_s: float = Field(
        default=5.0, gt=0, description="longest wait for a database connection, in seconds"
    )
    drain_timeout_s: int = Field(
        default=10, ge=0, description="time for open requests to finish at SIGTERM, in seconds"
    )
    rates: RateSettings = Field(default_factory=RateSettings)
    keeping: RetentionSettings = Field(default_factory=RetentionSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    embedding: EmbeddingSettings = Field(default_factory=EmbeddingSettings)
    livekit: LiveKitSettings = Field(default_factory=LiveKitSettings)
