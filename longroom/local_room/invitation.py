"""A link into a room of a backend that has keys."""

from urllib.parse import quote

import httpx

from longroom.errors import CommandFailed

TIMEOUT_S = 30.0


def link_into(room: str, url: str, key: str) -> str:
    """Raises CommandFailed."""
    address = f"{url}/api/v1/rooms/{quote(room, safe='')}/invitations"
    try:
        answer = httpx.post(
            address, json={}, headers={"Authorization": f"Bearer {key}"}, timeout=TIMEOUT_S
        )
        answer.raise_for_status()
        return str(answer.json()["link"])
    except httpx.HTTPError as error:
        raise CommandFailed(
            f"the backend makes no invitation into the room ({type(error).__name__}); the key needs"
            " the scope agent"
        ) from None
