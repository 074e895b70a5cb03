"""Groups the lines of an import file into batches of one request each."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from longroom.transfer.formats.format import Format, Rejected
from longroom.transfer.lines import LineReader, Read
from longroom.transfer.records import ReadMark, ReadRecord
from longroom.transfer.source import Source
from retrieval.wire import MAX_BATCH_MESSAGES, SENT_WORDS, ExportedConversation

MAX_BATCH_BYTES = 1_000_000  # well below any backend's body limit, however the JSON is escaped
Line = Read | ReadRecord | Rejected


@dataclass
class Batch:
    """Consecutive lines of a file, in its order, all of one conversation."""

    conversation: ExportedConversation | None = None
    """As the file names it, if it does."""
    messages: list[Read] = field(default_factory=list)
    records: list[ReadRecord] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    size: int = 0
    words: int = 0
    last_line: int = 0
    taken: int = 0
    """Bytes of the file read so far."""
    ended: bool = False
    """Whether the file says so."""

    @property
    def full(self) -> bool:
        count = len(self.messages) + len(self.records)
        return count >= MAX_BATCH_MESSAGES or self.size >= MAX_BATCH_BYTES

    def takes(self, line: Line) -> bool:
        """Whether it still has few enough words with it."""
        if isinstance(line, Rejected) or not self.messages:
            return True
        return self.words + line.words <= SENT_WORDS

    def add(self, line: Line) -> None:
        self.last_line = line.line
        if isinstance(line, Rejected):
            self.rejected.append(line)
            self.size += 1000  # a file of rejected lines only must be batched too
            return
        if isinstance(line, Read):
            self.messages.append(line)
        else:
            self.records.append(line)
        self.size += len(line.raw)
        self.words += line.words

    def mark(self, mark: ReadMark) -> None:
        self.last_line = mark.line
        if isinstance(mark.mark, ExportedConversation):
            self.conversation = mark.mark
        else:
            self.ended = True


def read_batches(
    source: Source, *, file_format: Format, reader: LineReader, after: int = 0
) -> Iterator[Batch]:
    """`reader` reads the lines up to `after`, too: ids and local times depend on them."""
    batch = Batch()
    seen: dict[str, Read] = {}
    for record in file_format.records(source):
        line = record if isinstance(record, Rejected) else reader.read(record)
        if line.line <= after:
            _skip(line, batch)
            continue
        begins = isinstance(line, ReadMark) and isinstance(line.mark, ExportedConversation)
        if batch.last_line and (begins or batch.full or not _takes(batch, line)):
            batch.taken = source.taken
            yield batch
            batch = Batch(batch.conversation)
            seen = {}
        if isinstance(line, ReadMark):
            batch.mark(line)
        else:
            batch.add(_first_of_its_id(line, seen))
    batch.taken = source.taken
    if batch.last_line:
        yield batch


def _skip(line: Line | ReadMark, batch: Batch) -> None:
    if isinstance(line, ReadMark) and isinstance(line.mark, ExportedConversation):
        batch.conversation = line.mark


def _takes(batch: Batch, line: Line | ReadMark) -> bool:
    return isinstance(line, ReadMark) or batch.takes(line)


def _first_of_its_id(line: Line, seen: dict[str, Read]) -> Line:
    # A backend refuses a whole batch with one id twice, and does not name the line.
    if not isinstance(line, Read):
        return line
    first = seen.setdefault(line.message.id, line)
    if first.message == line.message:
        return line
    reason = f"id: {line.message.id!r} is already the id of {first.where}; give it another"
    return Rejected(line.line, line.raw, reason, line.place)
