"""The command line starts fast, because it loads no framework before it knows what to run."""

import subprocess
import sys

import pytest

SLOW = (
    "torch",
    "livekit",
    "onnxruntime",
    "asyncpg",
    "fastapi",
    "uvicorn",
    "numpy",
    "tokenizers",
    "mcp",
)
PROBE = """
import sys
from longroom.cli import main
sys.argv = ["longroom", *sys.argv[1:]]
try:
    main()
finally:
    print("loaded", *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""
COMMANDS = (
    "chat",
    "worker",
    "backend",
    "migrate",
    "backfill",
    "import",
    "export",
    "mcp",
    "doctor",
    "dead-letters",
    "invitations",
    "retention",
    "completion",
    "rooms",
    "show",
    "search",
)


@pytest.mark.parametrize("arguments", [[], *([command] for command in COMMANDS)])
def test_help_loads_no_framework(arguments: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments, "--help"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert "Usage:" in result.stdout
    loaded = result.stderr.split("loaded ")[1].split()
    assert "typer" in loaded
    assert set(SLOW).isdisjoint(loaded)
