"""A web backend that opens calls: each in a room of a new name, all of a customer's remembered.

Start it with `python -m examples.web_backend`; the page that it serves is in `voice/`.
"""

import argparse
import json
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from secrets import token_hex, token_urlsafe
from urllib.parse import urlsplit

from aiohttp import web
from livekit import api

from longroom.client import DEFAULT_URL, BackendError, LongroomClient, Message

PAGE = web.AppKey("page", Path)
AGENT_NAME = web.AppKey("agent_name", str)
LONGROOM = web.AppKey("longroom", LongroomClient)
SIGNED_IN = web.AppKey("signed_in", dict[str, str])
"""Customers by the secret in their cookie."""

SETTINGS = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
SCHEMES = ("ws", "wss", "http", "https")

routes = web.RouteTableDef()


@routes.post("/sign-in")
async def sign_in(request: web.Request) -> web.Response:
    """A toy that believes everybody: put the sign-in of your customers in its place."""
    customer = str((await request.post()).get("customer", "")).strip()
    if not customer.isprintable() or not 0 < len(customer) <= 100:
        raise web.HTTPBadRequest(text="Who is calling?")
    cookie = token_urlsafe()
    request.app[SIGNED_IN][cookie] = customer
    response = web.json_response({"customer": customer})
    response.set_cookie("customer", cookie, httponly=True, samesite="Strict")
    return response


@routes.post("/calls")
async def open_call(request: web.Request) -> web.Response:
    """A token for a new room. Joining creates the room, and sends it an agent that knows whose
    conversation it serves: the token is signed, so that nobody opens that of another.
    """
    customer = customer_of(request)
    room = f"call-{token_hex(8)}"
    agent = api.RoomAgentDispatch(
        agent_name=request.app[AGENT_NAME],
        metadata=json.dumps({"conversation": conversation_of(customer)}),
    )
    token = (
        api.AccessToken()  # signed with LIVEKIT_API_KEY and LIVEKIT_API_SECRET
        .with_identity(customer)
        .with_grants(api.VideoGrants(room_join=True, room=room, can_publish_sources=["microphone"]))
        .with_room_config(api.RoomConfiguration(agents=[agent]))
        .with_ttl(timedelta(minutes=10))
    )
    return web.json_response(
        {"room": room, "url": os.environ["LIVEKIT_URL"], "token": token.to_jwt()}
    )


@routes.get("/messages")
async def recent_messages(request: web.Request) -> web.Response:
    """What was said last in any of the customer's calls, oldest first."""
    key = conversation_of(customer_of(request))
    try:
        conversation = await request.app[LONGROOM].conversation(key)
        messages = await conversation.recent(20)
    except BackendError:
        raise web.HTTPServiceUnavailable(text="The memory does not answer.") from None
    return web.json_response([summary(message) for message in messages])


def summary(message: Message) -> dict[str, str]:
    return {
        "role": message.role,
        "by": message.participant,
        "at": message.created_at.isoformat(),
        "said": message.content,
    }


@routes.get("/")
async def page(request: web.Request) -> web.FileResponse:
    """The policy lets the page reach this backend and the LiveKit server, and no other host."""
    host = urlsplit(os.environ["LIVEKIT_URL"]).netloc
    reached = " ".join(["'self'", *(f"{scheme}://{host}" for scheme in SCHEMES)])
    policy = f"default-src 'self'; connect-src {reached}; style-src 'unsafe-inline'"
    return web.FileResponse(
        request.app[PAGE] / "index.html", headers={"Content-Security-Policy": policy}
    )


@routes.get("/call.js")
async def script(request: web.Request) -> web.FileResponse:
    return web.FileResponse(request.app[PAGE] / "call.js")


@routes.get("/livekit-client.mjs")
async def livekit_client(request: web.Request) -> web.FileResponse:
    folder = request.app[PAGE] / "node_modules" / "livekit-client" / "dist"
    return web.FileResponse(folder / "livekit-client.esm.mjs")


def customer_of(request: web.Request) -> str:
    customer = request.app[SIGNED_IN].get(request.cookies.get("customer", ""))
    if customer is None:
        raise web.HTTPUnauthorized(text="Sign in first.")
    return customer


def conversation_of(customer: str) -> str:
    return f"customer {customer}"


async def longroom(app: web.Application) -> AsyncIterator[None]:
    url = os.environ.get("BACKEND_URL") or DEFAULT_URL
    async with LongroomClient(url, key=os.environ.get("BACKEND_SERVICE_KEY")) as client:
        app[LONGROOM] = client
        yield


def application(page: Path, agent_name: str) -> web.Application:
    app = web.Application()
    app[PAGE], app[AGENT_NAME], app[SIGNED_IN] = page, agent_name, {}
    app.cleanup_ctx.append(longroom)
    app.add_routes(routes)
    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--agent", default="voice", help="the name under which your agent serves")
    parser.add_argument("--page", type=Path, default=Path(__file__).parent / "voice")
    options = parser.parse_args()
    if unset := [name for name in SETTINGS if not os.environ.get(name)]:
        parser.error(f"set {', '.join(unset)}")
    web.run_app(application(options.page, options.agent), host="127.0.0.1", port=options.port)
