"""`longroom rooms`: which rooms there are."""

from typing import Annotated

import typer

from longroom.options import DEFAULT_DATA_DIR, AsJson, BackendUrl, DataDir, ServiceKey


def rooms(
    limit: Annotated[int, typer.Option(min=1, help="The most lately active ones.")] = 50,
    as_json: AsJson = False,
    backend: BackendUrl = None,
    service_key: ServiceKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """List rooms, lately active ones first: when that was, messages, how many of them have an
    embedding, and the name. With keys it takes one of the scope operator.
    """
    import json
    from functools import partial

    from longroom.backend_session import with_backend
    from longroom.reading.lines import room_lines
    from longroom.reading.rooms import newest_rooms

    work = partial(newest_rooms, limit=limit)
    found = with_backend(work, url=backend, service_key=service_key, data_dir=data_dir)
    if as_json:
        typer.echo(json.dumps([room.model_dump(mode="json") for room in found], indent=2))
        return
    for line in room_lines(found):
        typer.echo(line)
    typer.echo(f"{len(found)} rooms", err=True)
