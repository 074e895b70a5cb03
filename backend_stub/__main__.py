"""`python -m backend_stub`: serve the backend search API in this process."""

import argparse
import sys
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from backend_stub.errors import BackendStartError
from backend_stub.logs import configure_logs
from backend_stub.serving import run
from backend_stub.settings import BackendSettings
from retrieval.errors import DatabaseUnfit, EmbeddingError
from retrieval.settings_errors import describe

CANNOT_START = 2


def main(arguments: list[str] | None = None) -> int:
    """Exit status 2 and one line on standard error if it cannot start."""
    options = vars(_parser().parse_args(arguments))
    exit_with_parent = options.pop("exit_with_parent")
    configure_logs()
    try:
        run(BackendSettings(**_given(options)), exit_with_parent=exit_with_parent)
    except ValidationError as error:
        return _refuse(describe(error))
    except (SettingsError, BackendStartError, DatabaseUnfit, EmbeddingError) as error:
        return _refuse(str(error))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m backend_stub",
        description="Serve the backend search API on DATABASE_URL. Settings come from BACKEND_*."
        " `longroom backend` brings its own database.",
    )
    parser.add_argument("--host", help="address to serve (BACKEND_HOST)")
    parser.add_argument("--port", type=int, help="port to serve, 0 for a free one (BACKEND_PORT)")
    parser.add_argument(
        "--migrate", action="store_true", default=None, help="apply migrations (BACKEND_MIGRATE)"
    )
    parser.add_argument(
        "--no-embedding-worker",
        dest="embedding_worker",
        action="store_false",
        default=None,
        help="leave embedding to other processes (BACKEND_EMBEDDING_WORKER)",
    )
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="end when standard input is closed"
    )
    return parser


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _refuse(reason: str) -> int:
    sys.stderr.write(f"backend_stub: {' '.join(reason.split())}\n")
    return CANNOT_START


if __name__ == "__main__":
    sys.exit(main())
