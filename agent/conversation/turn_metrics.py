"""A log line and Prometheus figures for each turn, without names and texts."""

import logging
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Histogram

from agent.conversation.session.reply import TurnResult
from agent.llm.failure import Reason

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

logger = logging.getLogger(__name__)


class TurnMetrics:
    """One per job process. The worker serves their sums on AGENT_METRICS_PORT."""

    def __init__(self) -> None:
        # A separate registry: the figures of several processes are collected from their files.
        registry = CollectorRegistry()
        self._turns = Counter(
            "longroom_turns", "Turns by how they ended", ["outcome"], registry=registry
        )
        self._failures = Counter(
            "longroom_model_failures",
            "Turns to which the language model gave no whole answer",
            ["reason"],
            registry=registry,
        )
        self._recalls = Counter(
            "longroom_recalls", "Recalls by their source", ["source", "degraded"], registry=registry
        )
        self._recall_s = Histogram(
            "longroom_recall_seconds", "Time of a search", buckets=SECONDS, registry=registry
        )
        self._added_s = Histogram(
            "longroom_recall_added_seconds",
            "Time that a turn waited for recall",
            buckets=SECONDS,
            registry=registry,
        )

    def failed(self, question_id: str, reason: str) -> None:
        self._turns.labels("failed").inc()
        if reason in get_args(Reason):
            self._failures.labels(reason).inc()
        logger.warning("turn failed", extra={"question_id": question_id, "reason": reason})

    def ended(self, question_id: str, result: TurnResult) -> None:
        recalled = result.recalled
        self._turns.labels(result.outcome).inc()
        if result.reason is not None:
            self._failures.labels(result.reason).inc()
        self._recalls.labels(recalled.source, recalled.degraded or "").inc()
        self._added_s.observe(recalled.added_ms / 1000)
        if recalled.recall_ms:
            self._recall_s.observe(recalled.recall_ms / 1000)
        logger.info(
            "turn ended",
            extra={
                "question_id": question_id,
                "outcome": result.outcome,
                "recall_ms": round(recalled.recall_ms, 1),
                "added_ms": round(recalled.added_ms, 1),
                "hits": len(recalled.hits),
                "source": recalled.source,
                "degraded": recalled.degraded,
                "reason": result.reason,
            },
        )
