"""Whether peers that claim to be exact nearest neighbours found equally near ones."""

from collections.abc import Mapping

import numpy as np

from benchmarks.peers.job import Job, Outcome

FIRST = 10


def farthest_apart(job: Job, outcomes: Mapping[str, Outcome]) -> float:
    """Greatest difference of cosines at a rank; not of ids: equal texts may change places."""
    rooms = {
        name: (
            {document.id: place for place, document in enumerate(documents)},
            job.embeddings.of([document.text for document in documents]),
        )
        for name, documents in job.rooms.items()
    }
    worst = 0.0
    for number, asked in enumerate(job.asked):
        places, rows = rooms[asked.room]
        cosine = rows @ job.embeddings.of([asked.text])[0]
        true = np.sort(cosine)[::-1][:FIRST]
        for outcome in outcomes.values():
            found = [places[one.id] for one in outcome.rankings[number][:FIRST]]
            if len(found) < len(true):
                return float("inf")
            worst = max(worst, float(np.abs(cosine[found] - true).max()))
    return worst
