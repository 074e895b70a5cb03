"""All the looks together: where each canary is found."""

from collections.abc import Sequence

from benchmarks.erase.canary import Canaries, Found
from benchmarks.erase.installation import Installation
from benchmarks.erase.live_rooms import FOLDER, PROMPTS, LiveRooms, look_into_folder
from benchmarks.erase.look.database import look_into_files, look_into_tables
from benchmarks.erase.look.endpoints import Endpoints
from benchmarks.erase.scene import FILES, Scene

LOGS = "logs of backend and worker"
POSTGRES_LOG = "PostgreSQL's log"
SPANS = "spans"
LEDGER = "the ledger and receipts"
COMMANDS_FOLDER = "the commands' data folder"

NOT_LOOKED_INTO = (
    "WAL, archives of it and backups",
    "files that users wrote themselves: exports, rejected lines beside imported files, receipts",
    "what LiveKit's server and the language model's provider keep",
    "swap, and blocks of the file system that no file has",
)


async def look(
    one: Installation,
    canaries: Canaries,
    scenes: Sequence[Scene],
    live: LiveRooms | None,
    *,
    queries: int,
) -> Found:
    """`queries`: searches for its canaries at most, in each conversation."""
    endpoints = Endpoints(
        one.url,
        canaries,
        rooms={scene.conversation_id: scene.name for scene in scenes},
        others=[] if live is None else live.conversations(),
        queries={scene.conversation_id: scene.words[:queries] for scene in scenes},
    )
    found = await endpoints.look(
        ids={scene.conversation_id: [*scene.ids, *scene.questions] for scene in scenes},
        people=sorted({scene.person for scene in scenes}),
    )
    found |= await look_into_tables(one.database_url, canaries)
    found[FOLDER] = look_into_folder(one.worker_folder, canaries)
    found[COMMANDS_FOLDER] = look_into_folder(one.folder / "commands", canaries)
    found[PROMPTS] = set() if live is None else live.prompts()
    found[LOGS] = look_into_folder(one.logs, canaries)
    log = (one.cluster / "server.log").read_bytes()
    found[POSTGRES_LOG] = canaries.found_in(log)
    found[SPANS] = canaries.found_in(b"\n".join(one.spans.bodies))
    told = [*one.receipts, one.ledger.read_text() if one.ledger.exists() else ""]
    found[LEDGER] = canaries.found_in("\n".join(told).encode())
    return found


async def look_before(
    one: Installation,
    canaries: Canaries,
    scenes: Sequence[Scene],
    live: LiveRooms | None,
    *,
    queries: int,
) -> Found:
    """With the files of the tables, while everything still stands in them."""
    found = dict(await look(one, canaries, scenes, live, queries=queries))
    found[FILES] = await look_into_files(one.database_url, canaries)
    return found
