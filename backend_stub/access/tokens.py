"""Tokens of one conversation: signed by this backend, stored nowhere."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid4

import jwt
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from retrieval.wire import MAX_TOKEN_S, ConversationId, ConversationToken, CreateToken
from retrieval.wire import TokenPermission as Permission

ALGORITHM: Final = "HS256"
ISSUER: Final = "longroom"
AUDIENCE: Final = "longroom-backend"
LEEWAY_S: Final = 5
"""By so much the clocks of backends that share a secret may differ."""
MAX_TOKEN_CHARS: Final = 12_288
"""More than any that is issued, and less than the headers of a request may have."""

_NEVER_NULL = ["iss", "aud", "sub", "iat", "exp", "jti"]
"""TokenClaims asks for the others; this library's checks begin with those."""


class TokenRefused(Exception):
    """Its text says what to do, and nothing of what was sent."""


class TokenClaims(BaseModel):
    """What a token says; every claim must be there."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    iss: Literal["longroom"]
    aud: Literal["longroom-backend"]
    sub: Annotated[str, Field(min_length=1)]
    room: str | None
    conversation: Annotated[UUID, Field(strict=False)]
    permissions: list[Permission]
    iat: float
    exp: float
    jti: Annotated[str, Field(min_length=1)]
    key: Annotated[str, Field(min_length=1)]
    """Id of the key that issued it, and without which it is worth nothing."""

    @property
    def issued_at(self) -> datetime:
        return datetime.fromtimestamp(self.iat, UTC)


class TokenSigner:
    """Signs with `secret`, and takes also what `previous` signed. Without both it does neither."""

    def __init__(self, secret: SecretStr | None, previous: SecretStr | None = None) -> None:
        self._signing = _bytes(secret)
        self._secrets = [one for one in (_bytes(secret), _bytes(previous)) if one is not None]

    @property
    def reads(self) -> bool:
        return bool(self._secrets)

    def issue(
        self,
        wanted: CreateToken,
        *,
        conversation_id: ConversationId,
        key: str,
        now: datetime,
    ) -> ConversationToken:
        """Raises TokenRefused without a secret."""
        if self._signing is None:
            raise TokenRefused(
                "this backend signs no tokens; set BACKEND_TOKEN_SECRET to at least 32 random"
                " characters, the same for all of its processes"
            )
        expires_at = now + timedelta(seconds=wanted.expires_in_s)
        claims = TokenClaims(
            iss=ISSUER,
            aud=AUDIENCE,
            sub=wanted.subject,
            room=wanted.room,
            conversation=conversation_id,
            permissions=list(dict.fromkeys(wanted.permissions)),
            iat=now.timestamp(),  # with its fraction: revocations compare it
            exp=expires_at.timestamp(),
            jti=uuid4().hex,
            key=key,
        )
        token = jwt.encode(claims.model_dump(mode="json"), self._signing, algorithm=ALGORITHM)
        return ConversationToken(token=token, token_id=claims.jti, expires_at=expires_at)

    def read(self, token: str) -> TokenClaims:
        """Raises TokenRefused."""
        if not self._secrets:
            raise TokenRefused("this backend takes no tokens: it has no BACKEND_TOKEN_SECRET")
        if len(token) > MAX_TOKEN_CHARS:
            raise TokenRefused("this is longer than any token; send one as it was issued")
        try:
            claims = TokenClaims.model_validate(self._verified(token))
        except jwt.ExpiredSignatureError:
            raise TokenRefused("the token has expired; ask for a new one") from None
        except (jwt.InvalidTokenError, ValidationError, ValueError):
            # Not what it was: that would help who makes one up.
            raise TokenRefused("this is not a token of this backend; ask for a new one") from None
        if claims.exp - claims.iat > MAX_TOKEN_S + 1:
            raise TokenRefused("the token lives longer than any may; ask for a new one")
        return claims

    def _verified(self, token: str) -> dict[str, Any]:
        for secret in self._secrets[:-1]:
            try:
                return _decode(token, secret)
            except jwt.InvalidSignatureError:
                continue
        return _decode(token, self._secrets[-1])

    def marks(self, credential: str) -> Sequence[str]:
        """Names of a credential that has no id, the present one first; they do not give it away."""
        return [
            hmac.new(secret, b"credential\n" + credential.encode(), hashlib.sha256).hexdigest()[:16]
            for secret in self._secrets
        ]


def looks_like_token(bearer: str) -> bool:
    """A key of `longroom keys` has no dots; a service key may look so, and is compared before."""
    return bearer.count(".") == 2


def _decode(token: str, secret: bytes) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(
        token,
        secret,
        algorithms=[ALGORITHM],
        audience=AUDIENCE,
        issuer=ISSUER,
        leeway=LEEWAY_S,
        options={"require": _NEVER_NULL, "strict_aud": True},
    )
    return claims


def _bytes(secret: SecretStr | None) -> bytes | None:
    return None if secret is None else secret.get_secret_value().encode()
