"""Whether the configured backend, LiveKit server and language model answer."""

from dataclasses import dataclass
from http import HTTPStatus
from uuid import uuid4

import httpx

from longroom.client import CREDENTIALS_REFUSED, BackendError, BackendRejected, LongroomClient
from longroom.client.addresses import without_user
from longroom.doctor.finding import Finding, fail, ok, warn
from longroom.errors.backend_advice import mend_of, told
from retrieval.installing import programs_installed

TIMEOUT_S = 5.0
OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True)
class Addresses:
    """None: not configured."""

    backend_url: str | None = None
    backend_key: str | None = None
    livekit_url: str | None = None
    livekit_key: str | None = None
    livekit_secret: str | None = None
    llm_base_url: str | None = None
    llm_model: str | None = None
    llm_key: str | None = None


async def examine_services(addresses: Addresses) -> list[Finding]:
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        return [
            await _backend(http, addresses),
            await _livekit(addresses),
            await _language_model(http, addresses),
        ]


async def _backend(http: httpx.AsyncClient, addresses: Addresses) -> Finding:
    if not addresses.backend_url:
        return ok("backend", "BACKEND_URL is not set; `longroom chat` starts its own")
    url = addresses.backend_url.rstrip("/")
    shown = without_user(url)
    try:
        response = await http.get(f"{url}/readyz")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        mend = "start it (`longroom backend`) or correct BACKEND_URL"
        return fail("backend", f"{shown} does not answer ({type(error).__name__})", mend=mend)
    if response.status_code == HTTPStatus.NOT_FOUND:
        mend = "correct BACKEND_URL"
        return fail("backend", f"what answers at {shown} is no Longroom backend", mend=mend)
    if not response.is_success:
        mend = "read the backend's log"
        return fail("backend", f"{shown} is not ready (HTTP {response.status_code})", mend=mend)
    return await _key(url, addresses.backend_key)


async def _key(url: str, key: str | None) -> Finding:
    """The least that an agent's key is needed for: a conversation that does not exist."""
    async with LongroomClient(url, key=key, timeout_s=TIMEOUT_S) as client:
        try:
            await client.newest_events(uuid4(), limit=1)
        except BackendRejected as error:
            if error.status in CREDENTIALS_REFUSED or error.gave_no_reason:
                return fail("backend", told(error), mend=mend_of(error))
        except BackendError as error:
            return fail("backend", told(error), mend=mend_of(error))
    return ok(
        "backend",
        f"{without_user(url)} is ready" + (" and takes BACKEND_SERVICE_KEY" if key else ""),
    )


async def _livekit(addresses: Addresses) -> Finding:
    if not addresses.livekit_url:
        return ok("livekit", "LIVEKIT_URL is not set; only `longroom worker` needs it")
    try:
        from livekit.api import ListRoomsRequest, LiveKitAPI, TwirpError
    except ModuleNotFoundError as error:
        text = f"package {error.name} is not installed"
        return fail("livekit", text, mend=programs_installed())
    import aiohttp

    mend = "correct LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET, or start the server"
    try:
        async with LiveKitAPI(
            addresses.livekit_url,
            addresses.livekit_key,
            addresses.livekit_secret,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        ) as livekit:
            rooms = await livekit.room.list_rooms(ListRoomsRequest())
    except TwirpError as error:
        return fail("livekit", f"{addresses.livekit_url} refuses us ({error.code})", mend=mend)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        text = f"{addresses.livekit_url} does not answer ({type(error).__name__})"
        return fail("livekit", text, mend=mend)
    return ok("livekit", f"{addresses.livekit_url} answers, {len(rooms.rooms)} rooms are open")


async def _language_model(http: httpx.AsyncClient, addresses: Addresses) -> Finding:
    if not addresses.llm_base_url and not addresses.llm_key:
        return ok("language model", "none is configured; answers are quotations")
    url = (addresses.llm_base_url or OPENAI).rstrip("/")
    shown = without_user(url)
    headers = {"Authorization": f"Bearer {addresses.llm_key}"} if addresses.llm_key else {}
    try:
        response = await http.get(f"{url}/models", headers=headers)
        response.raise_for_status()
        names = {str(model["id"]) for model in response.json()["data"]}
    except httpx.HTTPStatusError as error:
        text = f"{shown} refuses us (HTTP {error.response.status_code})"
        return fail("language model", text, mend="correct OPENAI_API_KEY or LLM_BASE_URL")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        text = f"{shown} does not answer ({type(error).__name__})"
        return fail("language model", text, mend="start it or correct LLM_BASE_URL")
    except (ValueError, KeyError, TypeError):
        return warn("language model", f"{shown} lists no models", mend="check LLM_BASE_URL")
    if addresses.llm_model and addresses.llm_model not in names:
        text = f"{shown} does not list {addresses.llm_model!r}"
        return warn("language model", text, mend="set LLM_MODEL to one of " + _some(names))
    return ok("language model", f"{shown} answers")


def _some(names: set[str]) -> str:
    return ", ".join(sorted(names)[:5]) or "its models"
