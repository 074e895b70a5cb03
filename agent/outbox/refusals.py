"""What a refusal means for the entries that were refused."""

import re
from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from longroom.client import CREDENTIALS_REFUSED, BackendRejected
from retrieval.wire import FieldError

T = TypeVar("T")

Meaning = Literal["credentials", "gone", "erased", "content"]

_ABOUT_CONTENT = {400, 409, 413, 422}
_GONE = {404, 410, 451}
_TEXT_MUST_GO = {410, 451}
"""Not 404, which a wrong BACKEND_URL answers too: such an entry can be resent."""

_INDEX = re.compile(r"(?:messages|events|turns)\W+(\d+)")


def meaning(rejection: BackendRejected) -> Meaning:
    """`credentials` waits for a person. `gone` ends a whole batch: its conversation is not there.
    `erased` are the entries that it names, or all of the conversation's.

    Anything else would be refused again for ever: the entry that causes it is to be found.
    """
    if rejection.status in CREDENTIALS_REFUSED:
        return "credentials"
    if rejection.is_erased:
        return "erased"
    return "gone" if rejection.status in _GONE else "content"


def keeps_text(rejection: BackendRejected) -> bool:
    return rejection.status not in _TEXT_MUST_GO


def refused_items(
    rejection: BackendRejected, batch: Sequence[T], *, id_of: Callable[[T], str]
) -> list[tuple[T, str]]:
    """The refused items with reasons; none if the backend named none: a half tells more.

    Raises the rejection if it is about the request, such as a wrong key.
    """
    if rejection.status not in _ABOUT_CONTENT:
        raise rejection
    return named_items(rejection, batch, id_of=id_of)


def named_items(
    rejection: BackendRejected, batch: Sequence[T], *, id_of: Callable[[T], str]
) -> list[tuple[T, str]]:
    """Like `refused_items`, whatever the status."""
    if len(batch) == 1:
        return [(batch[0], str(rejection))]
    problem = rejection.problem
    named = {_index(error) for error in problem.errors}
    return [
        (item, _reason(rejection, n))
        for n, item in enumerate(batch)
        if n in named or id_of(item) in problem.ids
    ]


def _index(error: FieldError) -> int | None:
    found = _INDEX.search(error.field)
    return int(found[1]) if found else None


def _reason(rejection: BackendRejected, n: int) -> str:
    errors = [error for error in rejection.problem.errors if _index(error) in {None, n}]
    own = rejection.problem.model_copy(update={"errors": errors})
    return str(BackendRejected(rejection.status, own))
