"""`longroom run`: a room in the browser, with all that it needs on this machine."""

from typing import Annotated

import typer

from longroom.options import DEFAULT_DATA_DIR, DataDir, ServiceKey, known_name

DEMO_ROOM = "demo"


def run(
    room: Annotated[
        str,
        typer.Option(
            "--room",
            metavar="NAME",
            callback=known_name,
            help=f"Which room; {DEMO_ROOM}, the default, is one to try.",
        ),
    ] = DEMO_ROOM,
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65_535, help="Port of the pages; default: 8000, or a free one if that is not"
        ),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only tell the addresses; open no browser.")
    ] = False,
    service_key: ServiceKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Talk to the agent of a room in the browser: type or speak, alone or with others.

    Starts the backend, an agent and a LiveKit server until Ctrl-C. The LiveKit server is that of
    LIVEKIT_URL, or the program of LIVEKIT_SERVER_BIN, on the PATH, or built by
    deploy/livekit-server.sh.
    """
    from longroom.local_room.session import LocalRoom

    LocalRoom(room, port, not no_browser, service_key, data_dir).run()
