"""Messages in requests of a size that a busy backend stores within seconds."""

from collections.abc import Iterable, Iterator

from retrieval.wire import MAX_BATCH_MESSAGES, SENT_WORDS, MessageCreate, counted_words


def batches(messages: Iterable[MessageCreate]) -> Iterator[list[MessageCreate]]:
    """In order; a message that is too long for a batch is one of its own."""
    batch: list[MessageCreate] = []
    words = 0
    for message in messages:
        more = counted_words(message.content)
        if batch and (len(batch) == MAX_BATCH_MESSAGES or words + more > SENT_WORDS):
            yield batch
            batch, words = [], 0
        batch.append(message)
        words += more
    if batch:
        yield batch
