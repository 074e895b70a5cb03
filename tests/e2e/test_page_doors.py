"""The inspector's doors over real HTTP: signing in, cookies, other origins' pages, headers."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from backend_stub.access.keyring import KNOWN_S, MISSED_S
from retrieval.database.pool import connect
from retrieval.store.api_keys import create_key, revoke_keys
from testbed.backend_process import running_backend

SERVICE_KEY = "a service key for these tests"
COOKIE = "longroom_inspector"
TOKEN = re.compile(r'<meta name="longroom-csrf" content="([0-9a-f]{64})">')


@pytest.fixture(scope="module")
def backend(database: str) -> Iterator[str]:
    env = {"DATABASE_URL": database, "BACKEND_SERVICE_KEY": SERVICE_KEY}
    with running_backend(env, forked=True) as url:
        yield url


@pytest.fixture
async def tables(database: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await connect(database)
    yield pool
    await pool.close()


@pytest.fixture
async def browser(backend: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=backend, headers={"Origin": backend, "Accept": "text/html"}, timeout=30
    ) as client:
        yield client


async def sign_in(browser: httpx.AsyncClient, key: str, **fields: str) -> httpx.Response:
    return await browser.post("/inspect/sign-in", data={"key": key, **fields})


async def signed_in(browser: httpx.AsyncClient, key: str = SERVICE_KEY) -> str:
    """The token of the session's pages."""
    response = await sign_in(browser, key)
    assert response.status_code == 303, response.text
    found = TOKEN.search((await browser.get("/inspect")).text)
    assert found is not None
    return found[1]


