"""What agents of earlier times left in the worker's data folder."""

from pathlib import Path

from agent.outbox.files import folder
from agent.outbox.storage.entry import Entry
from agent.outbox.store import OutboxStore
from agent.outbox.typed_lines import typed_lines_file
from benchmarks.erase.canary import Canaries
from benchmarks.erase.scene import ROLES, Scene


def leave_files(data_dir: Path, scene: Scene, canaries: Canaries) -> set[str]:
    """An outbox of a killed agent, with what is to be delivered and what was refused; a damaged
    copy of it, set aside; and lines typed at a prompt. Returns the canaries among it.

    A correction erases nothing: where something was corrected, there is an outbox alone.
    """
    path = folder(data_dir) / f"{scene.conversation_id}.sqlite3"
    path.parent.mkdir(parents=True, exist_ok=True)
    file = OutboxStore(path)
    said = scene.said[: len(ROLES)]
    file.add([Entry("message", one.id, one.model_dump_json()) for one in said])
    delivered, refused, *pending = file.waiting("message")
    bodies = [entry.body for entry in pending]
    if scene.way != "correction":
        file.set_aside([(refused, "it was refused")])
        bodies.append(refused.body)
        damaged = path.with_name(f"{path.name}.corrupt")
        damaged.write_bytes(b"damaged" + path.read_bytes() + refused.body.encode())
        typed = typed_lines_file(data_dir, scene.conversation_id, revision=0)
        typed.write_text(said[0].content, encoding="utf-8")
        bodies.append(said[0].content)
    file.remove([delivered])
    file.close()
    return canaries.found_in("\n".join(bodies).encode())
