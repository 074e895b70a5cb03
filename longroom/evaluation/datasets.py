"""Reads labelled data sets: LoCoMo's file, or JSON Lines of messages and questions."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from longroom.evaluation.jsonl import DatasetUnreadable, opened, read_jsonl
from longroom.evaluation.questions import BadEvidence, Dialogue, LabelledQuestion
from retrieval.wire import MessageCreate

Format = Literal["locomo", "jsonl"]

TURN_SPACING = timedelta(seconds=30)
"""Assumed between a session's turns: LoCoMo dates sessions only."""
ADVERSARIAL = "5"
"""LoCoMo's category of questions with swapped speakers: they have no answer."""


def read_dataset(path: Path, *, form: Format) -> list[Dialogue]:
    """Raises DatasetUnreadable."""
    try:
        if form == "locomo":
            return [_locomo_dialogue(sample) for sample in json.loads(path.read_text("utf-8"))]
        return read_jsonl(path)
    except OSError as error:
        raise DatasetUnreadable(f"cannot read {path}: {error.strerror or error}") from error
    except DatasetUnreadable as error:
        raise DatasetUnreadable(f"{path}, {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetUnreadable(f"{path} is not in {form} format: {error!r}") from error


def read_messages(path: Path, *, first: int) -> list[MessageCreate]:
    """The first non-blank messages of an import file, plain or .gz. Raises DatasetUnreadable."""
    messages: list[MessageCreate] = []
    try:
        with opened(path) as lines:
            for number, line in enumerate(lines, start=1):
                if len(messages) == first:
                    break
                entry = json.loads(line)
                if entry["content"].strip():
                    messages.append(MessageCreate(**{"id": f"line {number}", **entry}))
    except OSError as error:
        raise DatasetUnreadable(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetUnreadable(f"{path}, line {number}: {error!r}") from error
    return messages


def _locomo_dialogue(sample: dict[str, Any]) -> Dialogue:
    conversation = sample["conversation"]
    numbers = sorted(
        int(key.split("_")[1]) for key in conversation if re.fullmatch(r"session_\d+", key)
    )
    messages = [
        message
        for number in numbers
        for message in _locomo_session(
            conversation[f"session_{number}"], conversation[f"session_{number}_date_time"]
        )
    ]
    speakers = [conversation["speaker_a"], conversation["speaker_b"]]
    known = {str(message.id) for message in messages}
    entries = [(entry, f"qa[{number}]") for number, entry in enumerate(sample["qa"])]
    questions = [_locomo_question(entry, speakers, known, place) for entry, place in entries]
    return Dialogue(
        name=str(sample["sample_id"]),
        messages=messages,
        questions=[question for question in questions if question.evidence],
        bad_evidence=[
            BadEvidence(place, "evidence", one)
            for entry, place in entries
            for one in _locomo_evidence(entry)
            if one not in known
        ],
    )


def _locomo_session(turns: Sequence[dict[str, Any]], date_time: str) -> list[MessageCreate]:
    start = datetime.strptime(date_time, "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
    return [
        MessageCreate(
            id=turn["dia_id"],
            role="user",
            participant=turn["speaker"],
            content=_with_caption(turn),
            created_at=start + place * TURN_SPACING,
        )
        for place, turn in enumerate(turns)
    ]


def _with_caption(turn: dict[str, Any]) -> str:
    caption = turn.get("blip_caption")
    return f"{turn['text']} [image: {caption}]" if caption else str(turn["text"])


def _locomo_question(
    entry: dict[str, Any], speakers: Sequence[str], known: set[str], place: str
) -> LabelledQuestion:
    text = str(entry["question"])
    named = [speaker for speaker in speakers if re.search(rf"\b{speaker}\b", text, re.IGNORECASE)]
    category = str(entry["category"])
    return LabelledQuestion(
        text=text,
        subject=named[0] if len(named) == 1 else None,
        evidence=tuple(one for one in _locomo_evidence(entry) if one in known),
        category=category,
        answerable=category != ADVERSARIAL,
        place=place,
    )


def _locomo_evidence(entry: dict[str, Any]) -> list[str]:
    """Each once. Some fields name several."""
    ids = [one for field in entry["evidence"] for one in re.split(r"[;,\s]+", field) if one]
    return [*dict.fromkeys(ids)]
