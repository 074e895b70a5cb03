"""Errors that end a command with one line instead of a traceback.

CommandError            one clear line on stderr, and an exit code
├─ ConfigurationError   exit code 2: wrong arguments, settings or surroundings
└─ CommandFailed        exit code 1: the work was tried and failed
"""

from collections.abc import Iterator
from contextlib import contextmanager


class CommandError(Exception):
    """Its text is one line for the user: what is wrong, and what to do about it."""

    exit_code = 1


class ConfigurationError(CommandError):
    exit_code = 2


class CommandFailed(CommandError):
    """The work was tried and failed."""


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn errors of the agent, the backend and the settings into CommandError."""
    # Imported here: `--help` must not wait for pydantic.
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from agent.errors import OutboxError
    from longroom.client import BackendError
    from longroom.errors.backend_advice import advised
    from retrieval.errors import KeyRefused, RetrievalError, RoleRefused
    from retrieval.settings_errors import describe

    try:
        yield
    except ValidationError as error:
        raise ConfigurationError(describe(error)) from error
    except BackendError as error:
        raise CommandFailed(advised(error)) from error
    except (KeyRefused, OutboxError, RoleRefused) as error:
        raise CommandFailed(str(error)) from error
    except (SettingsError, RetrievalError) as error:
        raise ConfigurationError(str(error)) from error
