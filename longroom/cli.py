"""The `longroom` command. Each subcommand imports what it needs when it runs: `--help` is fast."""

import os
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.exceptions import TyperException

from longroom.commands.backend import backend
from longroom.commands.backfill import backfill
from longroom.commands.chat import chat
from longroom.commands.completion import ASKED_BY_SHELL, completion, know_shells
from longroom.commands.dead_letters import app as dead_letters
from longroom.commands.doctor import doctor
from longroom.commands.erase import app as erase
from longroom.commands.erasures import app as erasures
from longroom.commands.evaluate import evaluate
from longroom.commands.export import export
from longroom.commands.importing import import_messages
from longroom.commands.invitations import app as invitations
from longroom.commands.keys import app as keys
from longroom.commands.mcp import mcp
from longroom.commands.migrate import migrate
from longroom.commands.retention import retention
from longroom.commands.rooms import rooms
from longroom.commands.run import run
from longroom.commands.search import search
from longroom.commands.show import show
from longroom.commands.worker import PASS_THROUGH, worker
from longroom.errors import CommandError, ConfigurationError

HELP = "Usage: "
WORDING = {"Invalid value: ": "", ": Input should be ": ": must be ", "Value error, ": ""}
"""What Typer and Pydantic say, and we do."""

app = typer.Typer(
    name="longroom",
    help="An agent for rooms whose conversation never ends.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(chat)
app.command()(run)
app.command(context_settings=PASS_THROUGH)(worker)
app.command()(backend)
app.command()(migrate)
app.command()(backfill)
app.command("import")(import_messages)
app.command()(evaluate)
app.command()(export)
app.command()(rooms)
app.command()(show)
app.command()(search)
app.command()(mcp)
app.command()(doctor)
app.command()(retention)
app.command()(completion)
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(keys, name="keys")
app.add_typer(invitations, name="invitations")
app.add_typer(erase, name="erase")
app.add_typer(erasures, name="erasures")


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"longroom {_version_of_files()}")
        raise typer.Exit


def _version_of_files() -> str:
    """An image holds the sources, and no installed package."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("longroom")
    except PackageNotFoundError:
        import tomllib
        from pathlib import Path

        project = Path(__file__).parents[1] / "pyproject.toml"
        said: str = tomllib.loads(project.read_text("utf-8"))["project"]["version"]
        return said


@app.callback()
def root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Tell the version, and end."
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; CommandError ends it with one line on stderr and its exit code."""
    if ASKED_BY_SHELL in os.environ:
        know_shells()
    try:
        sys.exit(_run())
    except CommandError as error:
        _end(str(error), error.exit_code)


def _run() -> int:
    """The exit code. Raises CommandError."""
    try:
        return app(standalone_mode=False) or 0
    except TyperException as error:
        text = error.format_message()
        if text.startswith(HELP):  # nothing was given
            sys.stderr.write(text + "\n")
            return error.exit_code
        raise ConfigurationError(_in_our_words(text) + _where_to_read(error)) from None
    except typer.Abort:
        sys.stderr.write("Aborted!\n")
        return 1


def _in_our_words(text: str) -> str:
    for theirs, ours in WORDING.items():
        text = text.replace(theirs, ours)
    return text[:1].lower() + text[1:].rstrip(".")


def _where_to_read(error: TyperException) -> str:
    context: Any = getattr(error, "ctx", None)
    return f"; see `{context.command_path} --help`" if context is not None else ""


def _end(reason: str, exit_code: int) -> NoReturn:
    sys.stderr.write(f"longroom: {' '.join(reason.split())}\n")
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
