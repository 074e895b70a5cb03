"""Who calls, and what he may do: by a key, by a token of one conversation, or by nothing."""

import hmac
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from backend_stub.access.credentials import Credentials, bearer, unauthorized
from backend_stub.access.keyring import Keyring
from backend_stub.access.permissions import ALL, Permission
from backend_stub.access.tokens import TokenClaims, TokenRefused, TokenSigner, looks_like_token
from retrieval.store.api_keys import KEY_PREFIX
from retrieval.wire import AppendMessages, ConversationId

OPEN = "open"
SERVICE = "service"


@dataclass(frozen=True)
class Caller:
    key_id: str
    """Of his key, or of the one that issued his token."""
    permissions: frozenset[Permission]
    token: TokenClaims | None = None

    def check_conversation(self, conversation_id: str | None) -> None:
        """As the path has it. Raises HTTPException 403 for a token outside of its conversation."""
        if self.token is None:
            return
        own = str(self.token.conversation)
        if conversation_id is None or conversation_id.lower() != own:
            raise _forbidden(f"this token opens conversation {own} alone; the rest needs a key")

    def check_append(self, batch: AppendMessages) -> None:
        """Raises HTTPException 403 for what a token may not say."""
        if self.token is None:
            return
        subject, room = self.token.sub, self.token.room
        for place, message in enumerate(batch.messages):
            where = f"messages[{place}]"
            if message.role != "user":
                raise _forbidden(f"{where}.role: a token appends messages of the role user only")
            if message.participant != subject:
                raise _forbidden(f"{where}.participant: must be the subject of the token")
            if room is not None and message.room != room:
                raise _forbidden(f"{where}.room: must be the room of the token")
            if message.epoch is not None:
                raise _forbidden(f"{where}.epoch: is for agents; leave it out")
        if batch.epoch is not None or batch.room is not None:
            raise _forbidden("epoch and room of the batch are for agents; leave them out")


class Callers:
    """The service key, and whoever reaches an open backend, may do all."""

    def __init__(self, credentials: Credentials, tokens: TokenSigner) -> None:
        self._credentials = credentials
        self._tokens = tokens

    async def identify(self, headers: Headers, keyring: Keyring) -> Caller:
        """Raises HTTPException 401 or 403, or an error of DATABASE_AWAY."""
        given = bearer(headers)
        by_key = None if given is None else await self.by_key(given, keyring)
        if by_key is not None:
            return by_key
        if given is not None and self._takes_token(given):
            return await self._token_bearer(given, headers, keyring)
        return self.without_key(headers)

    @property
    def are_open(self) -> bool:
        """Whoever reaches the backend may do all."""
        return self._credentials.open

    def without_key(self, headers: Headers) -> Caller:
        """Raises HTTPException 401 if the backend is not open, 403 if it is, but not for this."""
        self._credentials.check_open(headers)
        return Caller(OPEN, ALL)

    async def by_key(self, given: str, keyring: Keyring) -> Caller | None:
        """None if it is not a valid key. Raises an error of DATABASE_AWAY if that is not known."""
        if self._credentials.is_service_key(given):
            return self.service()
        if not given.startswith(KEY_PREFIX) or self._credentials.open:
            return None
        found = await keyring.key(given)
        return Caller(found.key_id, found.permissions) if found else None

    async def holder(self, key_id: str, keyring: Keyring) -> Caller | None:
        """Who gave this key before. None if it is no longer valid. Raises as `by_key`."""
        found = await keyring.known(key_id)
        return Caller(found.key_id, found.permissions) if found else None

    def service(self) -> Caller:
        return Caller(SERVICE, ALL)

    def key_mark(self, key_id: str, secret: str) -> bytes | None:
        """Of the service key, for who keeps `secret`: another key has another mark, and the mark
        without the secret tells nothing of the key. None without a service key, and for other keys,
        which their ids tell apart.
        """
        key = self._credentials.service_key if key_id == SERVICE else None
        return None if key is None else hmac.digest(secret.encode(), key.encode(), "sha256")

    def issuer(self, caller: Caller) -> str:
        """What a token that he makes names as its key."""
        # Another service key ends the tokens of the one before.
        marks = self._service_marks() if caller.key_id == SERVICE else []
        return marks[0] if marks else caller.key_id

    def _takes_token(self, given: str) -> bool:
        """An open backend without a secret takes no notice of what it is sent."""
        return looks_like_token(given) and (self._tokens.reads or not self._credentials.open)

    async def _token_bearer(self, given: str, headers: Headers, keyring: Keyring) -> Caller:
        if self._credentials.open:
            self._credentials.check_open(headers)
        try:
            claims = self._tokens.read(given)
        except TokenRefused as refused:
            raise unauthorized(str(refused)) from None
        conversation_id = ConversationId(claims.conversation)
        if not await self._issuer_is_valid(claims.key, keyring) or await keyring.revoked(
            conversation_id, issued_at=claims.issued_at
        ):
            raise unauthorized("the token was revoked; ask for a new one")
        return Caller(claims.key, frozenset(claims.permissions), claims)

    async def _issuer_is_valid(self, key: str, keyring: Keyring) -> bool:
        if key == OPEN:
            return self._credentials.open
        return key in self._service_marks() or await keyring.has(key)

    def _service_marks(self) -> list[str]:
        service_key = self._credentials.service_key
        if service_key is None:
            return []
        return [f"{SERVICE}:{mark}" for mark in self._tokens.marks(service_key)]


def _forbidden(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.FORBIDDEN, detail)
