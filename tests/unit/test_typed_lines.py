"""What was typed at a chat's prompt goes once something of its conversation was erased."""

from pathlib import Path
from uuid import uuid4

from agent.outbox.recovery import recover
from agent.outbox.typed_lines import sweep_typed_lines, typed_lines_file
from tests.support.fake_backend import FakeBackend


def _typed(data_dir: Path, backend: FakeBackend) -> Path:
    room = backend.room()
    path = typed_lines_file(data_dir, room, revision=backend.revision(room))
    path.write_text("said in confidence\n")
    return path


async def test_they_are_kept_until_then_and_begun_anew_after_it(tmp_path: Path) -> None:
    backend = FakeBackend()
    client = backend.client()
    backend.erase_message(backend.room(), "long ago")
    path = _typed(tmp_path, backend)
    others = typed_lines_file(tmp_path, uuid4(), revision=0)
    others.write_text("of a conversation that this backend does not know\n")
    await sweep_typed_lines(tmp_path, client=client)
    assert typed_lines_file(tmp_path, backend.room(), revision=7) == path
    assert path.exists()
    backend.erase_participant(backend.room(), "ana")
    await sweep_typed_lines(tmp_path, client=client)
    assert not path.exists()
    assert others.exists()
    assert typed_lines_file(tmp_path, backend.room(), revision=2) != path
    await client.aclose()


async def test_a_worker_deletes_those_of_an_erased_conversation_and_the_common_file(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    path = _typed(tmp_path, backend)
    (tmp_path / "chat_history").write_text("of an earlier version\n")
    backend.erase_conversation(backend.room())
    # The room would get a new conversation; its old one is in the file's name.
    client = backend.client()
    await recover(tmp_path, client=client, timeout_s=1)
    await client.aclose()
    assert not path.exists()
    assert not (tmp_path / "chat_history").exists()
