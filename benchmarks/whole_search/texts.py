"""What is said in the rooms, and what is asked of them."""

import gzip
import json
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path

import numpy as np

from benchmarks.search_rooms import messages
from retrieval.wire import MessageCreate

WORDS_OF_A_QUESTION = range(5, 21)

OFF_TOPIC = (
    "What did grandmother say about the seating at the wedding?",
    "Which of the two violins sounded warmer in the second movement?",
    "How much flour goes into the plum cake?",
    "When does the ferry to the island leave on Sundays?",
    "Did the dentist find anything on the left side?",
    "Who scored the last goal before half time?",
    "What colour were the curtains in the old kitchen?",
    "How long must the tomato seedlings stay indoors?",
    "Why was the mountain hut closed in August?",
    "Which vaccine does the puppy still need?",
    "What was the rent of the flat by the harbour?",
    "How did the jury justify its verdict?",
    "Where did we leave the spare key of the caravan?",
    "What is the name of the midwife with the red bicycle?",
    "How many pages has her new novel?",
    "Which saddle fits the grey mare?",
    "Did the choir rehearse the requiem on Tuesday?",
    "What does the will say about the orchard?",
    "How warm was the lake last weekend?",
    "Who painted the portrait above the fireplace?",
)
"""Of what a support room, and generated words, never talk about."""


def room_texts(size: int, *, data: Path | None) -> list[MessageCreate]:
    """The first of `data`, again from its start if it is too short; generated without it."""
    return messages(size, data=data, random=np.random.default_rng([1, size]))


def questions(data: Path | None) -> Iterator[str]:
    """Each once: an answer from the cache of embeddings costs none."""
    return _asked_late(data) if data else _generated()


def _asked_late(data: Path) -> Iterator[str]:
    """The questions of the file, newest first: most rooms end before them."""
    opened = gzip.open if data.suffix == ".gz" else open
    with opened(data, "rt", encoding="utf-8") as file:
        said = [json.loads(line)["content"] for line in file]
    asked = (text for text in reversed(said) if text.rstrip().endswith("?"))
    yield from dict.fromkeys(text for text in asked if len(text.split()) in WORDS_OF_A_QUESTION)


def _generated() -> Iterator[str]:
    for part in count():
        said = messages(1000, data=None, random=np.random.default_rng([2, part]))
        yield from (f"what about {' '.join(one.content.split()[:9])}?" for one in said)


def drawn(asked: Iterator[str], number: int) -> Sequence[str]:
    """Raises ValueError where the data has too few questions."""
    found = list(islice(asked, number))
    if len(found) < number:
        raise ValueError(f"the data has {len(found)} of {number} questions; ask fewer")
    return found
