"""A settings error as one line: each environment variable to set, and what is wrong with it."""

from pydantic import ValidationError
from pydantic_settings import BaseSettings


def describe(error: ValidationError) -> str:
    """`AGENT_WINDOW: Input should be …; LIVEKIT_URL: is not set`; no values: some are secret."""
    return "; ".join(
        f"{_variable(error.title, problem['loc'])}: {_reason(problem['type'], problem['msg'])}"
        for problem in error.errors(include_input=False)
    )


def _variable(title: str, location: tuple[int | str, ...]) -> str:
    name = ".".join(str(part) for part in location)
    prefix = _prefixes().get(title)
    if not name or prefix is None:
        return name or title
    # pydantic reports a field's alias, which is the whole variable name.
    return prefix + name.upper() if name.islower() else name


def _prefixes() -> dict[str, str]:
    return {
        settings.__name__: settings.model_config.get("env_prefix", "")
        for settings in BaseSettings.__subclasses__()
    }


def _reason(kind: str, message: str) -> str:
    return "is not set" if kind == "missing" else message.removeprefix("Value error, ")
