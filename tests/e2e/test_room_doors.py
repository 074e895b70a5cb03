"""A room's page over real HTTP: invitations, sessions of browsers, tokens, stored messages."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import jwt
import pytest

from longroom.client import LongroomClient
from retrieval.wire import MessageCreate, MessageId
from testbed.backend_process import running_backend
from testbed.livekit_server import API_SECRET, LiveKitServer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SERVICE_KEY = "a service key for these tests"
HOSTILE = 'a/b "><script>alert(1)</script> ü'


@pytest.fixture(scope="module")
def backend(database: str, livekit_server: LiveKitServer) -> Iterator[str]:
    env = {
        "DATABASE_URL": database,
        "BACKEND_SERVICE_KEY": SERVICE_KEY,
        **livekit_server.environment,
    }
    with running_backend(env, forked=True) as url:
        yield url


@pytest.fixture
async def api(backend: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {SERVICE_KEY}"}
    async with httpx.AsyncClient(base_url=f"{backend}/api/v1", headers=headers) as client:
        yield client


class Browser:
    """As a browser sends requests from the room's page."""

    def __init__(self, http: httpx.AsyncClient, room: str) -> None:
        self.http = http
        self.page = f"/room/{quote(room, safe='')}"
        self.csrf = ""

    async def join(self, name: str, invitation: str = "") -> httpx.Response:
        response = await self.http.post(
            f"{self.page}/session", json={"name": name, "invitation": invitation}
        )
        if response.status_code == 201:
            self.csrf = response.json()["csrf"]
        return response

    async def post(self, path: str) -> httpx.Response:
        return await self.http.post(self.page + path, headers={"X-Longroom-CSRF": self.csrf})


@asynccontextmanager
async def browsing(backend: str, room: str, **headers: str) -> AsyncIterator[Browser]:
    given = {"Origin": backend, "Sec-Fetch-Site": "same-origin", **headers}
    async with httpx.AsyncClient(base_url=backend, headers=given, timeout=30) as http:
        yield Browser(http, room)


async def invited(api: httpx.AsyncClient, room: str, **wanted: Any) -> tuple[str, str]:
    """The invitation's id and the secret of its link."""
    response = await api.post(f"/rooms/{quote(room, safe='')}/invitations", json=wanted)
    assert response.status_code == 201, response.text
    made = response.json()
    link = urlsplit(made["link"])
    assert link.path == f"/room/{quote(room, safe='')}"
    told = parse_qs(link.fragment)
    assert told.get("for") == ([wanted["identity"]] if "identity" in wanted else None)
    return made["invitation_id"], told["invitation"][0]


async def test_a_link_lets_in_and_the_browser_keeps_its_name(
    backend: str, api: httpx.AsyncClient
) -> None:
    _, secret = await invited(api, HOSTILE)
    async with browsing(backend, HOSTILE) as browser:
        assert (await browser.post("/token")).status_code == 401
        joined = await browser.join("Ada", secret)
        cookie = joined.headers["set-cookie"]
        again = await browser.http.get(browser.page, headers={"Accept": "text/html"})
        answer = await browser.post("/token")
        assert answer.status_code == 200, answer.text
        token = answer.json()

    assert joined.json()["identity"] == "Ada"
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert f"Path={browser.page}" in cookie
    assert secret not in cookie
    assert 'data-identity="Ada"' in again.text
    assert "<script>alert" not in again.text
    claims = jwt.decode(token["token"], API_SECRET, algorithms=["HS256"])
    assert claims["sub"] == "Ada"
    assert claims["video"]["room"] == HOSTILE
    assert claims["attributes"] == {"longroom.shows": "recall"}
    assert token["dispatched"]


async def test_who_was_invited_to_a_conversation_does_not_see_the_rooms_next_one(
    backend: str, api: httpx.AsyncClient
) -> None:
    first = {"name": "desk", "conversation": "customer 1"}
    await api.post("/rooms", json=first)
    invitation_id, secret = await invited(api, "desk")
    async with browsing(backend, "desk") as browser:
        assert (await browser.join("ada", secret)).status_code == 201
        assert (await browser.http.get(f"{browser.page}/messages")).status_code == 200

        await api.post("/rooms", json={"name": "desk", "conversation": "customer 2"})
        assert (await browser.http.get(f"{browser.page}/messages")).status_code == 401
        assert (await browser.post("/token")).status_code == 401
        assert (await browser.join("ada", secret)).status_code == 403
        assert (await api.get("/rooms/desk/invitations")).json()["invitations"] == []
        _, second = await invited(api, "desk")
        assert (await browser.join("bob", second)).status_code == 201

        await api.post("/rooms", json=first)
        assert (await browser.http.get(f"{browser.page}/messages")).status_code == 401
        assert (await browser.join("ada", secret)).status_code == 201
        (valid,) = (await api.get("/rooms/desk/invitations")).json()["invitations"]
        assert valid["invitation_id"] == invitation_id


async def test_without_a_valid_invitation_nobody_comes_in(
    backend: str, api: httpx.AsyncClient
) -> None:
    invitation_id, secret = await invited(api, "closed")
    _, elsewhere = await invited(api, "another room")
    async with browsing(backend, "closed") as browser:
        refused = [await browser.join("Eve", guess) for guess in ("", "guess", elsewhere)]
        revoked = await api.delete(f"/rooms/closed/invitations/{invitation_id}")
        late = await browser.join("Eve", secret)

    assert [one.status_code for one in refused] == [403, 403, 403]
    assert revoked.status_code == 204
    assert late.status_code == 403


