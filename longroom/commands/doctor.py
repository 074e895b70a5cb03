"""`longroom doctor`: examines the installation."""

from typing import Annotated

import typer

from longroom.options import DEFAULT_DATA_DIR, DataDir

MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Examine the installation.

    Each finding is ok, warn or fail, with what to do about it. Exit code 1 when something fails.
    """
    import asyncio
    import json
    from dataclasses import asdict

    from longroom.doctor.examination import examine

    findings = asyncio.run(examine(data_dir))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(f"{MARKS[finding.status]}  {finding.name}: {finding.text}")
            if finding.mend:
                typer.echo(f"      → {finding.mend}")
    if any(finding.status == "fail" for finding in findings):
        raise typer.Exit(1)
