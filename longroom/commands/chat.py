"""`longroom chat`: a conversation with the agent in this terminal."""

from typing import Annotated

import typer

from longroom.options import DEFAULT_DATA_DIR, BackendUrl, DataDir, ServiceKey

DEMO_ROOM = "demo"


def chat(
    room: Annotated[
        str, typer.Option("--room", metavar="NAME", help="Which room; demo is one to try.")
    ] = DEMO_ROOM,
    identity: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="Who you are there; default: your login name."),
    ] = None,
    backend: BackendUrl = None,
    service_key: ServiceKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Talk to the agent of a room. The conversation continues where it stopped.

    At a terminal /help lists commands and keys. From a pipe each line is one turn; without any
    line the demo room asks three questions itself.
    """
    from longroom.chat.session import ChatSession

    session = ChatSession(room, identity, backend, service_key, data_dir)
    session.run()
