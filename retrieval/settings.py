"""Settings of database and embedder; built once, by the program that starts."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from retrieval.errors import DatabaseUnfit


class DatabaseSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="DATABASE_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL with pgvector, as postgresql://user:password@host/database;"
        " empty: the embedded one",
    )
    pool_size: int = Field(
        default=8, ge=1, le=200, description="connections that one process keeps open at most"
    )

    def required_url(self, *, instead: str) -> str:
        """Raises DatabaseUnfit without a URL; `instead` is the command that brings a database."""
        if self.url is None:
            raise DatabaseUnfit(
                "DATABASE_URL is not set; give the database's address,"
                f" or run `{instead}`, which brings a database"
            )
        return self.url.get_secret_value()


class EmbeddingSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="EMBEDDING_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    provider: Literal["onnx", "sentence-transformers", "openai"] = Field(
        default="onnx",
        description="onnx: the packaged model; sentence-transformers: any model, CPU or GPU;"
        " openai: any server with /v1/embeddings",
    )
    model: str = Field(
        default="all-MiniLM-L6-v2",
        min_length=1,
        description="the model's name, for sentence-transformers also a local folder",
    )
    dimension: int | None = Field(
        default=None,
        ge=1,
        le=1280,
        description="length of the model's embeddings; empty: ask the model",
    )
    base_url: str | None = Field(
        default=None, description="address of the openai provider, with its /v1"
    )
    api_key: SecretStr | None = Field(default=None, description="key of the openai provider")
    threads: int = Field(
        default=1, ge=1, le=256, description="processor threads of a model that runs here"
    )
    batch: int = Field(
        default=64, ge=1, le=2048, description="texts sent to the openai provider in one request"
    )
    timeout_s: float = Field(
        default=30.0, gt=0, description="how long one request to the openai provider may take"
    )
