"""A canary in each place that nothing erases: whoever does not find it looks at nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.erase.canary import Canaries
from benchmarks.erase.installation import Installation
from benchmarks.erase.live_rooms import FOLDER, PROMPTS, LiveRooms
from benchmarks.erase.look.everywhere import COMMANDS_FOLDER, LEDGER, LOGS, POSTGRES_LOG, SPANS
from benchmarks.erase.scene import OF_CONTENT, WHOLE, Scene
from retrieval.wire import MessageCreate, MessageId
from testbed.language_model_server import Prompt

WAY = "planted"


async def plant(
    one: Installation, canaries: Canaries, scenes: Sequence[Scene], live: LiveRooms | None
) -> dict[str, str]:
    """Words by the look that is to find them."""
    planted: dict[str, str] = {}
    said = canaries.new("message", WAY)
    scene = next(scene for scene in scenes if scene.way not in WHOLE)
    message = MessageCreate(
        id=MessageId("planted"),
        role="user",
        participant="Paula",
        content=f"It is said that {said} is here.",
        created_at=datetime.now(UTC),
    )
    await one.client.append_messages(scene.conversation_id, [message])
    scene.words.insert(0, said)
    planted |= dict.fromkeys(OF_CONTENT, said)
    for look, file in (
        (FOLDER, one.worker_folder / "outbox" / "planted"),
        (COMMANDS_FOLDER, one.folder / "commands" / "planted"),
        (LOGS, one.logs / "backend.log"),
        (POSTGRES_LOG, one.cluster / "server.log"),
    ):
        planted[look] = canaries.new(look, WAY)
        _append(file, planted[look])
    planted[SPANS] = canaries.new(SPANS, WAY)
    one.spans.bodies.append(planted[SPANS].encode())
    planted[LEDGER] = canaries.new(LEDGER, WAY)
    one.receipts.append(planted[LEDGER])
    if live is not None:
        planted[PROMPTS] = canaries.new(PROMPTS, WAY)
        prompt = Prompt([{"role": "user", "content": planted[PROMPTS]}])
        live.people.model.prompts.append(prompt)
    return planted


def _append(file: Path, word: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as opened:
        opened.write(f"{word}\n")
