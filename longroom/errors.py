"""What a command tells its user instead of a traceback.

CommandError            one clear line on stderr, and an exit code
├─ ConfigurationError   exit code 2: the call, the settings or the surroundings must be mended first
└─ CommandFailed        exit code 1: the work was tried and could not be done
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class CommandError(Exception):
    """One clear line for the user: what is wrong, and how to mend it."""

    exit_code = 1


class ConfigurationError(CommandError):
    """The call, the settings or the surroundings must be mended first."""

    exit_code = 2


class CommandFailed(CommandError):
    """The work was tried and could not be done."""


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn the programs' own errors into CommandError; anything else is a bug with its trace."""
    # Imported here: `--help` must not wait for pydantic.
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from agent.errors import AgentError
    from retrieval.errors import RetrievalError

    try:
        yield
    except ValidationError as error:
        raise ConfigurationError(_told(error)) from error
    except (SettingsError, RetrievalError) as error:
        raise ConfigurationError(str(error)) from error
    except AgentError as error:
        raise CommandFailed(str(error)) from error


def _told(error: "ValidationError") -> str:
    # Without the input: it may be a secret.
    return "; ".join(
        f"{_name(error.title, each['loc'])}: "
        + ("is not set" if each["type"] == "missing" else each["msg"].removeprefix("Value error, "))
        for each in error.errors(include_input=False)
    )


# pydantic tells a field's own name; what a user can mend is the environment variable.
PREFIXES = {
    "AgentSettings": "AGENT_",
    "BackendSettings": "BACKEND_",
    "DatabaseSettings": "DATABASE_",
    "EmbeddingSettings": "EMBEDDING_",
    "LiveKitSettings": "LIVEKIT_",
    "WorkerSettings": "AGENT_",
}


def _name(title: str, location: tuple[int | str, ...]) -> str:
    name = ".".join(str(part) for part in location) or title
    prefix = PREFIXES.get(title)
    return name if prefix is None or not name.islower() else prefix + name.upper()
