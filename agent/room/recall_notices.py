"""Shows people in a room what is being recalled, also while one of them still speaks.

JSON packets on topic `longroom.recall`, only to those whose attribute `longroom.shows` has the word
`recall`, as their token sets it: `speaker`, `state` (`searching`, `found`, `nothing` or
`unavailable`), `final`, and with `found` up to five `hits`, each with `message_id`, `participant`,
`said_at` and the beginning of its `text`. With the turn's last one, which is `final`, comes its
`question_id`.
"""

import json
import logging

from livekit import rtc
from pydantic import JsonValue

from agent.background_tasks import BackgroundTasks
from agent.recall.notices import Notice
from agent.room.participants import PEOPLE
from retrieval.wire import RetrievalHit

TOPIC = "longroom.recall"
SHOWS_ATTRIBUTE = "longroom.shows"
MAX_TEXT_CHARS = 160

logger = logging.getLogger(__name__)


class RoomAudience:
    def __init__(self, room: rtc.Room, tasks: BackgroundTasks) -> None:
        self._room = room
        self._tasks = tasks

    @property
    def is_there(self) -> bool:
        return bool(self._wanting())

    def tell(self, notice: Notice) -> None:
        self._tasks.start(self._send(notice))

    def _wanting(self) -> list[str]:
        return [
            person.identity
            for person in self._room.remote_participants.values()
            if person.kind in PEOPLE and "recall" in _words(person.attributes)
        ]

    async def _send(self, notice: Notice) -> None:
        wanting = self._wanting()
        if not wanting:  # to nobody would be to all
            return
        try:
            await self._room.local_participant.publish_data(
                json.dumps(_told(notice)), topic=TOPIC, destination_identities=wanting
            )
        except rtc.participant.PublishDataError:
            logger.info("recall notice not sent", extra={"question_id": notice.question_id})


def _words(attributes: dict[str, str]) -> list[str]:
    return attributes.get(SHOWS_ATTRIBUTE, "").replace(",", " ").split()


def _told(notice: Notice) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {
        "speaker": notice.speaker,
        "state": notice.state,
        "final": notice.question_id is not None,
        "hits": [_hit(hit) for hit in notice.hits],
    }
    return told | {"question_id": notice.question_id} if notice.question_id else told


def _hit(hit: RetrievalHit) -> dict[str, JsonValue]:
    message = hit.message
    return {
        "message_id": message.id,
        "participant": message.participant,
        "said_at": message.created_at.isoformat(),
        "text": " ".join((hit.excerpt or message.content).split())[:MAX_TEXT_CHARS],
    }
