"""`longroom evaluate`: measures the search on conversations with questions and known evidence."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longroom.options import DEFAULT_DATA_DIR, DataDir

if TYPE_CHECKING:
    from longroom.evaluation.evaluate import Plan


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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Measure the search on FILE.

    Its conversations become rooms of a database that is dropped afterwards, on the server of
    DATABASE_URL or the embedded one. The embedding model is that of EMBEDDING_*.
    """
    import json

    from longroom.errors import clear_errors
    from longroom.evaluation.evaluate import Plan
    from longroom.evaluation.table import table

    plan = Plan(file, form.value, phrasing.value, ablate, peers, fit, follow_ups, room_size, filler)
    with clear_errors():
        result = _run(plan, data_dir)
    typer.echo(json.dumps(result) if as_json else table(result))


def _run(plan: "Plan", data_dir: Path) -> dict[str, Any]:
    import asyncio

    from rich.console import Console

    from longroom.database import database_logins
    from longroom.evaluation.evaluate import evaluate as measure
    from longroom.progress import ProgressBars
    from retrieval.embedders import open_embedder
    from retrieval.embedders.query_batching import BatchingEmbedder
    from retrieval.settings import EmbeddingSettings

    embedder = BatchingEmbedder(open_embedder(EmbeddingSettings()))
    progress = ProgressBars(Console(stderr=True))
    with database_logins(data_dir) as logins:
        return asyncio.run(measure(logins.owner, embedder, plan, progress=progress))
