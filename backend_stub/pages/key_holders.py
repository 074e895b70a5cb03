"""Whether the key that opened a page's door still opens it."""

from hmac import compare_digest

from starlette.requests import Request

from backend_stub.access.callers import OPEN, SERVICE, Caller, Callers


async def holder(
    request: Request, key_id: str | None, key_mark: bytes | None, *, secret: str
) -> Caller | None:
    """Who holds the key of this id; `key_mark`: of the service key, under `secret`.
    None if it is not valid any more. Raises an error of DATABASE_AWAY.
    """
    state = request.app.state
    callers: Callers = state.callers
    if key_id == SERVICE:
        mark = callers.key_mark(key_id, secret)
        same = mark is not None and compare_digest(mark, key_mark or b"")
        return callers.service() if same else None
    if key_id is None or key_id == OPEN:
        return None
    return await callers.holder(key_id, state.resources.keyring)
