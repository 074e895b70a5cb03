"""`longroom chat`: a conversation with the agent in this terminal."""

from typing import Annotated

import typer

from longroom.options import (
    DEFAULT_DATA_DIR,
    BackendUrl,
    ConversationKey,
    DataDir,
    ServiceKey,
    known_name,
)

DEMO_ROOM = "demo"


def chat(
    room: Annotated[
        str | None,
        typer.Option(
            "--room",
            metavar="NAME",
            callback=known_name,
            help=f"Which room; {DEMO_ROOM}, the default, is one to try.",
        ),
    ] = None,
    conversation: ConversationKey = None,
    identity: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="NAME",
            callback=known_name,
            help="Who you are there; default: your login name.",
        ),
    ] = None,
    backend: BackendUrl = None,
    service_key: ServiceKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Talk to the agent of a room or of a customer. The conversation continues where it stopped.

    At a terminal /help lists commands and keys; exit and quit leave, and a lone digit that is no
    suggested question is sent only after a yes, since what is sent is kept. /forget takes the last
    message back. From a pipe each line is one turn; without any line the demo room asks three
    questions itself.
    """
    from longroom.chat.session import ChatSession
    from longroom.conversation_name import named

    name = named(room, conversation, otherwise=DEMO_ROOM)
    session = ChatSession(name, identity, backend, service_key, data_dir)
    session.run()
