"""Settings of database and embedder; built once, by the program that starts."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from retrieval.errors import DatabaseUnfit

CACHED_STATEMENTS = 100


@dataclass(frozen=True)
class Logins:
    """Addresses of one database, without a pooler, each with the user that does one kind of work.

    They may all be the same: then the programs give up by themselves what that user may do more.
    """

    requests: str
    background: str
    """Embedding, indexes, counts: over all conversations."""
    owner: str
    """Of the tables: migrations, keys, and graphs of the largest rooms."""

    @classmethod
    def of_one(cls, url: str) -> "Logins":
        return cls(url, url, url)


class DatabaseSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="DATABASE_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL with pgvector, as postgresql://user:password@host/database;"
        " empty: the embedded one",
    )
    direct_url: SecretStr | None = Field(
        default=None,
        description="the same database without the pooler, such as pgbouncer in transaction mode,"
        " that DATABASE_URL leads to; for notifications, advisory locks and migrations",
    )
    background_url: SecretStr | None = Field(
        default=None,
        description="the same database, without a pooler, as a user that may act as"
        " longroom_background; for work over all conversations; empty: as DATABASE_URL",
    )
    owner_url: SecretStr | None = Field(
        default=None,
        description="the same database, without a pooler, as the owner of its tables; for"
        " migrations, keys and graphs of large rooms; empty: as DATABASE_URL",
    )
    app_password: SecretStr | None = Field(
        default=None,
        min_length=1,
        description="lets the role longroom_app log in with it, once `longroom migrate` ran",
    )
    background_password: SecretStr | None = Field(
        default=None, min_length=1, description="the same for the role longroom_background"
    )
    pool_size: int = Field(
        default=12,
        ge=1,
        le=200,
        description="connections for requests that one process keeps open at most; from three on,"
        " searches, writes and all other requests have their own shares",
    )
    statement_cache: int | None = Field(
        default=None,
        ge=0,
        le=10_000,
        description="prepared statements that a connection keeps; empty: 100, and none behind a"
        " pooler, which may know them (pgbouncer 1.21 and newer)",
    )
    statement_timeout_s: float = Field(
        default=20.0, gt=0, description="longest statement of a request, in seconds"
    )
    lock_timeout_s: float = Field(
        default=5.0, gt=0, description="longest wait of a request for a lock, in seconds"
    )

    def direct(self) -> str | None:
        """The address without a pooler; None for the embedded database."""
        url = self.direct_url or self.url
        return None if url is None else url.get_secret_value()

    def pooler(self) -> str | None:
        """DATABASE_URL where a pooler answers there."""
        if self.url is None or self.direct_url is None:
            return None
        return self.url.get_secret_value()

    def cached_statements(self) -> int:
        if self.statement_cache is not None:
            return self.statement_cache
        return CACHED_STATEMENTS if self.pooler() is None else 0

    def owner(self) -> str | None:
        """None for the embedded database."""
        return self.direct() if self.owner_url is None else self.owner_url.get_secret_value()

    def passwords(self) -> dict[str, str | None]:
        """Of the roles that may log in by themselves."""
        given = {
            "longroom_app": self.app_password,
            "longroom_background": self.background_password,
        }
        return {role: text.get_secret_value() for role, text in given.items() if text is not None}

    def logins(self, *, instead: str) -> Logins:
        """Raises DatabaseUnfit like `required_url`."""
        url = self.required_url(instead=instead)
        background, owner = self.background_url, self.owner_url
        return Logins(
            requests=url,
            background=url if background is None else background.get_secret_value(),
            owner=url if owner is None else owner.get_secret_value(),
        )

    def required_url(self, *, instead: str) -> str:
        """The direct one. Raises DatabaseUnfit without any; `instead` is the command that brings
        a database.
        """
        url = self.direct()
        if url is None:
            raise DatabaseUnfit(
                "DATABASE_URL is not set; give the database's address,"
                f" or run `{instead}`, which brings a database"
            )
        return url


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
