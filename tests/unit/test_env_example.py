"""The settings that .env.example and the README list are the settings that the programs read."""

import ast
import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from agent.settings import AgentSettings
from agent.worker_settings import RoomSettings, WorkerSettings
from backend_stub.settings import BackendSettings, LiveKitSettings, RateSettings
from retrieval.changes.retention.settings import RetentionSettings
from retrieval.settings import DatabaseSettings, EmbeddingSettings

ROOT = Path(__file__).parents[2]
CLASSES: tuple[type[BaseSettings], ...] = (
    AgentSettings,
    RoomSettings,
    WorkerSettings,
    BackendSettings,
    RateSettings,
    RetentionSettings,
    LiveKitSettings,
    DatabaseSettings,
    EmbeddingSettings,
)
# Read by docker-compose.yml, which hands it to both sides as part of DATABASE_URL.
COMPOSE_ONLY = {"POSTGRES_PASSWORD"}
# What has no default gets an example.
EXAMPLES = {"LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "DATABASE_URL"}
LINE = re.compile(r"^#?(?P<name>[A-Z][A-Z0-9_]+)=(?P<value>.*)$", re.MULTILINE)
ROW = re.compile(r"^\| `(?P<name>[A-Z][A-Z0-9_]+)` \| (?:`(?P<value>[^`]+)`|–) \|", re.MULTILINE)


def _settings() -> dict[str, str]:
    """The default of every environment variable; a class that knows one wins over one that asks."""
    found: dict[str, str] = {}
    for settings in CLASSES:
        prefix = settings.model_config.get("env_prefix", "")
        for field, info in settings.model_fields.items():
            if isinstance(info.annotation, type) and issubclass(info.annotation, BaseSettings):
                continue
            alias = info.validation_alias
            name = alias if isinstance(alias, str) else f"{prefix}{field}".upper()
            default = "" if info.is_required() else _written(info.get_default())
            found[name] = default or found.get(name, "")
    return found


def _written(default: object) -> str:
    match default:
        case None:
            return ""
        case bool():
            return str(default).lower()
        case float() if default.is_integer():
            return str(int(default))
        case tuple():
            return ",".join(default)
        case SecretStr():
            return default.get_secret_value()
        case _:
            return str(default).removesuffix("/")


@pytest.fixture
def env_example() -> dict[str, str]:
    lines = LINE.finditer((ROOT / ".env.example").read_text(encoding="utf-8"))
    return {line["name"]: line["value"].strip('"') for line in lines}


def test_env_example_lists_every_setting_and_no_other(env_example: dict[str, str]) -> None:
    assert set(env_example) == set(_settings()) | COMPOSE_ONLY


def test_env_example_shows_the_defaults(env_example: dict[str, str]) -> None:
    shown = {name: value for name, value in env_example.items() if name not in EXAMPLES}
    expected = {name: value for name, value in _settings().items() if name not in EXAMPLES}

    assert {name: shown.get(name) for name in expected} == expected


def test_readme_describes_settings_that_exist_with_their_defaults() -> None:
    rows = list(ROW.finditer((ROOT / "README.md").read_text(encoding="utf-8")))
    settings = _settings()

    assert rows, "the README has no table of settings"
    described = {row["name"]: row["value"] or "" for row in rows}
    assert described == {name: settings.get(name) for name in described}


def test_every_settings_class_is_known_to_these_tests() -> None:
    bases = {"BaseSettings", "RoomSettings"}
    written = {
        node.name
        for package in ("agent", "backend_stub", "longroom", "retrieval")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id in bases for base in node.bases)
    }

    assert written == {settings.__name__ for settings in CLASSES}
