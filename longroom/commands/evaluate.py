"""`longroom evaluate`: measures the search on conversations with questions and known evidence."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longroom.options import DEFAULT_DATA_DIR, DataDir

if TYPE_CHECKING:
    from longroom.evaluation.evaluate import Plan
    from longroom.evaluation.questions import Dialogue


class Form(StrEnum):
    LOCOMO = "locomo"
    JSONL = "jsonl"


class Phrasing(StrEnum):
    THIRD = "third"
    FIRST = "first"


def evaluate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Conversations with questions.")],
    form: Annotated[
        Form, typer.Option("--format", help="LoCoMo's file, or JSON Lines (see the README).")
    ] = Form.LOCOMO,
    phrasing: Annotated[
        Phrasing, typer.Option(help="As published, or as the person named would ask it.")
    ] = Phrasing.THIRD,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Also without each part of the score in turn.")
    ] = False,
    peers: Annotated[
        bool, typer.Option("--peers", help="Also the newest messages, pgvector, BM25 and RRF.")
    ] = False,
    fit: Annotated[
        bool, typer.Option("--fit", help="Also the weights that suit FILE best, and their worth.")
    ] = False,
    follow_ups: Annotated[
        bool, typer.Option("--follow-ups", help="Also follow-ups made of the questions, by rule.")
    ] = False,
    room_size: Annotated[
        int | None, typer.Option(min=1, help="One room for all, filled up to so many messages.")
    ] = None,
    filler: Annotated[
        Path | None, typer.Option(help="Messages to fill the room with: a file `import` reads.")
    ] = None,
    all_misses: Annotated[
        bool,
        typer.Option("--all-misses", help="List all questions that missed, and all bad evidence."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Measure the search on FILE.

    Its conversations become rooms of a database that is dropped afterwards, on the server of
    DATABASE_URL or the embedded one. The embedding model is that of EMBEDDING_*.

    Evidence that names no message is told first, on stderr. Questions with evidence that is not
    among the first ten hits are listed, with what came instead; --json has their ids and ranks.
    """
    import json

    from longroom.errors import clear_errors
    from longroom.evaluation.bad_evidence import bad_evidence_lines
    from longroom.evaluation.evaluate import Plan, labelled
    from longroom.evaluation.misses import MOST_MISSES, missed_lines
    from longroom.evaluation.table import table

    plan = Plan(
        file,
        form.value,
        phrasing.value,
        ablate,
        peers,
        fit,
        follow_ups,
        room_size,
        filler,
        most_misses=None if all_misses else MOST_MISSES,
    )
    with clear_errors():
        dialogues = labelled(plan)
        for line in bad_evidence_lines(file, dialogues, every=all_misses):
            typer.echo(line, err=True)
        result = _run(plan, dialogues, data_dir)
    if as_json:
        typer.echo(json.dumps(result))
    else:
        typer.echo("\n".join([table(result), *missed_lines(result, dialogues)]))


def _run(plan: "Plan", dialogues: "list[Dialogue]", data_dir: Path) -> dict[str, Any]:
    import asyncio

    from rich.console import Console

    from longroom.database import database_logins
    from longroom.evaluation.evaluate import measure
    from longroom.progress import ProgressBars
    from retrieval.embedders import open_embedder
    from retrieval.embedders.query_batching import BatchingEmbedder
    from retrieval.settings import EmbeddingSettings

    embedder = BatchingEmbedder(open_embedder(EmbeddingSettings()))
    progress = ProgressBars(Console(stderr=True))
    with database_logins(data_dir) as logins:
        return asyncio.run(measure(logins.owner, embedder, plan, dialogues, progress=progress))
