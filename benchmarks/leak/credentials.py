"""Who asks: everybody that there is, and everybody that somebody might make up."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_args

import httpx
import jwt

from backend_stub.access.permissions import ALL, PERMITTED
from benchmarks.leak.world import API, LETTERS, SERVICE_KEY, SUBJECT, World
from retrieval.database.pool import connect
from retrieval.store.api_keys import Scope, create_key, revoke_keys

TOKEN_SECRET = "signs the tokens of this benchmark alone"  # noqa: S105
READING = frozenset({"read", "search", "run", "export"})

EXPIRE = """
update api_key set expires_at = now() - interval '1 minute' where key_id = $1
"""


@dataclass(frozen=True)
class Credential:
    name: str
    bearer: str | None = None
    permissions: frozenset[str] = frozenset()
    conversation: str | None = None
    """The letter of a token's only one."""

    def may(self, permission: str | None, letter: str | None) -> bool:
        """`letter` is None where the path names neither conversation."""
        if permission is None:
            return True
        return permission in self.permissions and self.conversation in (None, letter)

    def sees(self, letter: str) -> bool:
        return bool(self.permissions & READING) and self.conversation in (None, letter)

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [] if self.bearer is None else [("Authorization", f"Bearer {self.bearer}")]


async def credentials(world: World) -> list[Credential]:
    pool = await connect(world.database_url, pool_size=2)
    try:
        keys = {
            scope: (await create_key(pool, name=scope, scopes=[scope])).text
            for scope in get_args(Scope)
        }
        revoked = await create_key(pool, name="revoked", scopes=["admin"])
        expired = await create_key(
            pool, name="expired", scopes=["admin"], expires_in=timedelta(days=1)
        )
        of_revoked = await _token(world, "a", revoked.text)
        await revoke_keys(pool, name_or_id="revoked")
        await pool.execute(EXPIRE, expired.key_id)
    finally:
        await pool.close()
    before = {letter: await _token(world, letter, SERVICE_KEY) for letter in LETTERS}
    await _revoke_tokens(world)
    tokens = await _tokens(world)
    good = {one.name: one.bearer or "" for one in tokens}
    found = [Credential("service key", SERVICE_KEY, frozenset(ALL))]
    found += [Credential(f"scope {scope}", key, PERMITTED[scope]) for scope, key in keys.items()]
    worthless = {
        "wrong": "wrong",
        "empty": "",
        "made-up key": f"lr_{'0' * 12}_{'0' * 64}",
        "key of two": f"{keys['admin'].rpartition('_')[0]}_{keys['search'].rpartition('_')[2]}",
        "truncated key": keys["admin"][:-1],
        "revoked key": revoked.text,
        "expired key": expired.text,
        "token of a revoked key": of_revoked,
        "revoked token": before["a"],
        **_forged(good["token a"], good["token b"], str(world.conversations["b"])),
    }
    return [
        Credential("none"),
        *found,
        *tokens,
        *(Credential(name, bearer) for name, bearer in worthless.items()),
    ]


async def _tokens(world: World) -> list[Credential]:
    wanted: dict[str, tuple[str, dict[str, Any]]] = {
        "token a": ("a", {"permissions": ["read", "search", "append"]}),
        "token a, read": ("a", {"permissions": ["read"]}),
        "token a, search": ("a", {"permissions": ["search"]}),
        "token a, append": ("a", {"permissions": ["append"]}),
        "token a, in a room": ("a", {"permissions": ["read", "append"], "room": "room-a"}),
        "token b": ("b", {"permissions": ["read", "search", "append"]}),
    }
    return [
        Credential(
            name,
            await _token(world, letter, SERVICE_KEY, **how),
            frozenset(how["permissions"]),
            letter,
        )
        for name, (letter, how) in wanted.items()
    ]


async def _token(world: World, letter: str, key: str, **wanted: Any) -> str:
    path = f"{API}/conversations/{world.conversations[letter]}/tokens"
    body = {"subject": SUBJECT, "expires_in_s": 3600} | wanted
    async with httpx.AsyncClient(base_url=world.url, timeout=60) as client:
        made = await client.post(path, json=body, headers={"Authorization": f"Bearer {key}"})
    assert made.status_code == 201, made.text
    return str(made.json()["token"])


async def _revoke_tokens(world: World) -> None:
    headers = {"Authorization": f"Bearer {SERVICE_KEY}"}
    async with httpx.AsyncClient(base_url=world.url, headers=headers, timeout=60) as client:
        for letter in LETTERS:
            path = f"{API}/conversations/{world.conversations[letter]}/tokens"
            assert (await client.delete(path)).status_code == 204


def _forged(token: str, of_b: str, other_id: str) -> dict[str, str]:
    head, body, mac = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    said_b = claims | {"conversation": other_id}
    now = time.time()

    def signed(secret: str = TOKEN_SECRET, algorithm: str = "HS256", **changed: Any) -> str:
        return jwt.encode(claims | changed, secret, algorithm=algorithm)

    part: Callable[[Any], str] = _part
    return {
        "alg none": f"{part({'alg': 'none'})}.{part(said_b)}.",
        "alg None": f"{part({'alg': 'None'})}.{part(said_b)}.{mac}",
        "alg HS512": signed(TOKEN_SECRET * 2, "HS512"),
        "other secret": signed("another secret that is just as long as ours"),
        "empty secret": f"{part({'alg': 'HS256'})}.{part(said_b)}.{'A' * 43}",
        "claims of another conversation": f"{head}.{part(said_b)}.{mac}",
        "body of another token": f"{head}.{of_b.split('.')[1]}.{mac}",
        "truncated token": token[:-4],
        "without signature": f"{head}.{body}.",
        "expired token": signed(iat=now - 3000, exp=now - 60),
        "token of the future": signed(iat=now + 600, exp=now + 1200),
        "endless token": signed(exp=now + 10**8),
        "token for others": signed(aud="another"),
        "token by others": signed(iss="another"),
        "token without conversation": jwt.encode(
            {name: claim for name, claim in claims.items() if name != "conversation"},
            TOKEN_SECRET,
            algorithm="HS256",
        ),
        "token for all": signed(permissions=sorted(ALL)),
        "token of no key": signed(key="service"),
        "key id header": f"{part({'alg': 'HS256', 'kid': '../../dev/null'})}.{body}.{mac}",
    }


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
