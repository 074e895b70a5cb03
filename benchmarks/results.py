"""Writes benchmarks/RESULTS.md from benchmarks/results/."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.record import RESULTS
from benchmarks.results_table import table, tables

PAGE = RESULTS.parent / "RESULTS.md"

INTRODUCTION = """\
# Results

Written by `make results` from the records in `benchmarks/results/`; do not edit.
Run a measurement again and record it:

    .venv/bin/python -m benchmarks.record recall make bench-recall DATA=/path/to/locomo.json

Data sets are not part of the project. Compare figures of one run with each other; processor time
says more than wall time, because the machines are shared."""

RECALL_COLUMNS = {
    "r10_micro": "R@10",
    "third_person r10_micro_interval": "95 % interval",
    "r10_macro": "R@10, mean of categories",
    "r10_micro_first_person": "R@10, first person",
    "third_person all10_micro": "all evidence in 10",
    "third_person ndcg10_micro": "nDCG@10",
    "evidence_1000_tokens": "evidence in 1,000 tokens",
    "auroc": "AUROC, unanswerable",
    "auroc_other_conversation": "AUROC, other room",
    "auroc_small_talk": "AUROC, small talk",
}
EVALUATE_COLUMNS = {
    "r5_micro": "R@5",
    "r10_micro": "R@10",
    "r10_micro_interval": "95 % interval",
    "r20_micro": "R@20",
    "r10_macro": "R@10, mean of categories",
    "ndcg10_micro": "nDCG@10",
    "evidence_1000_tokens_micro": "evidence in 1,000 tokens",
}
WRITING_COLUMNS = {
    "top1": "first",
    "control_top1": "first, plain writing",
    "top10": "in ten",
    "relevant": "relevant",
    "auroc": "AUROC",
    "n": "questions",
}


@dataclass(frozen=True)
class Section:
    """The file names of its records begin with `name`."""

    name: str
    title: str
    explanation: str


SECTIONS = [
    Section(
        "recall",
        "Finding the evidence, beside peers",
        "Share of the messages that answer a question among the first ten found, in percent. All"
        " store `speaker: text` and compare embeddings of the same model (all-MiniLM-L6-v2, 22M"
        " parameters). AUROC: how well the confidence (a peer's best score) tells questions with"
        " an answer from those without.",
    ),
    Section(
        "evaluate",
        "Finding the evidence, by room size",
        "All conversations in one room, among messages of another. In percent of the evidence;"
        " unlike above, questions that swap the speakers count like all others. Up to b61da7c, bm25"
        " is the search's own word index; later it is exact BM25, as above.",
    ),
    Section(
        "search",
        "What a search costs",
        "Processor time of database and caller, in milliseconds, without the query's embedding."
        " Whole searches go through HTTP to a backend and have their embedding: theirs is the time"
        " of the backend and of its connections, and `ratio_to_embedding` the median of pairs with"
        " the same text's embedding alone. A step leaves out the steps inside it. Figures that"
        " begin with `sql_` are those of a backend that keeps no rooms in memory; `ratio_to_sql` is"
        " what memory takes beside it. `differences` counts answers of the two that are not equal.",
    ),
    Section(
        "writing",
        "What people really write",
        "Share of generated questions whose message comes first (`top1`), and of the same in plain"
        " writing (`control_top1`); `make bench-writing` also prints every way of writing.",
    ),
    Section("probe", "Filtered probes against brute force", "Short or wrong results."),
    Section(
        "turn",
        "What memory costs a turn",
        "Time that recall adds to a spoken turn, beside memories that others attach to a LiveKit"
        " agent. Also the share of the evidence among the first ten that each finds, the messages"
        " that these ten show, and what people said and the store lacks after the agent's process"
        " was killed (SIGKILL) 0.1 s after it was handed the last of 20 exchanges, one a second.",
    ),
    Section(
        "adopt",
        "A memory for an agent of one's own",
        "Lines that change, and what the agent has then: a fact of 200 messages ago in its prompt,"
        " also after a handoff; an answer to the question in which it was killed; replies begun"
        " before the end of a spoken turn that were used.",
    ),
    Section("agent", "Whether the agent stays flat", "Memory and processor time, turn by turn."),
    Section("failover", "Bringing a killed agent back", "Seconds until the room is answered."),
    Section(
        "leak",
        "Whether anything is shown or done without permission",
        "Every route of the API, asked with no key, with keys of each scope, with revoked, expired"
        " and forged ones, and with tokens: for another's conversation and guessed ids, with"
        " injections, tricks of headers, paths and framing, and oversized parts. A leak is a word"
        " of a conversation that the asker may not see, or a change in the database that he may"
        " not make.",
    ),
    Section(
        "erase",
        "What was erased is gone",
        "Words written everywhere and erased in each way, and looked for through every endpoint, in"
        " every column, file, log, span and prompt. `found` must be 0; `left_until_scrub` is what"
        " PostgreSQL's files hold after a vacuum, and no longer after `longroom erasures scrub`.",
    ),
    Section(
        "pages",
        "The backend's pages in a browser",
        "In Chromium, on the machine of the backend: the first paint of a long room in the"
        " inspector; from the click on a turn to its trace; from the door of a new room to the"
        " first words of an answer, with a model that answers at once. Medians, in milliseconds."
        " What axe finds there (desktop and phone, light and dark), and requests to other hosts.",
    ),
    Section("rooms", "Rooms on one machine", "Text rooms at once, all talking."),
    Section("backfill", "Embedding a backlog", "Beside the bare encoder."),
    Section(
        "embedders", "Runtimes of the embedding model", "The same model, with and without torch."
    ),
]


def main() -> None:
    PAGE.write_text("\n\n".join(_page()) + "\n", encoding="utf-8")
    print(f"wrote benchmarks/{PAGE.name}")


def _page() -> Iterator[str]:
    yield INTRODUCTION
    for section in SECTIONS:
        records = sorted(
            (path for path in RESULTS.glob("*.json") if path.stem.split("-")[0] == section.name),
            key=lambda path: (len(path.stem), path.stem),  # 3000 before 10000
        )
        if records:
            yield f"## {section.title}"
            yield section.explanation
        for path in records:
            yield from _record(section, json.loads(path.read_text(encoding="utf-8")))


def _record(section: Section, record: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"`{record['command']}` at {record['revision']} on {record['date']}:"
        f" {record['machine']}; load before it {record['load_before']}."
    )
    if section.name == "recall":
        yield from _recall(record["result"])
    elif section.name == "evaluate":
        yield from _evaluate(record["result"])
    elif section.name == "writing":
        yield table(record["result"]["kinds"], columns=WRITING_COLUMNS)
        yield table(_by_hand(record["result"]["questions"]))
    elif section.name == "turn":
        yield from _turn(record["result"])
    else:
        yield from tables(record["result"])


def _by_hand(questions: Mapping[str, Any]) -> Mapping[str, Any]:
    return {f"questions by hand, {chat}": figures for chat, figures in questions.items()}


def _recall(result: Mapping[str, Any]) -> Iterator[str]:
    systems = {name: row for name, row in result.items() if isinstance(row, dict)}
    yield table(systems, columns=RECALL_COLUMNS)
    rooms = ", ".join(f"{count:,}" for count in result["messages_per_room"])
    yield (
        f"Rooms of {rooms} messages; {result['ours']['third_person']['questions']:,} questions."
        f" The exact nearest neighbours agree within {result['farthest_apart']:.1g}."
    )
    yield "\n".join(_took_part_without(systems))


def _turn(result: Mapping[str, Any]) -> Iterator[str]:
    systems = {name: row for name, row in result.items() if "added_ms" in _of_row(row)}
    shown = {name: _without(row, "version", "absent") for name, row in systems.items()}
    yield from tables({**shown, "history": result["history"]})
    notes = [*_took_part_without(systems)]
    not_run = result.get("not_run", {})
    notes += [f"- {name} did not run: {reason}." for name, reason in not_run.items()]
    if notes:
        yield "\n".join(notes)


def _of_row(row: Any) -> Mapping[str, Any]:
    return row if isinstance(row, dict) else {}


def _without(row: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _took_part_without(systems: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, row in systems.items():
        if row.get("absent"):
            yield f"- {name} ({row['version']}) took part without: {'; '.join(row['absent'])}."


def _evaluate(result: Mapping[str, Any]) -> Iterator[str]:
    yield table({"ours": result, **result.get("baselines", {})}, columns=EVALUATE_COLUMNS)
    if "without" in result:
        yield "Without one part of the score:"
        yield table(result["without"], columns=EVALUATE_COLUMNS)


if __name__ == "__main__":
    main()
