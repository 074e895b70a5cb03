"""`longroom show`: what was said last in a room."""

from typing import Annotated

import typer

from longroom.options import DEFAULT_DATA_DIR, AsJson, BackendUrl, DataDir, RoomToRead, ServiceKey


def show(
    room: RoomToRead,
    limit: Annotated[int, typer.Option(min=1, help="The newest messages.")] = 20,
    as_json: AsJson = False,
    backend: BackendUrl = None,
    service_key: ServiceKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Show a room's newest messages, oldest first: when, who and what.

    Exit code 1 if there is no such room. With keys it takes one of the scope operator.
    """
    import json
    from functools import partial

    from longroom.backend_session import with_backend
    from longroom.reading.lines import message_lines
    from longroom.reading.rooms import newest_messages

    work = partial(newest_messages, room=room, limit=limit)
    found = with_backend(work, url=backend, service_key=service_key, data_dir=data_dir)
    if as_json:
        told = [message.model_dump(mode="json") for message in found]
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    for line in message_lines(found):
        typer.echo(line)
