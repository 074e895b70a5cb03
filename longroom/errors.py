"""What a command tells its user instead of a traceback.

CommandError            one clear line on stderr, and an exit code
├─ ConfigurationError   exit code 2: the call, the settings or the surroundings must be mended first
└─ CommandFailed        exit code 1: the work was tried and could not be done
"""

from collections.abc import Iterator
from contextlib import contextmanager


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
    from retrieval.settings_errors import describe

    try:
        yield
    except ValidationError as error:
        raise ConfigurationError(describe(error)) from error
    except (SettingsError, RetrievalError) as error:
        raise ConfigurationError(str(error)) from error
    except AgentError as error:
        raise CommandFailed(str(error)) from error
