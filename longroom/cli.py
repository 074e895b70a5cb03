"""The `longroom` command. Each subcommand imports what it needs when it runs: `--help` is fast."""

import sys
from typing import NoReturn

import typer

from longroom.commands.backend import backend
from longroom.commands.backfill import backfill
from longroom.commands.chat import chat
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
from longroom.commands.run import run
from longroom.commands.worker import PASS_THROUGH, worker
from longroom.errors import CommandError

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
app.command()(mcp)
app.command()(doctor)
app.command()(retention)
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(keys, name="keys")
app.add_typer(invitations, name="invitations")
app.add_typer(erase, name="erase")
app.add_typer(erasures, name="erasures")


def main() -> None:
    """Run the command line; CommandError ends it with one line on stderr and its exit code."""
    try:
        app()
    except CommandError as error:
        _end(str(error), error.exit_code)


def _end(reason: str, exit_code: int) -> NoReturn:
    sys.stderr.write(f"longroom: {' '.join(reason.split())}\n")
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
