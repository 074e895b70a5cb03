"""`longroom worker`: the agent worker that serves LiveKit rooms."""

import sys

import typer

PASS_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True}


def worker(context: typer.Context) -> None:
    """Serve LiveKit rooms. Options are those of `python -m livekit.agents start`.

    It logs lines for people at a terminal and JSON elsewhere, or as --log-format says.
    """
    from longroom.errors import CommandFailed, clear_errors

    with clear_errors():
        from pathlib import Path

        from livekit.agents.__main__ import main

        import agent
        from agent.worker_settings import WorkerSettings

        WorkerSettings()  # a mistake is reported here, in one line; the worker reads them again
        entry = Path(agent.__file__).with_name("worker.py")
        try:
            exit_code = main(["start", str(entry), *_log_format(), *context.args])
        except SystemExit as end:
            if not isinstance(end.code, str):
                raise
            raise CommandFailed(end.code) from end
    raise typer.Exit(exit_code)


def _log_format() -> list[str]:
    """LiveKit's own default is JSON everywhere; an option that is given again comes last, and
    counts.
    """
    return ["--log-format", "colored"] if sys.stdout.isatty() else []
