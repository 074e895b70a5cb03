"""Labelled questions for memories of a spoken room, and whether what was found answers them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.spoken.memory import Exchange
from longroom import demo_room
from longroom.evaluation.datasets import read_dataset
from longroom.evaluation.questions import Dialogue, LabelledQuestion
from retrieval.wire import MessageCreate

# As far as the first 190 messages know: some of it changes later.
DEMO_EVIDENCE = {
    "Which order number did Wren give for the blinking lamps of the theatre?": ["demo-0014"],
    "Where must parcels for Hal be left, and why?": ["demo-0028", "demo-0030", "demo-0031"],
    "How long may customers keep a lamp before they return it?": ["demo-0045"],
    "What is Ines allergic to?": ["demo-0084"],
    "Why was the printer cursed?": ["demo-0190"],
    "How do I reset a lamp that shows E-417?": ["demo-0118", "demo-0121"],
    "Who waters the fern, and how much?": ["demo-0111"],
}
SHORTEST = 8
"""Characters of a part of a message that still tells which one it is."""


def demo_dialogue(messages: int) -> Dialogue:
    questions = [
        LabelledQuestion(text, None, tuple(evidence), "demo", answerable=True)
        for text, evidence in DEMO_EVIDENCE.items()
    ]
    return Dialogue("demo", demo_room.messages()[:messages], questions)


def read_dialogue(path: Path, questions: int) -> Dialogue:
    """The first conversation of a data set. Raises DatasetUnreadable."""
    form: Any = "locomo" if path.suffix == ".json" else "jsonl"
    first = read_dataset(path, form=form)[0]
    asked = [one for one in first.questions if one.answerable and one.evidence]
    return Dialogue(first.name, first.messages, asked[:questions])


def exchanges(messages: Sequence[MessageCreate]) -> list[Exchange]:
    """What people said, each with the agent's answer if that came next."""
    found: list[Exchange] = []
    for message in messages:
        if message.role == "user":
            found.append(Exchange(line(message)))
        elif found and not found[-1].reply:
            found[-1] = Exchange(found[-1].said, message.content.strip())
    return found


def line(message: MessageCreate) -> str:
    return f"{message.participant}: {message.content.strip()}"


def shows(text: str, said: str) -> bool:
    """Whether a memory's text has the whole of what was said, or is its beginning."""
    text = text.strip()
    return said in text or (len(text) >= SHORTEST and said.startswith(text))


def figures(dialogue: Dialogue, found: Sequence[Sequence[str]]) -> dict[str, Any]:
    """`found`: for each question the texts that a memory found."""
    lines = {message.id: line(message) for message in dialogue.messages}
    wanted = 0
    right = 0
    shown = 0
    for question, texts in zip(dialogue.questions, found, strict=True):
        visible = {id_ for id_, said in lines.items() if any(shows(text, said) for text in texts)}
        wanted += len(question.evidence)
        right += len(visible.intersection(question.evidence))
        shown += len(visible)
    asked = len(dialogue.questions)
    return {
        "evidence_in_ten": round(right / wanted, 4),
        "messages_in_ten": round(shown / asked, 1),
        "questions": asked,
    }
