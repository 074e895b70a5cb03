"""Arguments that cannot be are refused in one line; the version and completion are told."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.command_line import ROOT, CommandLine


@pytest.fixture
def command(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "data")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("foo",), "no such command 'foo'"),
        (("chat", "--foo"), "no such option: --foo"),
        (("run", "--port", "99999"), "'--port': must be less than or equal to 65535"),
        (("import",), "missing argument 'FILE'"),
        (("import", "x", "--format", "doc"), "'--format': 'doc' is not one of 'auto'"),
        (("keys", "create", "ada"), "missing option '--scope'"),
        (("keys", "create", "ada", "--scope", "all"), "--scope: 'all' is none of agent"),
        (("keys", "rotate", "ada", "--expires-in", "soon"), "write it as 90d, 12h or 30m"),
        (("export", "--room", "x", "--include", "all"), "--include: 'all': must be some of"),
    ],
)
def test_one_line_names_the_option_and_where_to_read_more(
    command: CommandLine, arguments: tuple[str, ...], said: str
) -> None:
    done = command.run(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("longroom: ")
    assert said in line
    assert line.endswith("--help`")
    assert not command.data_dir.exists()


def test_without_arguments_there_is_help(command: CommandLine) -> None:
    for arguments in ((), ("keys",)):
        done = command.run(*arguments)

        assert done.returncode == 2
        assert "Usage: " in done.stderr
        assert "Commands:" in done.stderr


def test_the_version_is_that_of_the_package(command: CommandLine) -> None:
    done = command.run_interpreter("--version")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"longroom {version('longroom')}\n"


# What a shell is to complete, how it is asked without a keyboard, and a word that it must offer.
BASH = """
source <(longroom completion bash)
COMP_WORDS=({words}); COMP_CWORD=$(({count} - 1)); _longroom_completion longroom
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """
autoload -U compinit && compinit -u -d "$HOME/dump"
source <(longroom completion zsh)
function _arguments {{ print -l -- "$@"; }}  # else zsh only completes at a keyboard
words=({words}); CURRENT={count}; _longroom_completion
"""
FISH = """
longroom completion fish | source
complete --do-complete '{line}'
"""


def completed(shell: str, script: str, words: tuple[str, ...], folder: Path) -> str:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not on this machine")
    longroom = folder / "bin" / "longroom"
    longroom.parent.mkdir()
    start = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom longroom.__main__ import main\n"
    longroom.write_text(f"#!{sys.executable}\n{start}main()\n")
    longroom.chmod(0o755)
    filled = script.format(words=" ".join(words), line=" ".join(words), count=len(words))
    done = subprocess.run(
        [program, "-c", filled],
        env={"PATH": f"{longroom.parent}:{os.environ['PATH']}", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("longroom", "invit"), "invitations"),
        (("longroom", "keys", "rot"), "rotate"),
        (("longroom", "import", "--ro"), "--room"),
        (("longroom", "import", "--format", "wh"), "whatsapp"),
    ],
)
@pytest.mark.parametrize(("shell", "script"), [("bash", BASH), ("zsh", ZSH), ("fish", FISH)])
def test_a_shell_completes_commands_options_and_values(
    shell: str, script: str, words: tuple[str, ...], offered: str, tmp_path: Path
) -> None:
    assert offered in completed(shell, script, words, tmp_path)


def test_a_shell_that_is_not_known(command: CommandLine) -> None:
    done = command.run("completion", "tcsh")

    assert (done.returncode, done.stdout) == (2, "")
    assert "'bash', 'zsh', 'fish'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