async def test_a_path_that_leads_nowhere_is_told_by_a_page(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/inspect/nowhere")).status_code == 303
    await signed_in(browser)

    for path in ("/inspect/nowhere", "/inspect/conversations/none/nor/this"):
        told = await browser.get(path)
        assert told.status_code == 404
        assert told.headers["content-type"].startswith("text/html")
        assert "There is no such page." in told.text
    asked_by_a_script = await browser.get("/inspect/nowhere", headers={"Accept": "*/*"})
    assert asked_by_a_script.headers["content-type"] == "application/problem+json"
    home = await browser.get("/inspect/")
    assert (home.status_code, home.headers["location"]) == (307, "/inspect")


async def test_without_a_session_every_page_leads_to_the_sign_in(
    browser: httpx.AsyncClient,
) -> None:
    response = await browser.get("/inspect")
    assert (response.status_code, response.headers["location"]) == (303, "/inspect/sign-in")

    asked_by_htmx = await browser.get("/inspect", headers={"HX-Request": "true"})
    assert asked_by_htmx.status_code == 401
    assert asked_by_htmx.headers["hx-redirect"] == "/inspect/sign-in"

    browser.cookies.set(COOKIE, "made up")
    forged = await browser.get("/inspect")
    assert forged.status_code == 303


async def test_a_key_becomes_a_cookie_that_no_script_sees(browser: httpx.AsyncClient) -> None:
    response = await sign_in(browser, SERVICE_KEY)

    cookie = response.headers["set-cookie"]
    assert {part.strip().lower() for part in cookie.split(";")[1:]} >= {
        "httponly",
        "samesite=strict",
        "path=/inspect",
        f"max-age={int(timedelta(hours=12).total_seconds())}",
    }
    assert SERVICE_KEY not in cookie
    assert (await browser.get("/inspect")).status_code == 200


async def test_on_an_encrypted_page_the_cookie_stays_encrypted(backend: str) -> None:
    for headers in (
        {"Origin": backend.replace("http:", "https:")},  # a proxy that says nothing
        {"Origin": backend, "X-Forwarded-Proto": "https"},
    ):
        async with httpx.AsyncClient(base_url=backend, headers=headers) as browser:
            cookie = (await sign_in(browser, SERVICE_KEY)).headers["set-cookie"]
        assert cookie.startswith("__Secure-longroom_inspector=")
        assert "secure" in cookie.lower().split("; ")


async def test_wrong_keys_and_weak_scopes_are_refused(
    browser: httpx.AsyncClient, tables: asyncpg.Pool
) -> None:
    weak = await create_key(tables, name="an agent's", scopes=["agent"])

    for number, key in enumerate((weak.text, "wrong", "", "lr_1_2", "ключ", "x" * 1000)):
        browser.headers["X-Forwarded-For"] = f"192.0.2.{number}"
        response = await sign_in(browser, key)
        assert response.status_code == 403, key
        assert "set-cookie" not in response.headers
        if key:
            assert key not in response.text
    assert (await sign_in(browser, "x" * 100_000)).status_code == 413


async def test_an_address_that_guesses_has_to_wait_and_others_do_not(
    browser: httpx.AsyncClient,
) -> None:
    browser.headers["X-Forwarded-For"] = "198.51.100.7"

    statuses = [(await sign_in(browser, f"guess {number}")).status_code for number in range(12)]

    assert statuses[:4] == [403] * 4
    assert statuses[-1] == 429
    right = await sign_in(browser, SERVICE_KEY)
    assert right.status_code == 429  # or the limit would be none
    assert int(right.headers["retry-after"]) >= 1
    browser.headers["X-Forwarded-For"] = "198.51.100.8"
    assert (await sign_in(browser, SERVICE_KEY)).status_code == 303


async def test_only_a_digest_of_the_session_is_stored(
    browser: httpx.AsyncClient, tables: asyncpg.Pool
) -> None:
    await signed_in(browser)

    secret = browser.cookies[COOKIE]
    stored = await tables.fetchval("select string_agg(s::text, ' ') from page_session s")
    assert secret not in stored
    assert secret.encode().hex() not in stored
    assert SERVICE_KEY.encode().hex() not in stored


async def test_a_session_that_was_planted_before_the_sign_in_is_not_taken_over(
    browser: httpx.AsyncClient, backend: str
) -> None:
    async with httpx.AsyncClient(base_url=backend, headers={"Origin": backend}) as attacker:
        await signed_in(attacker)
        planted = attacker.cookies[COOKIE]
        browser.cookies.set(COOKIE, planted, domain=urlsplit(backend).hostname or "")

        cookie = (await sign_in(browser, SERVICE_KEY)).headers["set-cookie"]

        assert planted not in cookie
        refused = await attacker.get("/inspect", headers={"Accept": "text/html"})
        assert refused.status_code == 303  # and theirs has ended


async def test_signing_out_ends_the_session_and_not_only_the_cookie(
    browser: httpx.AsyncClient, backend: str
) -> None:
    token = await signed_in(browser)
    secret = browser.cookies[COOKIE]

    response = await browser.post("/inspect/sign-out", headers={"X-Longroom-CSRF": token})

    assert response.status_code == 303
    async with httpx.AsyncClient(base_url=backend, cookies={COOKIE: secret}) as again:
        assert (await again.get("/inspect")).status_code == 401


async def test_a_revoked_key_ends_its_sessions(
    browser: httpx.AsyncClient, tables: asyncpg.Pool
) -> None:
    key = await create_key(tables, name="operator", scopes=["admin"])
    await asyncio.sleep(MISSED_S)  # so long a new key may be refused
    await signed_in(browser, key.text)

    await revoke_keys(tables, name_or_id=key.key_id)

    async with asyncio.timeout(KNOWN_S + 10):
        while (await browser.get("/inspect")).status_code == 200:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
    assert (await browser.get("/inspect")).headers["location"] == "/inspect/sign-in"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
async def test_writes_of_other_pages_are_refused(
    browser: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    token = await signed_in(browser)

    for path in ("/inspect/sign-out", "/inspect/sign-in"):
        sent = await browser.post(
            path, headers=headers | {"X-Longroom-CSRF": token}, data={"key": SERVICE_KEY}
        )
        assert sent.status_code == 403, path
    assert (await browser.get("/inspect")).status_code == 200


async def test_a_write_that_does_not_say_where_it_comes_from_is_refused(
    browser: httpx.AsyncClient,
) -> None:
    token = await signed_in(browser)
    del browser.headers["Origin"]

    sent = await browser.post("/inspect/sign-out", headers={"X-Longroom-CSRF": token})

    assert sent.status_code == 403


@pytest.mark.parametrize("token", [None, "", "0" * 64, "open"])
async def test_a_write_without_the_sessions_token_is_refused(
    browser: httpx.AsyncClient, token: str | None
) -> None:
    await signed_in(browser)

    sent = await browser.post(
        "/inspect/sign-out", headers={} if token is None else {"X-Longroom-CSRF": token}
    )

    assert sent.status_code == 403
    assert (await browser.get("/inspect")).status_code == 200


async def test_other_pages_may_link_here_but_not_load_or_frame(browser: httpx.AsyncClient) -> None:
    await signed_in(browser)
    other = {"Sec-Fetch-Site": "cross-site"}

    link = other | {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert (await browser.get("/inspect", headers=link)).status_code == 200
    for how in (
        {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
        {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ):
        assert (await browser.get("/inspect", headers=other | how)).status_code == 403, how


@pytest.mark.parametrize(
    "path",
    ["/inspect", "/inspect/sign-in", "/inspect/nowhere", "/pages/0/htmx.min.js", "/inspect/%00"],
)
async def test_every_answer_has_the_headers_that_keep_others_out(
    browser: httpx.AsyncClient, path: str
) -> None:
    headers = (await browser.get(path)).headers

    policy = dict(
        one.strip().split(" ", 1) for one in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


async def test_what_a_page_loads_is_ours_and_may_be_kept_for_ever(
    browser: httpx.AsyncClient,
) -> None:
    await signed_in(browser)
    text = (await browser.get("/inspect")).text

    loaded = re.findall(r'(?:src|href)="(/pages/[^"]+)"', text)
    assert len(loaded) >= 6
    assert not re.search(r'(?:src|href)="(?!/)', text.replace('href="#content"', ""))
    for url in set(loaded):
        response = await browser.get(url)
        assert response.status_code == 200, url
        assert "immutable" in response.headers["cache-control"]
        assert "default-src 'none'" in response.headers["content-security-policy"]
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)", text)


@pytest.mark.parametrize(
    "name",
    ["../vendored.json", "..%2Fvendored.json", "%2e%2e/app.py", "static_files.py", "x\x00.js"],
)
async def test_no_other_file_is_served(browser: httpx.AsyncClient, name: str) -> None:
    response = await browser.get(f"/pages/0123456789abcdef/{name.replace(chr(0), '%00')}")

    assert response.status_code == 404


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/inspect/conversations/1?at=2", "/inspect/conversations/1?at=2"),
        ("/inspect", "/inspect"),
        ("https://elsewhere.example/inspect", "/inspect"),
        ("//elsewhere.example/inspect", "/inspect"),
        ("/\\elsewhere.example", "/inspect"),
        ("/inspect/../api/v1/rooms", "/inspect"),
        ("/inspector", "/inspect"),
        ("javascript:alert(1)", "/inspect"),
        ("/inspect\r\nSet-Cookie: a=b", "/inspect"),
    ],
)
async def test_the_sign_in_leads_nowhere_else(
    browser: httpx.AsyncClient, wanted: str, led_to: str
) -> None:
    response = await sign_in(browser, SERVICE_KEY, next=wanted)

    assert (response.status_code, response.headers["location"]) == (303, led_to)
