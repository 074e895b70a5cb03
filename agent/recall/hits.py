"""What of a search's result a prompt does not hold yet."""

from collections.abc import Set

from retrieval.wire import RetrievalHit, SearchResponse


def hits_without(response: SearchResponse, exclude: Set[str]) -> list[RetrievalHit]:
    """The hits, less what entered the window since the search began, also as a neighbour."""
    return [
        hit.model_copy(
            update={
                "before": [near for near in hit.before if near.id not in exclude],
                "after": [near for near in hit.after if near.id not in exclude],
            }
        )
        for hit in response.hits
        if hit.message.id not in exclude
    ]
