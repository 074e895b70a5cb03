"""Tokens of one conversation at every route of a backend, and what they are when tampered with."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import jwt
import pytest
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from backend_stub.access.permissions import EXTENSION
from backend_stub.access.tokens import LEEWAY_S, MAX_TOKEN_CHARS
from backend_stub.app import API, create_app
from backend_stub.settings import BackendSettings
from longroom.client import BackendRejected, LongroomClient
from retrieval.settings import DatabaseSettings
from retrieval.store.api_keys import create_key, revoke_keys
from tests.support.refusals import refused
from tests.support.wire_examples import message

SERVICE = "a key for the tests"
SECRET = "one secret of these tests, long enough"
OTHER_SECRET = "another secret of these tests, long enough"
Claims = dict[str, Any]

EXPIRE = """
update api_key set expires_at = now() where key_id = $1
"""


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


@dataclass
class Backends:
    """Backends on one database; each may be started anew with other settings."""

    db: asyncpg.Pool
    url: str
    open_ones: list[LifespanManager] = field(default_factory=list)

    async def start(self, **settings: Any) -> httpx.AsyncClient:
        given = {"service_key": SecretStr(SERVICE), "token_secret": SecretStr(SECRET)} | settings
        manager = LifespanManager(
            create_app(
                BackendSettings(
                    database=DatabaseSettings(url=self.url), embedding_worker=False, **given
                )
            ),
            startup_timeout=60,
            shutdown_timeout=60,
        )
        self.open_ones.append(manager)
        await manager.__aenter__()
        transport = httpx.ASGITransport(manager.app)
        return httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1{API}")


@pytest.fixture
async def backends(db: asyncpg.Pool, database_url: str) -> AsyncIterator[Backends]:
    found = Backends(db, database_url)
    yield found
    for manager in found.open_ones:
        await manager.__aexit__()


@pytest.fixture
async def api(backends: Backends) -> httpx.AsyncClient:
    return await backends.start()


async def conversation(api: httpx.AsyncClient, key: str = SERVICE) -> UUID:
    made = await api.post("/conversations", json={"key": uuid4().hex}, headers=bearer(key))
    assert made.status_code == 201, made.text
    return UUID(made.json()["conversation_id"])


async def token(
    api: httpx.AsyncClient, conversation_id: UUID, key: str = SERVICE, **wanted: Any
) -> str:
    made = await api.post(
        f"/conversations/{conversation_id}/tokens",
        json={"subject": "ada"} | wanted,
        headers=bearer(key),
    )
    assert made.status_code == 201, made.text
    return str(made.json()["token"])


async def read(api: httpx.AsyncClient, conversation_id: UUID, credential: str) -> httpx.Response:
    path = f"/conversations/{conversation_id}/messages"
    return await api.get(path, headers=bearer(credential))


async def append(
    api: httpx.AsyncClient, conversation_id: UUID, credential: str, **batch: Any
) -> httpx.Response:
    path = f"/conversations/{conversation_id}/messages"
    return await api.post(path, json=batch, headers=bearer(credential))


async def test_a_token_has_its_claims_and_says_when_it_ends(api: httpx.AsyncClient) -> None:
    here = await conversation(api)
    wanted = {"subject": "ada", "room": "den", "permissions": ["append", "read", "append"]}

    made = await api.post(
        f"/conversations/{here}/tokens",
        json=wanted | {"expires_in_s": 120},
        headers=bearer(SERVICE),
    )

    answer = made.json()
    claims = jwt.decode(answer["token"], options={"verify_signature": False})
    assert claims["sub"] == "ada"
    assert claims["room"] == "den"
    assert claims["conversation"] == str(here)
    assert claims["permissions"] == ["append", "read"]
    assert claims["jti"] == answer["token_id"]
    assert claims["exp"] - claims["iat"] == pytest.approx(120)
    assert SERVICE not in json.dumps(claims)
    assert jwt.get_unverified_header(answer["token"])["alg"] == "HS256"


async def test_by_itself_a_token_reads_and_searches_for_ten_minutes(api: httpx.AsyncClient) -> None:
    claims = jwt.decode(
        await token(api, await conversation(api)), options={"verify_signature": False}
    )

    assert claims["permissions"] == ["read", "search"]
    assert claims["exp"] - claims["iat"] == pytest.approx(600)
    assert claims["room"] is None


async def test_a_token_opens_the_routes_of_its_permissions_in_its_conversation_alone(
    api: httpx.AsyncClient,
) -> None:
    here, other = await conversation(api), await conversation(api)
    description = (await api.get("/openapi.json", headers=bearer(SERVICE))).json()
    routes = [
        (method.upper(), path.removeprefix(API), route[EXTENSION])
        for path, methods in description["paths"].items()
        for method, route in methods.items()
        if EXTENSION in route
    ]
    opened = 0
    for permissions in (["read"], ["search"], ["append"], ["read", "search", "append"]):
        credential = await token(api, here, permissions=permissions)
        for method, path, permission in routes:
            for where in (here, other):
                filled = path.format(
                    conversation_id=where,
                    room="r",
                    session_id="s",
                    agent_name="a",
                    worker_id="w",
                    message_id="m",
                    identity="ada",
                    question_id="m",
                    invitation_id="i",
                )
                response = await api.request(method, filled, headers=bearer(credential))
                inside = "{conversation_id}" in path and where == here
                if inside and permission in permissions:
                    assert response.status_code not in (401, 403), (method, path, response.text)
                    opened += 1
                else:
                    refused(response, 403)
    assert opened >= 8


@pytest.mark.parametrize("path", ["/metrics", "/openapi.json", "/docs"])
async def test_a_token_sees_neither_figures_nor_description(backends: Backends, path: str) -> None:
    api = await backends.start(metrics="key", docs="key")

    credential = await token(api, await conversation(api))

    refused(await api.get(path, headers=bearer(credential)), 403)
    assert (await api.get(path, headers=bearer(SERVICE))).status_code == 200


@pytest.mark.parametrize("written", [str.upper, str])
async def test_an_id_is_the_same_however_it_is_written(
    api: httpx.AsyncClient, written: Callable[[str], str]
) -> None:
    here = await conversation(api)
    credential = await token(api, here)

    response = await api.get(
        f"/conversations/{written(str(here))}/messages", headers=bearer(credential)
    )

    assert response.status_code == 200


async def test_a_token_appends_what_its_subject_says(api: httpx.AsyncClient) -> None:
    here = await conversation(api)
    credential = await token(api, here, permissions=["append"], room="den")
    said = message(id="m1", role="user", participant="ada", room="den")

    assert (await append(api, here, credential, messages=[said])).status_code == 200
    wrongs: list[dict[str, Any]] = [
        {"role": "assistant"},
        {"role": "system"},
        {"role": "tool"},
        {"participant": "grace"},
        {"participant": "Ada"},
        {"room": "attic"},
        {"room": None},
        {"epoch": 1},
        {"epoch": 0},
    ]
    for wrong in wrongs:
        batch = [said | {"id": "first"}, said | {"id": "second"} | wrong]
        problem = refused(await append(api, here, credential, messages=batch), 403)
        assert "messages[1]" in problem.detail
        assert all(name in problem.detail for name in wrong)
    for batch_field in ({"epoch": 1}, {"epoch": 0}, {"room": "den"}):
        refused(await append(api, here, credential, messages=[said], **batch_field), 403)

    page = (await read(api, here, SERVICE)).json()
    assert [one["id"] for one in page["messages"]] == ["m1"]


async def test_a_token_without_a_room_appends_in_any(api: httpx.AsyncClient) -> None:
    here = await conversation(api)
    credential = await token(api, here, permissions=["append"])

    for number, room in enumerate((None, "den")):
        said = message(id=f"m{number}", role="user", participant="ada", room=room)
        assert (await append(api, here, credential, messages=[said])).status_code == 200


def tampered(token_text: str, change: Callable[[Claims], None], secret: str = SECRET) -> str:
    claims = jwt.decode(token_text, options={"verify_signature": False})
    change(claims)
    return jwt.encode(claims, secret, algorithm="HS256")


def unsigned(token_text: str, algorithm: str) -> str:
    head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
    return f"{head.decode().rstrip('=')}.{token_text.split('.')[1]}."


def raw(claims: str, secret: str = SECRET) -> str:
    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    head = json.dumps({"alg": "HS256"}).encode()
    signed = f"{part(head)}.{part(claims.encode())}"
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{part(mac)}"


CHANGES: Mapping[str, Callable[[Claims], None]] = {
    "another issuer": lambda claims: claims.update(iss="other"),
    "another audience": lambda claims: claims.update(aud="other"),
    "several audiences": lambda claims: claims.update(aud=["longroom-backend", "other"]),
    "expired": lambda claims: claims.update(iat=time.time() - 100, exp=time.time() - LEEWAY_S - 2),
    "from the future": lambda claims: claims.update(
        iat=time.time() + LEEWAY_S + 5, exp=time.time() + 100
    ),
    "too long": lambda claims: claims.update(exp=claims["iat"] + 4000),
    "infinite": lambda claims: claims.update(exp=float("inf")),
    "not yet": lambda claims: claims.update(nbf=time.time() + 100),
    "expiry as text": lambda claims: claims.update(exp=str(int(claims["exp"]))),
    "no one's": lambda claims: claims.update(sub=""),
    "a number for a subject": lambda claims: claims.update(sub=7),
    "an unknown permission": lambda claims: claims["permissions"].append("rooms"),
    "permissions as text": lambda claims: claims.update(permissions="read"),
    "an unknown claim": lambda claims: claims.update(scope="admin"),
    "an unknown key": lambda claims: claims.update(key="0" * 12),
    "the service key by name": lambda claims: claims.update(key="service"),
    "the service key by a wrong mark": lambda claims: claims.update(key="service:" + "0" * 16),
    "an open backend": lambda claims: claims.update(key="open"),
    "no conversation": lambda claims: claims.update(conversation="all"),
} | {
    f"without {claim}": lambda claims, claim=claim: claims.pop(claim)
    for claim in (
        "iss",
        "aud",
        "sub",
        "room",
        "conversation",
        "permissions",
        "iat",
        "exp",
        "jti",
        "key",
    )
}


@pytest.mark.parametrize("name", CHANGES)
async def test_what_is_signed_but_says_something_else_is_refused(
    api: httpx.AsyncClient, name: str
) -> None:
    """Also with our secret: a token is what this backend issues, and nothing near it."""
    here = await conversation(api)
    good = await token(api, here)
    assert (await read(api, here, tampered(good, lambda _: None))).status_code == 200

    problem = refused(await read(api, here, tampered(good, CHANGES[name])), 401)

    assert "ask for a new one" in problem.detail


async def test_what_is_not_signed_by_this_backend_is_refused(api: httpx.AsyncClient) -> None:
    here = await conversation(api)
    good = await token(api, here)
    head, body, mac = good.split(".")
    other = (await token(api, await conversation(api))).split(".")

    for wrong in (
        unsigned(good, "none"),
        unsigned(good, "None"),
        unsigned(good, "HS256"),
        unsigned(good, "HS512"),
        jwt.encode(
            jwt.decode(good, options={"verify_signature": False}), SECRET * 2, algorithm="HS512"
        ),
        tampered(good, lambda _: None, OTHER_SECRET),
        f"{head}.{body}.{other[2]}",
        f"{head}.{other[1]}.{mac}",
        f"{head}.{body}.{mac[:-2]}",
        f"{head}.{body}.",
        f".{body}.{mac}",
        f"{head}..{mac}",
        "..",
        "a.b.c",
        "ü.ü.ü",
        raw("[]"),
        raw("null"),
        raw('"text"'),
        raw("{"),
        raw('{"exp": 1e400}'),
        raw("[" * 5000),
        "x" * MAX_TOKEN_CHARS + ".a.b",
    ):
        response = await api.get(
            f"/conversations/{here}/messages",
            headers={b"Authorization": f"Bearer {wrong}".encode("latin-1")},
        )
        refused(response, 401)


async def test_a_token_ends_with_the_key_that_made_it(
    api: httpx.AsyncClient, backends: Backends
) -> None:
    revoked = await create_key(backends.db, name="revoked", scopes=["agent"])
    expired = await create_key(backends.db, name="expired", scopes=["agent"])
    here = await conversation(api)
    by_revoked = await token(api, here, revoked.text)
    by_expired = await token(api, here, expired.text)
    by_service = await token(api, here)

    await revoke_keys(backends.db, name_or_id="revoked")
    await backends.db.execute(EXPIRE, expired.key_id)
    fresh = await backends.start()  # what this one has read is older

    assert (await read(fresh, here, by_service)).status_code == 200
    assert "revoked" in refused(await read(fresh, here, by_revoked), 401).detail
    refused(await read(fresh, here, by_expired), 401)


async def test_another_service_key_ends_the_tokens_of_the_one_before(backends: Backends) -> None:
    api = await backends.start()
    here = await conversation(api)
    before = await token(api, here)

    changed = await backends.start(service_key=SecretStr("another key"))

    refused(await read(changed, here, before), 401)


async def test_what_is_revoked_stays_so_and_later_tokens_are_taken(backends: Backends) -> None:
    api = await backends.start()
    here, other = await conversation(api), await conversation(api)
    before, beside = await token(api, here), await token(api, other)

    done = await api.delete(f"/conversations/{here}/tokens", headers=bearer(SERVICE))
    after = await token(api, here)

    assert done.status_code == 204
    for backend in (api, await backends.start()):
        assert "revoked" in refused(await read(backend, here, before), 401).detail
        assert (await read(backend, here, after)).status_code == 200
        assert (await read(backend, other, beside)).status_code == 200


async def test_tokens_of_a_conversation_that_is_none_are_not_found(api: httpx.AsyncClient) -> None:
    path = f"/conversations/{uuid4()}/tokens"

    refused(await api.post(path, json={"subject": "ada"}, headers=bearer(SERVICE)), 404)
    refused(await api.delete(path, headers=bearer(SERVICE)), 404)


async def test_the_secret_before_is_taken_while_it_is_set(backends: Backends) -> None:
    old = await backends.start()
    here = await conversation(old)
    before = await token(old, here)

    both = await backends.start(
        token_secret=SecretStr(OTHER_SECRET), token_secret_previous=SecretStr(SECRET)
    )
    after = await token(both, here)
    only_new = await backends.start(token_secret=SecretStr(OTHER_SECRET))
    only_old = await backends.start(token_secret=None, token_secret_previous=SecretStr(SECRET))

    assert (await read(both, here, before)).status_code == 200
    assert (await read(both, here, after)).status_code == 200
    assert (await read(only_new, here, after)).status_code == 200
    refused(await read(only_new, here, before), 401)
    assert (await read(only_old, here, before)).status_code == 200
    refused(await read(only_old, here, after), 401)


async def test_without_a_secret_there_are_no_tokens_and_the_setting_is_named(
    backends: Backends,
) -> None:
    with_secret = await backends.start()
    here = await conversation(with_secret)
    credential = await token(with_secret, here)
    api = await backends.start(token_secret=None)

    made = await api.post(
        f"/conversations/{here}/tokens", json={"subject": "ada"}, headers=bearer(SERVICE)
    )

    assert "BACKEND_TOKEN_SECRET" in refused(made, 409).detail
    assert "BACKEND_TOKEN_SECRET" in refused(await read(api, here, credential), 401).detail


async def test_an_open_backend_holds_its_tokens_to_their_conversation(backends: Backends) -> None:
    api = await backends.start(service_key=None)
    here, other = await conversation(api), await conversation(api)
    credential = await token(api, here)
    closed = await backends.start()

    assert (await read(api, here, credential)).status_code == 200
    refused(await read(api, other, credential), 403)
    refused(await read(api, here, credential + "x"), 401)
    refused(await read(closed, here, credential), 401)
    foreign = await api.get(
        f"/conversations/{here}/messages",
        headers=bearer(credential) | {"Host": "rebound.example"},
    )
    refused(foreign, 403)


async def test_the_longest_names_make_tokens_that_are_taken(api: httpx.AsyncClient) -> None:
    here = await conversation(api)
    credential = await token(api, here, subject="🦉" * 256, room="🏠" * 256)

    assert len(credential) < MAX_TOKEN_CHARS
    assert (await read(api, here, credential)).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": ""},
        {"subject": "a\nb"},
        {"permissions": []},
        {"permissions": ["rooms"]},
        {"permissions": ["tokens"]},
        {"permissions": "read"},
        {"expires_in_s": 59},
        {"expires_in_s": 3601},
        {"expires_in_s": 600.5},
        {"room": ""},
        {"scope": "admin"},
    ],
)
async def test_a_token_is_asked_for_in_its_fields(
    api: httpx.AsyncClient, wrong: dict[str, Any]
) -> None:
    here = await conversation(api)

    made = await api.post(
        f"/conversations/{here}/tokens", json={"subject": "ada"} | wrong, headers=bearer(SERVICE)
    )

    refused(made, 422)


async def test_two_authorization_headers_are_refused(api: httpx.AsyncClient) -> None:
    here = await conversation(api)
    header = ("Authorization", f"Bearer {SERVICE}")

    response = await api.get(f"/conversations/{here}/messages", headers=[header, header])

    assert "one Authorization" in refused(response, 401).detail


async def test_a_client_makes_a_token_and_another_lives_on_it(backends: Backends) -> None:
    api = await backends.start()
    transport = api._transport

    def client(key: str) -> LongroomClient:
        return LongroomClient("http://127.0.0.1", key=key, transport=transport, timeout_s=30)

    longroom = client(SERVICE)
    conversation_here = await longroom.conversation("customer-4711")
    made = await conversation_here.token("ada", permissions=["read", "search", "append"])
    page = client(made.token).open(conversation_here.id)

    await page.append("Parcels for Hal go to the red boathouse.", participant="ada")
    assert [one.participant for one in await page.recent()] == ["ada"]
    with pytest.raises(BackendRejected, match="subject"):
        await page.append("I agree.", participant="hal")
    with pytest.raises(BackendRejected, match="alone"):
        await client(made.token).conversation("customer-4711")
    await conversation_here.revoke_tokens()
    with pytest.raises(BackendRejected, match="revoked"):
        await page.recent()


ORIGIN = "https://app.example.com"


async def preflight(api: httpx.AsyncClient, origin: str) -> httpx.Response:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return await api.options(f"/conversations/{uuid4()}/search", headers=asked)


async def test_pages_of_the_origins_that_are_named_may_call(backends: Backends) -> None:
    api = await backends.start(cors_origins=f"{ORIGIN}, http://localhost:5173")
    here = await conversation(api)
    credential = await token(api, here)

    for origin in (ORIGIN, "http://localhost:5173"):
        allowed = await preflight(api, origin)
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == origin
        assert "access-control-allow-credentials" not in allowed.headers
    answer = await api.get(
        f"/conversations/{here}/messages", headers=bearer(credential) | {"Origin": ORIGIN}
    )
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    refusal = await api.get(f"/conversations/{here}/messages", headers={"Origin": ORIGIN})
    assert refused(refusal, 401)
    assert refusal.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "https://app.example.com.evil.example", "null"]
)
async def test_pages_of_other_origins_may_not(backends: Backends, origin: str) -> None:
    for settings in ({"cors_origins": ORIGIN}, {}):
        api = await backends.start(**settings)

        assert "access-control-allow-origin" not in (await preflight(api, origin)).headers
        answer = await api.get("/healthz", headers={"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "origins", ["*", "https://app.example.com/", "app.example.com", "null", f"{ORIGIN}, *"]
)
def test_an_origin_is_exact(origins: str) -> None:
    with pytest.raises(ValueError, match="exact origins"):
        BackendSettings(cors_origins=origins)
