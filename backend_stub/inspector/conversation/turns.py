"""A conversation's turns, and one turn opened to its trace."""

from typing import Annotated, Final, get_args
from urllib.parse import urlencode

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from backend_stub.access.permissions import needs
from backend_stub.http.cursors import cursor
from backend_stub.inspector.conversation.shown import Shown
from backend_stub.inspector.conversation.trace import opened
from backend_stub.inspector.routing import inspector_router
from backend_stub.pages.rendering import render
from backend_stub.resources import AppResources
from retrieval.store.evidence import SaidQuestion, marked
from retrieval.store.pages.conversation import messages_by_id
from retrieval.store.time_place import TimePlace
from retrieval.store.turn_traces import newest_turns, turn
from retrieval.wire import GivenId, TurnOutcome

TURNS_AT_ONCE: Final = 50
OUTCOMES: Final = get_args(TurnOutcome)

router = inspector_router()


@router.get("/conversations/{conversation_id}/turns", openapi_extra=needs("read"))
async def turns(
    request: Request,
    shown: Shown,
    resources: AppResources,
    outcome: Annotated[str, Query(max_length=20)] = "",
    degraded: Annotated[bool, Query()] = False,
    after: Annotated[str | None, Query(max_length=1_000)] = None,
) -> Response:
    db = resources.pools.others.of(shown.conversation_id)
    found = await newest_turns(
        db,
        conversation_id=shown.conversation_id,
        limit=TURNS_AT_ONCE,
        after=cursor(TimePlace.read, after, field="after"),
        outcome=outcome if outcome in OUTCOMES else None,  # type: ignore[arg-type]  # one of them
        degraded="any" if degraded else None,
    )
    questions = await messages_by_id(
        db, shown.conversation_id, (one.question_id for one in found.turns)
    )
    chosen = {"outcome": outcome} if outcome else {}
    chosen |= {"degraded": "true"} if degraded else {}
    return render(
        request,
        "inspector/conversation/turns.html",
        tab="turns",
        shown=shown,
        turns=found.turns,
        questions=questions,
        outcomes=OUTCOMES,
        chosen=outcome,
        degraded=degraded,
        next=urlencode(chosen | {"after": found.next}) if found.next else "",
    )


@router.get(
    "/conversations/{conversation_id}/turns/{question_id:path}", openapi_extra=needs("read")
)
async def one_turn(
    request: Request,
    shown: Shown,
    question_id: Annotated[GivenId, Path()],
    resources: AppResources,
) -> Response:
    db = resources.pools.others.of(shown.conversation_id)
    found = await turn(db, conversation_id=shown.conversation_id, question_id=question_id)
    evidence = await marked(db, conversation_id=shown.conversation_id)
    answers = [one for one in evidence if one.question == SaidQuestion(question_id)]
    return render(
        request,
        "inspector/conversation/turn.html",
        tab="turns",
        shown=shown,
        answers=answers[0].message_ids if answers else (),
        is_marked=bool(answers),
        **opened(found),
    )
