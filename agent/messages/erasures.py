"""What of a conversation was erased or corrected, as far as this process knows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from agent.messages.sanitize import storable_name
from longroom.client import BackendRejected, LongroomClient
from retrieval.wire import Change, Message, MessageCreate, RetrievalHit, erased_id

_KEPT_CORRECTIONS = 1_000
_LATE = ".late"
"""Late answers are stored under an id of their own."""


@dataclass(frozen=True)
class Erasures:
    """`ids` and the keys of `people` are hashes; `people` tells up to when they are erased.

    `corrected` has messages by id, as they read now. `everything`: the conversation is gone.
    `expired_before`: what was said earlier is too old to be kept.
    """

    conversation_id: UUID
    ids: frozenset[str] = frozenset()
    people: Mapping[str, datetime] = field(default_factory=dict)
    corrected: Mapping[str, Message] = field(default_factory=dict)
    everything: bool = False
    expired_before: datetime | None = None

    @classmethod
    def of(cls, conversation_id: UUID, changes: Iterable[Change]) -> "Erasures":
        """Of changes in their order."""
        ids: set[str] = set()
        people: dict[str, datetime] = {}
        corrected: dict[str, Message] = {}
        expired_before: datetime | None = None
        for change in changes:
            if change.kind == "erased" and change.id_sha256:
                ids.add(change.id_sha256)
            elif change.kind == "participant_erased" and change.identity_sha256:
                before = change.before or datetime.now(UTC)
                known = people.get(change.identity_sha256, before)
                people[change.identity_sha256] = max(before, known)
            elif change.kind == "expired":
                expired_before = change.before
            elif change.message is not None:
                corrected[change.message.id] = change.message
        return cls(
            conversation_id, frozenset(ids), people, corrected, expired_before=expired_before
        )

    def __bool__(self) -> bool:
        return self.erases or bool(self.corrected)

    @property
    def erases(self) -> bool:
        """Not only corrects."""
        return self.everything or bool(self.ids or self.people or self.expired_before)

    def with_more(self, more: "Erasures") -> "Erasures":
        """`more` is later."""
        people = dict(self.people)
        for identity, before in more.people.items():
            people[identity] = max(before, people.get(identity, before))
        return Erasures(
            self.conversation_id,
            self.ids | more.ids,
            people,
            dict([*self.corrected.items(), *more.corrected.items()][-_KEPT_CORRECTIONS:]),
            self.everything or more.everything,
            more.expired_before or self.expired_before,
        )

    def covers(self, message_id: str, *, participant: str | None, said_at: datetime) -> bool:
        return (
            self.everything
            or self.covers_id(message_id)
            or self.covers_person(participant, said_at=said_at)
            or (self.expired_before is not None and said_at < self.expired_before)
        )

    def covers_id(self, message_id: str) -> bool:
        return bool(self.ids) and any(
            self._hash(stored) in self.ids for stored in (message_id, message_id + _LATE)
        )

    def covers_person(self, participant: str | None, *, said_at: datetime) -> bool:
        if not self.people or participant is None:
            return False
        # As it is stored, or as it is known in the room.
        names = {participant, storable_name(participant, default="user")}
        until = [self.people[each] for name in names if (each := self._hash(name)) in self.people]
        return any(said_at <= before for before in until)

    def covers_name(self, participant: str) -> bool:
        """Whenever they were erased."""
        return self.covers_person(participant, said_at=datetime.min.replace(tzinfo=UTC))

    def covers_message(self, message: Message | MessageCreate) -> bool:
        return self.covers(message.id, participant=message.participant, said_at=message.created_at)

    def touches(self, hit: RetrievalHit) -> bool:
        """Whether it quotes what was erased, or what reads otherwise now."""
        quoted = (hit.message, *hit.before, *hit.after)
        return any(self.covers_message(each) or self._reads_otherwise(each) for each in quoted)

    def _reads_otherwise(self, message: Message) -> bool:
        corrected = self.corrected.get(message.id)
        return corrected is not None and corrected.content != message.content

    def _hash(self, text: str) -> str:
        return erased_id(self.conversation_id, text)


async def erasures_since(
    client: LongroomClient, conversation_id: UUID, revision: int
) -> tuple[Erasures, int]:
    """All of them, and the revision that they lead to. Raises BackendError."""
    changes: list[Change] = []
    asked_after = revision
    while True:
        try:
            page = await client.get_changes(conversation_id, after=revision)
        except BackendRejected as rejection:
            if rejection.is_erased:
                return Erasures(conversation_id, everything=True), revision
            raise
        if page.revision < asked_after:  # of a database that was restored: its count is older
            changes, revision, asked_after = [], 0, 0
            continue
        changes += page.changes
        if not (page.more and page.changes):
            return Erasures.of(conversation_id, changes), page.revision
        revision = page.changes[-1].revision
