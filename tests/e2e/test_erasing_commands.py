"""`longroom erase` and `longroom erasures`, on real processes and a restored database."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import pytest

from longroom.client import (
    BackendRejected,
    BackendUnavailable,
    ErasureReceipt,
    LongroomClient,
)
from retrieval.database.connection import open_connection
from retrieval.wire import ERASED
from testbed.backend_process import BackendProcess, running_backend
from testbed.postgres import Server, create_database, drop_database
from tests.support.builders import message
from tests.support.canaries import relations_with, tables_with
from tests.support.command_line import CommandLine

CANARY = "zyxomelon"
SECRET = f"The {CANARY} is under the stairs."
ADMIN = "a key for the tests"


@pytest.fixture
def database(postgres: Server) -> Iterator[str]:
    name = asyncio.run(create_database(postgres))
    yield postgres.database_url(name)
    asyncio.run(drop_database(postgres.url, name))


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


@pytest.fixture
def settings(database: str, ledger: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": database,
        "BACKEND_SERVICE_KEY": ADMIN,
        "BACKEND_ERASURE_LEDGER": str(ledger),
    }


@pytest.fixture
def backend(settings: dict[str, str]) -> Iterator[str]:
    """Its address."""
    with running_backend(settings, forked=True) as url:
        yield url


@pytest.fixture
def command(backend: str, settings: dict[str, str], tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path, settings | {"BACKEND_URL": backend})


@pytest.fixture
def room(backend: str) -> UUID:
    return asyncio.run(fill(backend))


async def fill(url: str) -> UUID:
    """Of the key `case`; what ben said is secret."""
    batch = [
        message(1, "Where is it?"),
        message(2, SECRET, participant="ben"),
        message(3, "Thank you."),
        message(4, f"{CANARY}, I said.", participant="ben"),
    ]
    async with LongroomClient(url, key=ADMIN, timeout_s=30) as client:
        conversation = await client.conversation("case")
        await conversation.append_all(batch)
        return conversation.id


def canaries(url: str) -> dict[str, int]:
    async def look() -> dict[str, int]:
        async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
            return await tables_with(pool, [CANARY, "ben"])

    return asyncio.run(look())


def test_a_participant_is_erased_after_a_dry_run_and_a_receipt_is_left(
    command: CommandLine, database: str, room: UUID, tmp_path: Path, ledger: Path
) -> None:
    wanted = ("erase", "participant", "ben", "--conversation", "case")
    counted = command.run(*wanted, "--dry-run", "--json")
    assert counted.returncode == 0, counted.stderr
    assert canaries(database)["message"] == 2
    refused = command.run(*wanted)
    assert refused.returncode == 2
    assert "--yes" in refused.stderr

    receipt_file = tmp_path / "receipt.json"
    done = command.run(*wanted, "--yes", "--receipt", str(receipt_file))

    assert done.returncode == 0, done.stderr
    receipt = json.loads(receipt_file.read_text())
    assert receipt["rows"] == json.loads(counted.stdout)["rows"]
    assert receipt["rows"]["message"] == 2
    assert receipt["erasure_id"] in done.stdout
    assert canaries(database) == {}
    (line,) = [json.loads(one) for one in ledger.read_text().splitlines()]
    assert line["erasure_id"] == receipt["erasure_id"]
    assert line["conversation_id"] == str(room)
    for text in (done.stdout, receipt_file.read_text(), ledger.read_text()):
        assert "ben" not in text
        assert CANARY not in text


def test_a_message_and_a_conversation_are_erased_by_their_names(
    command: CommandLine, database: str, room: UUID
) -> None:
    done = command.run("erase", "message", "m2", "--conversation-id", str(room), "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"]["message"] == 1

    done = command.run("erase", "conversation", "--conversation", "case", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["conversations"] == [str(room)]
    assert canaries(database) == {}

    missing = command.run("erase", "conversation", "--conversation", "no such case", "--yes")
    assert missing.returncode == 1
    assert "there is no conversation 'no such case'" in missing.stderr
    nowhere = command.run("erase", "message", "m2", "--yes")
    assert nowhere.returncode == 2


def test_an_import_skips_what_was_erased_and_says_so(
    command: CommandLine, database: str, room: UUID, tmp_path: Path
) -> None:
    exported = tmp_path / "case.jsonl"
    saved = command.run("export", "--conversation", "case", "--output", str(exported))
    assert saved.returncode == 0, saved.stderr
    erased = command.run("erase", "participant", "ben", "--everywhere", "--yes")
    assert erased.returncode == 0, erased.stderr

    again = command.run("import", str(exported))

    assert again.returncode == 0, again.stderr
    assert "2 were erased" in again.stdout
    assert canaries(database) == {}


def test_a_replayed_ledger_erases_what_a_restored_backup_has_again(
    settings: dict[str, str], database: str, postgres: Server, tmp_path: Path, ledger: Path
) -> None:
    with running_backend(settings, forked=True) as url:
        room, second = asyncio.run(fill(url)), asyncio.run(fill_second(url))
    backup = copied(postgres, database)
    with running_backend(settings, forked=True) as url:
        command = CommandLine(tmp_path, settings | {"BACKEND_URL": url})
        for wanted in (
            ("participant", "ben", "--conversation", "case"),
            ("message", "m3", "--conversation", "case"),
            ("conversation", "--conversation-id", str(second)),
            ("participant", "cleo", "--everywhere"),
        ):
            done = command.run("erase", *wanted, "--yes")
            assert done.returncode == 0, done.stderr
        told = command.run("erasures", "export")
        assert told.returncode == 0, told.stderr
    exported = tmp_path / "exported.jsonl"
    exported.write_text(told.stdout)

    for file in (ledger, exported):
        restored = copied(postgres, backup)
        assert canaries(restored)
        on_restored = CommandLine(tmp_path, {"DATABASE_URL": restored})
        for _ in range(2):
            done = on_restored.run("erasures", "replay", str(file))
            assert done.returncode == 0, done.stderr
        assert canaries(restored) == {}
        assert asyncio.run(messages_of(restored)) == asyncio.run(messages_of(database))
        assert asyncio.run(sent_again(restored, room)) == ["m2", "m3"]


async def fill_second(url: str) -> UUID:
    async with LongroomClient(url, key=ADMIN, timeout_s=30) as client:
        conversation = await client.conversation("second")
        await conversation.append_all([message(1, SECRET), message(2, participant="cleo")])
        third = await client.conversation("third")
        await third.append_all([message(1), message(2, SECRET, participant="cleo")])
        return conversation.id


def copied(postgres: Server, url: str) -> str:
    """A copy of the database, as a backup or its restoration would be."""
    name = urlsplit(url).path.removeprefix("/")
    return postgres.database_url(asyncio.run(create_database(postgres, template=name)))


async def messages_of(url: str) -> list[tuple[str, str]]:
    connection = await open_connection(url)
    rows = await connection.fetch("select message_id, content from message order by 1, 2")
    await connection.close()
    return [(row["message_id"], row["content"]) for row in rows]


async def sent_again(url: str, room: UUID) -> list[str]:
    """What an outbox would send to the restored database: which of it is refused as erased."""
    env = {"DATABASE_URL": url, "BACKEND_SERVICE_KEY": ADMIN}
    with running_backend(env, forked=True) as address:
        async with LongroomClient(address, key=ADMIN, timeout_s=30) as client:
            with pytest.raises(BackendRejected) as refused:
                await client.append_messages(
                    room, [message(2, SECRET, participant="ben"), message(3, "Thank you.")]
                )
    assert refused.value.problem.type == ERASED
    return refused.value.problem.ids


def test_a_ledger_that_was_cut_off_is_replayed_and_a_wrong_one_is_refused(
    command: CommandLine, room: UUID, ledger: Path
) -> None:
    erased = command.run("erase", "message", "m2", "--conversation", "case", "--yes")
    assert erased.returncode == 0
    whole = ledger.read_text()

    ledger.write_text(whole + whole[:40])
    done = command.run("erasures", "replay", str(ledger))
    assert done.returncode == 0, done.stderr
    assert "cut off" in done.stderr
    ledger.write_text("{}\n" + whole)
    done = command.run("erasures", "replay", str(ledger))
    assert done.returncode == 2
    assert "line 1" in done.stderr


def test_scrubbing_removes_the_bytes_from_the_files_of_the_tables(
    command: CommandLine, database: str, room: UUID
) -> None:
    assert files_with_canary(database)
    done = command.run("erase", "participant", "ben", "--conversation", "case", "--yes")
    assert done.returncode == 0
    left = files_with_canary(database)  # dead rows, until they are written over

    done = command.run("erasures", "scrub", "--yes")

    assert done.returncode == 0, done.stderr
    assert left
    assert files_with_canary(database) == set()


def files_with_canary(url: str) -> set[str]:
    async def look() -> set[str]:
        connection = await open_connection(url)
        try:
            return await relations_with(connection, CANARY.encode())
        finally:
            await connection.close()

    return asyncio.run(look())


def test_an_erasure_whose_backend_is_killed_goes_on_with_the_next_one(
    settings: dict[str, str], database: str
) -> None:
    with BackendProcess(settings, forked=True) as killed:
        url = killed.url()
        room = asyncio.run(fill_long(url))
        asyncio.run(killed_amid(killed, url, database, room))
    with running_backend(settings, forked=True) as url:
        receipt = asyncio.run(erased_to_the_end(url, room))

    assert receipt.rows["message"] == LONG
    assert canaries(database) == {}


LONG = 3_000


async def fill_long(url: str) -> UUID:
    async with LongroomClient(url, key=ADMIN, timeout_s=60) as client:
        conversation = await client.conversation("long")
        await conversation.append_all(
            message(number, f"{CANARY} {number}", participant="ben") for number in range(LONG)
        )
        return conversation.id


async def killed_amid(backend: BackendProcess, url: str, database: str, room: UUID) -> None:
    """When some, and not all, of the messages are erased."""
    connection = await open_connection(database)
    async with LongroomClient(url, key=ADMIN) as client:
        erasing = asyncio.create_task(client.erase_participant("ben", conversation_id=room))
        while not await connection.fetchval("select count(*) from erased_message"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        backend.process.kill()
        with pytest.raises(BackendUnavailable):
            await erasing
    left = await connection.fetchval("select count(*) from message")
    await connection.close()
    assert 0 < left < LONG


async def erased_to_the_end(url: str, room: UUID) -> ErasureReceipt:
    async with LongroomClient(url, key=ADMIN) as client:
        while True:
            receipt = await client.erase_participant("ben", conversation_id=room)
            if receipt.complete:
                return receipt
