"""Groups the lines of an import file into batches of one request each."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from longroom.transfer.formats.format import Format, Rejected
from longroom.transfer.lines import LineReader, Read
from longroom.transfer.source import Source
from retrieval.wire import MAX_BATCH_MESSAGES, SENT_WORDS, counted_words

MAX_BATCH_BYTES = 1_000_000  # well below any backend's body limit, however the JSON is escaped


@dataclass
class Batch:
    """Consecutive lines of a file, in its order."""

    messages: list[Read] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    size: int = 0
    words: int = 0
    last_line: int = 0
    taken: int = 0
    """Bytes of the file read so far."""

    @property
    def full(self) -> bool:
        return len(self.messages) >= MAX_BATCH_MESSAGES or self.size >= MAX_BATCH_BYTES

    def takes(self, line: Read | Rejected) -> bool:
        """Whether it still has few enough words with it."""
        if isinstance(line, Rejected) or not self.messages:
            return True
        return self.words + counted_words(line.message.content) <= SENT_WORDS

    def add(self, line: Read | Rejected) -> None:
        self.last_line = line.line
        if isinstance(line, Rejected):
            self.rejected.append(line)
            self.size += 1000  # a file of rejected lines only must be batched too
            return
        self.messages.append(line)
        self.size += len(line.raw)
        self.words += counted_words(line.message.content)


def read_batches(
    source: Source, *, file_format: Format, reader: LineReader, after: int = 0
) -> Iterator[Batch]:
    """`reader` reads the lines up to `after`, too: ids and local times depend on them."""
    batch = Batch()
    seen: dict[str, Read] = {}
    for record in file_format.records(source):
        line = record if isinstance(record, Rejected) else reader.read(record)
        if line.line <= after:
            continue
        if batch.full or not batch.takes(line):
            batch.taken = source.taken
            yield batch
            batch = Batch()
            seen = {}
        batch.add(_first_of_its_id(line, seen))
    batch.taken = source.taken
    if batch.last_line:
        yield batch


def _first_of_its_id(line: Read | Rejected, seen: dict[str, Read]) -> Read | Rejected:
    # A backend refuses a whole batch with one id twice, and does not name the line.
    if isinstance(line, Rejected):
        return line
    first = seen.setdefault(line.message.id, line)
    if first.message == line.message:
        return line
    reason = f"id: {line.message.id!r} is already the id of {first.where}; give it another"
    return Rejected(line.line, line.raw, reason, line.place)
