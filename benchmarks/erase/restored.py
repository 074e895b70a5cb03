"""A dump from before the erasures, restored beside, with the ledger replayed on it."""

from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

from benchmarks.erase.canary import Canaries, Canary
from benchmarks.erase.installation import Installation
from benchmarks.erase.look.database import look_into_tables
from retrieval.database.connection import open_connection

NAME = "restored"
NOT_IN_THE_LEDGER = ("correction", "retention")
"""What retention removes goes with its next look; corrections are to be made again."""


def dump(one: Installation) -> None:
    words = ("--format=custom", "--file", "before.dump", one.database_url)
    one.postgres_program("pg_dump", *words)


async def restore_and_replay(one: Installation) -> str:
    """Returns the database's URL."""
    connection = await open_connection(one.database_url)
    try:
        await connection.execute(f"create database {NAME}")
    finally:
        await connection.close()
    url = urlunsplit(urlsplit(one.database_url)._replace(path=f"/{NAME}"))
    one.postgres_program("pg_restore", "--dbname", url, "before.dump")
    one.command("erasures", "replay", str(one.ledger), DATABASE_URL=url)
    return url


async def found_again(url: str, canaries: Canaries) -> dict[str, set[str]]:
    erased = {canary.word for canary in _in_the_ledger(canaries.erased())}
    found = await look_into_tables(url, canaries)
    return {f"restored {look}": words & erased for look, words in found.items() if words & erased}


def _in_the_ledger(canaries: Sequence[Canary]) -> list[Canary]:
    return [one for one in canaries if one.way not in NOT_IN_THE_LEDGER]
