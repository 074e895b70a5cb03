"""What the caller of a request may do."""

from starlette.datastructures import Headers

from backend_stub.http.credentials import Credentials, bearer
from backend_stub.http.keyring import Keyring
from backend_stub.http.permissions import ALL, Permission
from retrieval.store.api_keys import KEY_PREFIX


class Callers:
    """The service key, and whoever reaches an open backend, may do all."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def permissions(self, headers: Headers, keyring: Keyring) -> frozenset[Permission]:
        """Raises HTTPException 401 or 403."""
        given = None if self._credentials.open else bearer(headers)
        if given is not None and given.startswith(KEY_PREFIX):
            found = await keyring.permissions(given)
            if found is not None:
                return found
        self._credentials.check(headers)
        return ALL
