"""What lies before the session's window, put before the question of each request to the model."""

import logging
from datetime import UTC, datetime
from typing import Any, cast

from agents import TResponseInputItem
from agents.run import CallModelData, ModelInputData

from longroom.client import BackendError
from longroom.integrations.openai_agents.items import text_of
from longroom.integrations.openai_agents.session import LongroomSession
from retrieval.quotation.block import recalled_block
from retrieval.wire import MAX_EXCLUDED_IDS, MAX_QUERY_CHARS

logger = logging.getLogger(__name__)


class RecallFilter:
    """Give it to a run: `RunConfig(call_model_input_filter=RecallFilter(session))`.

    The block is in that one request only: it is never stored. Without an answer within `timeout_s`
    the model is asked without it.
    """

    def __init__(
        self,
        session: LongroomSession,
        *,
        limit: int = 10,
        token_budget: int = 1_000,
        timeout_s: float = 2.0,
        time_zone: str = "UTC",
    ) -> None:
        self._session = session
        self._limit = limit
        self._token_budget = token_budget
        self._timeout_s = timeout_s
        self._time_zone = time_zone

    async def __call__(self, data: CallModelData[Any]) -> ModelInputData:
        place = _question(data.model_data.input)
        if place is None:
            return data.model_data
        items = data.model_data.input
        block = await self._block(text_of(items[place]) or "")
        if block is None:
            return data.model_data
        recalled = cast("TResponseInputItem", {"role": "user", "content": block})
        return ModelInputData(
            input=[*items[:place], recalled, *items[place:]],
            instructions=data.model_data.instructions,
        )

    async def _block(self, question: str) -> str | None:
        try:
            conversation = await self._session.conversation()
            gone = await self._session.withdrawn()
            shown = [message.id for message in self._session.shown]
            found = await conversation.search(
                question[:MAX_QUERY_CHARS],
                limit=self._limit,
                roles=["user", "assistant"],
                exclude_ids=[*shown, *gone][:MAX_EXCLUDED_IDS],
                token_budget=self._token_budget,
                time_zone=self._time_zone,
                timeout_s=self._timeout_s,
            )
        except BackendError as error:
            logger.warning("nothing recalled", extra={"reason": str(error)})
            return None
        if not found.relevant:
            return None
        hits = [
            hit
            for hit in found.hits
            if hit.message.id not in gone and hit.message.content != question
        ]
        return recalled_block(
            hits,
            token_budget=self._token_budget,
            time_zone=self._time_zone,
            now=datetime.now(UTC),
        )


def _question(items: list[TResponseInputItem]) -> int | None:
    """Where the user's newest message stands."""
    for place in range(len(items) - 1, -1, -1):
        item = cast("dict[str, Any]", items[place])
        if item.get("role") == "user" and text_of(items[place]):
            return place
    return None
