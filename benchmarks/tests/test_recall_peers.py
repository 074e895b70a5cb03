"""What we are compared with must be what it claims to be."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers import apart
from benchmarks.peers.agreement import farthest_apart
from benchmarks.peers.job import Asked, Document, Embeddings, Job, Outcome, Scored

TEXTS = ["ana: one", "ana: two", "ben: three", "which?"]
ROWS = np.array([[1, 0], [0.6, 0.8], [0, 1], [0.8, 0.6]], dtype=np.float32)


def a_job() -> Job:
    documents = [Document(f"m{number}", text) for number, text in enumerate(TEXTS[:3])]
    return Job({"room": documents}, [Asked("room", "which?")], Embeddings(TEXTS, ROWS))


def found(*ids: str) -> Outcome:
    return Outcome([[Scored(id_, 1.0 - rank / 10) for rank, id_ in enumerate(ids)]])


def test_a_job_survives_the_way_to_another_environment() -> None:
    job = a_job()

    arrived = Job.from_json(job.to_json())

    assert (arrived.rooms, arrived.asked) == (job.rooms, job.asked)
    assert np.array_equal(arrived.embeddings.of(TEXTS), ROWS)


def test_an_outcome_survives_the_way_back() -> None:
    outcome = Outcome([[Scored("m1", 0.5)], []], version="peer 1.0", absent=["a part"])

    assert Outcome.from_json(outcome.to_json()) == outcome


def test_peers_refuse_texts_that_are_not_of_the_job() -> None:
    with pytest.raises(KeyError):
        a_job().embeddings.of(["another text"])


def test_exact_peers_agree_with_the_true_order() -> None:
    assert farthest_apart(a_job(), {"peer": found("m1", "m0", "m2")}) == pytest.approx(0, abs=1e-6)


def test_a_peer_that_orders_otherwise_is_noticed() -> None:
    assert farthest_apart(a_job(), {"peer": found("m0", "m1", "m2")}) == pytest.approx(0.16)


def test_a_peer_that_finds_less_is_noticed() -> None:
    assert farthest_apart(a_job(), {"peer": found("m1", "m0")}) == float("inf")


def test_peers_that_are_not_installed_are_named_with_the_command_that_installs_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(apart, "PYTHON", tmp_path / "python")

    with pytest.raises(apart.PeersMissing, match="make bench-recall"):
        apart.rank("mem0", a_job())
