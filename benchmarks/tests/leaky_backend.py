"""A backend with one fault planted, by the name in PLANTED; run as a program by test_leak.py."""

import os
import sys

from backend_stub.__main__ import main
from backend_stub.access.callers import Caller
from backend_stub.access.tokens import TokenClaims, TokenSigner
from backend_stub.http import routing


def _tokens_open_every_conversation() -> None:
    Caller.check_conversation = lambda *_: None  # type: ignore[method-assign]


def _permissions_are_not_asked_for() -> None:
    vars(routing)["demand"] = lambda *_: None


def _tokens_say_what_they_like() -> None:
    Caller.check_append = lambda *_: None  # type: ignore[method-assign]


def _signatures_are_not_read() -> None:
    import jwt

    def read(_: TokenSigner, token: str) -> TokenClaims:
        return TokenClaims.model_validate(jwt.decode(token, options={"verify_signature": False}))

    TokenSigner.read = read  # type: ignore[method-assign, assignment]


PLANTED = {
    "tokens open every conversation": _tokens_open_every_conversation,
    "permissions are not asked for": _permissions_are_not_asked_for,
    "tokens say what they like": _tokens_say_what_they_like,
    "signatures are not read": _signatures_are_not_read,
}


if __name__ == "__main__":
    PLANTED[os.environ["PLANTED"]]()
    sys.exit(main())
