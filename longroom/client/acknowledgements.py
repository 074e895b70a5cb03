"""Whether a success acknowledges what was sent: a success by itself proves nothing.

Proxies answer 200 with a page of their own, and a faulty backend with the outcomes of another
request. All functions raise BackendProtocolError, which names counts and no content.
"""

import json
from collections.abc import Sequence

import httpx

from longroom.client.errors import BackendProtocolError
from retrieval.wire import AppendResult, EventsRecorded, ImportedRecords


def check_outcomes(sent: Sequence[str], result: AppendResult | ImportedRecords) -> None:
    """One outcome per message, in order."""
    acknowledged = [outcome.id for outcome in result.outcomes]
    if acknowledged == list(sent):
        return
    missing = len(set(sent) - set(acknowledged))
    foreign = len(set(acknowledged) - set(sent))
    raise BackendProtocolError(
        f"of {len(sent)} messages the backend acknowledged {len(acknowledged)}, with {missing} "
        f"missing and {foreign} foreign, or in another order; it must name each once, in order"
    )


def check_recorded(sent: int, result: EventsRecorded) -> None:
    """Fewer than sent is possible: some were recorded before."""
    if not 0 <= result.recorded <= sent:
        raise BackendProtocolError(f"the backend recorded {result.recorded} of {sent} events")


def check_saved(response: httpx.Response) -> None:
    """No body is needed; one that is not JSON comes from something else than the backend."""
    if not response.content.strip():
        return
    try:
        json.loads(response.content)
    except ValueError:
        raise BackendProtocolError(
            f"the answer to {response.request.method} {response.url.path} is not JSON; "
            "something else than the backend has answered"
        ) from None
