"""`longroom completion`: what a shell needs to complete commands and options."""

import os
from enum import StrEnum
from typing import Annotated

import typer

PROGRAM = "longroom"
ASKED_BY_SHELL = "_LONGROOM_COMPLETE"
"""The variable by which a completion script asks the program for words."""


class Shell(StrEnum):
    bash = "bash"
    zsh = "zsh"
    fish = "fish"


def completion(
    context: typer.Context,
    shell: Annotated[Shell, typer.Argument(help="Which shell the script is for.")],
) -> None:
    """Print a script that completes commands, options and their values.

    bash: `source <(longroom completion bash)` in ~/.bashrc. zsh: the same with zsh in ~/.zshrc,
    below compinit. fish: `longroom completion fish | source` in ~/.config/fish/config.fish.
    """
    os.environ[ASKED_BY_SHELL] = f"source_{shell.value}"
    know_shells()
    context.find_root().command.main(args=[], prog_name=PROGRAM)


def know_shells() -> None:
    """Without it Typer answers no shell: it takes theirs for part of its own options."""
    from typer.completion import get_completion_inspect_parameters

    get_completion_inspect_parameters()
