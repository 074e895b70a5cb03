"""`longroom search`: what a room says about something."""

from typing import TYPE_CHECKING, Annotated

import typer

from longroom.options import DEFAULT_DATA_DIR, AsJson, BackendUrl, DataDir, RoomToRead, ServiceKey

if TYPE_CHECKING:
    from longroom.client import LongroomClient
    from retrieval.wire import SearchRequest, SearchResponse


def search(
    room: RoomToRead,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="A question, or words.")],
    limit: Annotated[int, typer.Option(min=1, max=100, help="The best hits.")] = 10,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also the parts of each score.")
    ] = False,
    as_json: AsJson = False,
    backend: BackendUrl = None,
    service_key: ServiceKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Search a room. Hits are shown best first: score, when, who and what.

    Exit code 1 if there is no such room. With keys it takes one of the scope operator.
    """
    from functools import partial

    from longroom.backend_session import with_backend
    from longroom.errors import clear_errors
    from longroom.reading.lines import hit_lines, notes
    from retrieval.wire import SearchRequest

    with clear_errors():
        request = SearchRequest(query=query, limit=limit, explain=explain)
    work = partial(_search, room=room, request=request)
    found = with_backend(work, url=backend, service_key=service_key, data_dir=data_dir)
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
        return
    for line in hit_lines(found.hits, explain=explain):
        typer.echo(line)
    for note in notes(found):
        typer.echo(note, err=True)


async def _search(
    client: "LongroomClient", *, room: str, request: "SearchRequest"
) -> "SearchResponse":
    from longroom.reading.rooms import find_room

    return await client.search_conversation(await find_room(client, room), request)
