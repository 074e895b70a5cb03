"""`python -m docs.settings`: writes docs/settings.md, every setting with its default and range."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from agent.settings import AgentSettings
from agent.worker_settings import WorkerSettings
from backend_stub.settings import BackendSettings, LiveKitSettings, RateSettings
from retrieval.changes.retention.settings import RetentionSettings
from retrieval.settings import DatabaseSettings, EmbeddingSettings

FILE = Path(__file__).with_name("settings.md")
BEGINNING: Final = """\
# Settings

All settings are environment variables, read once when a program starts; an empty value counts as
not set, but for texts that may be empty. What is wrong with one is said in a line that names it.
[.env.example](../.env.example) has them as a file for docker compose. This page is written by
`python -m docs.settings` from the classes that it links.
"""
TABLES: Final[Mapping[str, tuple[str, type[BaseSettings]]]] = {
    "The agent, in a room and in the terminal": ("agent/settings.py", AgentSettings),
    "The agent worker": ("agent/worker_settings.py", WorkerSettings),
    "The backend": ("backend_stub/settings.py", BackendSettings),
    "The backend's rooms on LiveKit": ("backend_stub/settings.py", LiveKitSettings),
    "What callers may ask of the backend": ("backend_stub/settings.py", RateSettings),
    "How long what is kept": ("retrieval/changes/retention/settings.py", RetentionSettings),
    "The database": ("retrieval/settings.py", DatabaseSettings),
    "The embedding model": ("retrieval/settings.py", EmbeddingSettings),
}
_LIMITS: Final = {
    Ge: ("ge", "from {:,}"),
    Gt: ("gt", "more than {:,}"),
    Le: ("le", "to {:,}"),
    Lt: ("lt", "less than {:,}"),
    MinLen: ("min_length", "of {} characters or more"),
    MaxLen: ("max_length", "of at most {} characters"),
}
_LONGEST_DEFAULT: Final = 60


def page() -> str:
    return BEGINNING + "".join(
        f"\n## {heading}\n\n[{file}](../{file})\n\n{_table(settings)}"
        for heading, (file, settings) in TABLES.items()
    )


def _table(settings: type[BaseSettings]) -> str:
    head = "| variable | default | takes | what it is |\n|---|---|---|---|\n"
    return head + "".join(f"| {' | '.join(row)} |\n" for row in _rows(settings))


def _rows(settings: type[BaseSettings]) -> Iterator[tuple[str, str, str, str]]:
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        if not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseSettings):
            yield (
                f"`{field.validation_alias or prefix + name.upper()}`",
                _default(field),
                _takes(field),
                _cell(field.description or ""),
            )


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**must be set**"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value in (None, "", ()):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"`{text}`" if len(text) <= _LONGEST_DEFAULT else "a text"


def _takes(field: FieldInfo) -> str:
    limits = [
        words.format(getattr(mark, name))
        for kind, (name, words) in _LIMITS.items()
        for mark in field.metadata
        if isinstance(mark, kind) and mark != MinLen(1)  # empty is not set, in any case
    ]
    return _cell(" ".join([_kind(field.annotation), *limits]))


def _kind(annotation: Any) -> str:
    options = [one for one in get_args(annotation) if one is not type(None)]
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{one}`" for one in options)
    if options and get_origin(annotation) is not tuple:
        return _kind(options[0])
    names = {bool: "`true`, `false`", int: "whole number", float: "number", SecretStr: "secret"}
    return names.get(annotation, "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").strip()


def main() -> None:
    FILE.write_text(page(), encoding="utf-8")
    print(f"wrote {FILE.relative_to(FILE.parents[1])}")


if __name__ == "__main__":
    main()