async def test_revoking_an_invitation_ends_the_sessions_of_who_came_by_it(
    backend: str, api: httpx.AsyncClient
) -> None:
    invitation_id, secret = await invited(api, "revoked")
    async with browsing(backend, "revoked") as browser:
        await browser.join("Ada", secret)
        before = await browser.http.get(f"{browser.page}/messages")
        listed = (await api.get("/rooms/revoked/invitations")).json()["invitations"]
        await api.delete(f"/rooms/revoked/invitations/{invitation_id}")
        after = await browser.http.get(f"{browser.page}/messages")

    assert before.status_code == 200
    assert [one["invitation_id"] for one in listed] == [invitation_id]
    assert secret not in str(listed)
    assert after.status_code == 401


async def test_an_invitation_for_one_person_gives_her_name(
    backend: str, api: httpx.AsyncClient
) -> None:
    _, secret = await invited(api, "personal", identity="Grace", expires_in_s=60)
    async with browsing(backend, "personal") as browser:
        joined = await browser.join("Eve", secret)

    assert joined.json()["identity"] == "Grace"


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 81, "agent-AJ_1", "Agent-7"])
async def test_names_that_mislead_are_refused(
    backend: str, api: httpx.AsyncClient, name: str
) -> None:
    _, secret = await invited(api, "names")
    async with browsing(backend, "names") as browser:
        refused = await browser.join(name, secret)

    assert refused.status_code in (409, 422)


async def test_a_session_is_for_one_room(backend: str, api: httpx.AsyncClient) -> None:
    _, secret = await invited(api, "mine")
    await invited(api, "yours")
    async with browsing(backend, "mine") as browser:
        await browser.join("Ada", secret)
        cookie = browser.http.cookies["longroom_room"]
        browser.http.cookies.clear()
        yours = await browser.http.get(
            "/room/yours/messages", headers={"Cookie": f"longroom_room={cookie}"}
        )

    assert yours.status_code == 401


async def test_pages_of_other_origins_and_requests_without_its_token_are_refused(
    backend: str, api: httpx.AsyncClient
) -> None:
    _, secret = await invited(api, "guarded")
    async with browsing(backend, "guarded") as browser:
        await browser.join("Ada", secret)
        no_token = await browser.http.post(f"{browser.page}/token")
        other = await browser.http.post(
            f"{browser.page}/token",
            headers={
                "Origin": "https://evil.example",
                "Sec-Fetch-Site": "cross-site",
                "X-Longroom-CSRF": browser.csrf,
            },
        )
        cross_site = await browser.http.get(
            f"{browser.page}/messages", headers={"Sec-Fetch-Site": "cross-site"}
        )

    assert [no_token.status_code, other.status_code, cross_site.status_code] == [403, 403, 403]


async def test_messages_come_in_pages_without_what_applications_keep_in_them(
    backend: str, api: httpx.AsyncClient
) -> None:
    client = LongroomClient(backend, key=SERVICE_KEY)
    room = await client.create_room("paged")
    said = [
        MessageCreate(
            id=MessageId(f"m{n}"),
            role="user",
            participant="ada",
            content=f"Number {n}.",
            created_at=NOON,
            metadata={"ticket": 17},
        )
        for n in range(5)
    ]
    await client.append_messages(room.conversation_id, said)
    await client.aclose()
    _, secret = await invited(api, "paged")
    async with browsing(backend, "paged") as browser:
        await browser.join("Ada", secret)
        newest = (await browser.http.get(f"{browser.page}/messages?limit=2")).json()["messages"]
        seq = newest[0]["seq"]
        older = (await browser.http.get(f"{browser.page}/messages?before={seq}")).json()
        newer = (await browser.http.get(f"{browser.page}/messages?after={seq}")).json()

    assert [one["text"] for one in newest] == ["Number 3.", "Number 4."]
    assert [one["id"] for one in older["messages"]] == ["m0", "m1", "m2"]
    assert [one["id"] for one in newer["messages"]] == ["m4"]
    assert "metadata" not in newest[0]


async def test_the_policy_lets_scripts_reach_livekit_and_nothing_else(
    backend: str, livekit_server: LiveKitServer
) -> None:
    async with browsing(backend, "policy") as browser:
        page = await browser.http.get(browser.page)
        odd = await browser.http.get("/room/a(b)")

    policy = dict(
        part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";")
    )
    host = urlsplit(livekit_server.url).netloc
    assert policy["connect-src"] == f"'self' ws://{host} http://{host}"
    assert policy["script-src"] == "'self'"
    assert "microphone=(self)" in page.headers["permissions-policy"]
    assert odd.status_code == 307
    assert odd.headers["location"] == "/room/a%28b%29"


async def test_leaving_for_good_ends_the_session(backend: str, api: httpx.AsyncClient) -> None:
    _, secret = await invited(api, "left")
    async with browsing(backend, "left") as browser:
        await browser.join("Ada", secret)
        gone = await browser.http.delete(
            f"{browser.page}/session", headers={"X-Longroom-CSRF": browser.csrf}
        )
        after = await browser.http.get(f"{browser.page}/session")

    assert gone.status_code == 204
    assert after.status_code == 401
