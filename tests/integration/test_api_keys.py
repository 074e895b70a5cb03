"""Keys over their life, in the database and in a backend's keyring."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from backend_stub.access.keyring import KEPT_S, KNOWN_S, MISSED_S, Keyring
from backend_stub.access.permissions import ALL, PERMITTED, Permission
from retrieval.database.pool import connect
from retrieval.errors import KeyRefused
from retrieval.store.api_keys import create_key, keys, revoke_keys, rotate_key, split_key

EVERYTHING = """
select string_agg(api_key::text, ' ') from api_key
"""
EXPIRE = """
update api_key set expires_at = now() where key_id = $1
"""


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


async def permissions(keyring: Keyring, text: str) -> frozenset[Permission] | None:
    found = await keyring.key(text)
    return found.permissions if found else None


async def test_no_secret_is_in_the_database(db: asyncpg.Pool) -> None:
    made = [await create_key(db, name=name, scopes=["agent"]) for name in ("a", "b")]

    stored = await db.fetchval(EVERYTHING)

    for key in made:
        parts = split_key(key.text)
        assert parts is not None
        key_id, secret = parts
        assert key_id in stored
        assert secret not in stored
        assert secret[:16] not in stored
    assert made[0].text != made[1].text


async def test_a_name_has_at_most_two_valid_keys(db: asyncpg.Pool) -> None:
    first = await create_key(db, name="agent", scopes=["agent", "search"])
    with pytest.raises(KeyRefused, match="rotate"):
        await create_key(db, name="agent", scopes=["agent"])

    second = await rotate_key(db, name="agent")
    with pytest.raises(KeyRefused, match=first.key_id):
        await rotate_key(db, name="agent")
    assert await revoke_keys(db, name_or_id=first.key_id) == [first.key_id]
    third = await rotate_key(db, name="agent")

    found = {key.key_id: key for key in await keys(db, name="agent")}
    assert {key_id for key_id, key in found.items() if key.valid} == {second.key_id, third.key_id}
    assert {tuple(key.scopes) for key in found.values()} == {("agent", "search")}


async def test_rotations_at_once_make_no_third_key(db: asyncpg.Pool) -> None:
    await create_key(db, name="agent", scopes=["agent"])

    made = await asyncio.gather(
        *(rotate_key(db, name="agent") for _ in range(6)), return_exceptions=True
    )

    assert sum(not isinstance(one, BaseException) for one in made) == 1
    assert sum(key.valid for key in await keys(db)) == 2


async def test_a_name_without_a_valid_key_is_not_rotated(db: asyncpg.Pool) -> None:
    with pytest.raises(KeyRefused, match="create"):
        await rotate_key(db, name="nobody")


async def test_a_revoked_name_can_be_made_again(db: asyncpg.Pool) -> None:
    first = await create_key(db, name="import", scopes=["backfill"])
    second = await rotate_key(db, name="import")

    revoked = await revoke_keys(db, name_or_id="import")

    assert set(revoked) == {first.key_id, second.key_id}
    assert await revoke_keys(db, name_or_id="import") == []
    await create_key(db, name="import", scopes=["search"])


@pytest.mark.parametrize("scopes", [[], ["everything"], ["agent", "root"]])
async def test_the_database_takes_no_other_scopes(db: asyncpg.Pool, scopes: list[str]) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await create_key(db, name="x", scopes=scopes)  # type: ignore[arg-type]


async def test_a_key_has_what_its_scopes_permit(db: asyncpg.Pool) -> None:
    keyring = Keyring(db)
    search = await create_key(db, name="s", scopes=["search"])
    admin = await create_key(db, name="a", scopes=["admin"])

    assert await permissions(keyring, search.text) == PERMITTED["search"]
    assert await permissions(keyring, admin.text) == ALL


async def test_what_is_nearly_a_key_is_none(db: asyncpg.Pool) -> None:
    keyring = Keyring(db)
    one = await create_key(db, name="one", scopes=["admin"])
    other = await create_key(db, name="other", scopes=["admin"])
    secret = one.text.rpartition("_")[2]

    for wrong in (
        one.text[:-1],
        one.text + "0",
        one.text.upper(),
        f"lr_{other.key_id}_{secret}",
        f"lr_{one.key_id}_",
        f"lr_{one.key_id}",
        f"lr__{secret}",
        f"lr_{'0' * 12}_{secret}",
        "lr_",
        "",
        secret,
        f"lr_{one.key_id}_{'0' * 64}",
        f"lr_%_{secret}",
        f"lr_{one.key_id}_ü",
    ):
        assert await permissions(keyring, wrong) is None, wrong


async def test_a_revoked_key_is_refused_once_the_keys_are_read_again(db: asyncpg.Pool) -> None:
    clock = Clock()
    keyring = Keyring(db, clock=clock)
    revoked = await create_key(db, name="r", scopes=["admin"])
    expired = await create_key(db, name="e", scopes=["admin"], expires_in=timedelta(days=1))
    assert await permissions(keyring, revoked.text) == ALL
    assert await permissions(keyring, expired.text) == ALL

    await revoke_keys(db, name_or_id="r")
    await db.execute(EXPIRE, expired.key_id)
    clock.now_s += KNOWN_S

    assert await permissions(keyring, revoked.text) is None
    assert await permissions(keyring, expired.text) is None


async def test_a_new_key_is_taken_soon(db: asyncpg.Pool) -> None:
    clock = Clock()
    keyring = Keyring(db, clock=clock)
    assert await permissions(keyring, "lr_a_b") is None
    made = await create_key(db, name="new", scopes=["admin"])

    clock.now_s += MISSED_S

    assert await permissions(keyring, made.text) == ALL


async def test_guesses_make_no_statement_each(db: asyncpg.Pool) -> None:
    keyring = Keyring(db, clock=Clock())
    assert await permissions(keyring, "lr_a_b") is None
    await db.execute("drop table api_key")

    for number in range(100):
        assert await permissions(keyring, f"lr_{number}_b") is None


async def test_keys_are_taken_for_a_while_when_the_database_does_not_tell(
    db: asyncpg.Pool, database_url: str
) -> None:
    clock = Clock()
    pool = await connect(database_url, pool_size=1)
    keyring = Keyring(pool, clock=clock)
    made = await create_key(db, name="k", scopes=["search"])
    assert await permissions(keyring, made.text) == PERMITTED["search"]

    await pool.close()
    clock.now_s += KNOWN_S
    assert await permissions(keyring, made.text) == PERMITTED["search"]
    assert await permissions(keyring, made.text[:-1]) is None
    clock.now_s += KEPT_S
    with pytest.raises(asyncpg.InterfaceError):
        await permissions(keyring, made.text)
