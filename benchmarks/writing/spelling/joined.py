"""Names joined to other words, as in code, files, addresses and hurried typing."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.writing.names.latin import names
from benchmarks.writing.spelling.sentences import families
from benchmarks.writing.trial import Alike, Draw, SubKind


@dataclass(frozen=True)
class Joined:
    """`{j}` in `said` becomes `token`, or `plain` in the control."""

    token: str
    said: str
    asked: str
    plain: str = "{x}"


MESSAGES = {
    "full stop without space": Joined(
        "{x}.The", "I met the people of {j} rest can wait.", "Whom of {x} did I meet?", "{x}. The"
    ),
    "comma without space": Joined(
        "{x},then", "We saw {j} it began to rain.", "When did we see {x}?", "{x}, then"
    ),
    "exclamation without space": Joined(
        "{x}!We", "Say hello to {j} miss them.", "Who should say hello to {x}?", "{x}! We"
    ),
    "question mark without space": Joined(
        "{x}?They", "Have you seen {j} left early.", "Has anybody seen {x}?", "{x}? They"
    ),
    "colon without space": Joined(
        "{x}:please", "From {j} close the window.", "What does {x} want closed?", "{x}: please"
    ),
    "bracket without space": Joined(
        "{x}(the", "I called {j} plumber) twice.", "Who called {x}?", "{x} (the"
    ),
    "slash to a word": Joined(
        "{x}/Reception",
        "The papers are with {j} until noon.",
        "Where are the papers, {x}?",
        "{x}, Reception",
    ),
    "slash from a word": Joined(
        "Reception/{x}",
        "The papers are with {j} until noon.",
        "Where are the papers, {x}?",
        "Reception, {x}",
    ),
    "file": Joined("{l}.pdf", "The plan is in {j} on the drive.", "Where is the plan of {x}?"),
    "file with underscores": Joined(
        "{l}_final_v2.docx", "The plan is in {j} on the drive.", "Where is the plan of {x}?"
    ),
    "file with hyphens": Joined(
        "2024-{l}-draft.xlsx", "The plan is in {j} on the drive.", "Where is the plan of {x}?"
    ),
    "file in words": Joined(
        "Plan{x}New.txt", "The notes are in {j} on the drive.", "Where are the notes on {x}?"
    ),
    "mail user": Joined(
        "{l}@mail.example", "Write to {j} about the flat.", "How do we write to {x}?"
    ),
    "mail user with dots": Joined(
        "j.{l}@mail.example", "Write to {j} about the flat.", "How do we write to {x}?"
    ),
    "mail host": Joined(
        "info@{l}.example", "Write to {j} about the flat.", "How do we write to {x}?"
    ),
    "web host": Joined(
        "https://www.{l}.example/form",
        "The form is at {j} since Monday.",
        "Where is the form of {x}?",
    ),
    "web path": Joined(
        "https://site.example/{l}/form?id=1",
        "The form is at {j} since Monday.",
        "Where is the form of {x}?",
    ),
    "web query": Joined(
        "https://site.example/f?who={l}&a=1",
        "The form is at {j} since Monday.",
        "Where is the form of {x}?",
    ),
    "method call": Joined(
        "Orders.{x}.apply()", "The error comes from {j} at night.", "What error comes from {x}?"
    ),
    "function": Joined("get{x}ById()", "It fails in {j} since the update.", "What fails with {x}?"),
    "class": Joined("{x}Service", "The class {j} was down for an hour.", "How long was {x} down?"),
    "class with acronym": Joined(
        "HTTP{x}Server", "The class {j} was down for an hour.", "How long was {x} down?"
    ),
    "lower camel case": Joined(
        "my{x}Value", "The field {j} is empty again.", "Which field of {x} is empty?"
    ),
    "snake case": Joined(
        "{l}_service", "The job {j} was down for an hour.", "How long was {x} down?"
    ),
    "upper snake case": Joined("MAX_{u}_SIZE", "Set {j} to forty.", "What is the size for {x}?"),
    "kebab case": Joined(
        "{l}-service", "The job {j} was down for an hour.", "How long was {x} down?"
    ),
    "pod": Joined("pod/{l}-7f9c6d-x2x", "Restart of {j} at midnight.", "When did {x} restart?"),
    "number behind": Joined(
        "{u}2", "The server {j} was down for an hour.", "How long was {x} down?"
    ),
    "number before": Joined(
        "3{l}", "The server {j} was down for an hour.", "How long was {x} down?"
    ),
    "windows path": Joined(
        "C:\\dir\\{x}\\x", "It is stored under {j} on the laptop.", "What is stored under {x}?"
    ),
    "unix path": Joined(
        "/srv/{l}/data", "It is stored under {j} on the server.", "What is stored under {x}?"
    ),
    "key and value": Joined(
        "owner={l}", "It was started with {j} by mistake.", "What was started with {x}?"
    ),
    "json": Joined(
        '{"owner":"{x}","ok":false}', "The answer was {j} again.", "What was the answer for {x}?"
    ),
    "markup link": Joined(
        "[{x}](https://site.example/1)", "Look at {j} for this.", "What should we see of {x}?"
    ),
    "html attribute": Joined(
        '<a href="/{l}">here</a>', "The link {j} is broken.", "Which link of {x} is broken?"
    ),
    "csv": Joined("17;{x};open;none", "Row two reads {j} today.", "What does the row of {x} read?"),
    "column bars": Joined(
        "17|{x}|open|none", "Row two reads {j} today.", "What does the row of {x} read?"
    ),
    "plus": Joined(
        "{x}+guests",
        "Dinner is for {j} on the terrace.",
        "Where is dinner for {x}?",
        "{x} and guests",
    ),
    "ampersand": Joined(
        "{x}&Partners", "The lawyers {j} wrote again.", "Who wrote from {x}?", "{x} and partners"
    ),
    "host and port": Joined("{l}:8080", "The tests run on {j} this week.", "What runs on {x}?"),
    "branch": Joined(
        "feature/{l}-login", "The branch {j} is merged.", "Is the branch of {x} merged?"
    ),
    "hashtag of words": Joined(
        "#{x}Party", "All pictures are under {j} now.", "Where are the pictures of {x}?"
    ),
    "hyphenated": Joined(
        "{x}-based", "The {j} plan was dropped.", "What happened to the plan of {x}?", "{x} based"
    ),
    "double colon": Joined(
        "core::{l}::parse", "The panic is in {j} again.", "Where is the panic in {x}?"
    ),
    "dollar variable": Joined(
        "${{u}_HOME}", "The script needs {j} to be set.", "What needs {x} to be set?"
    ),
}
QUESTIONS = {
    "file asked for": Joined("{l}.pdf", "The plan of {x} is in the blue folder.", "Where is {j}?"),
    "mail asked for": Joined(
        "{l}@mail.example", "The flat of {x} is on the second floor.", "Which floor is {j} on?"
    ),
    "class asked for": Joined(
        "{x}Service", "The service of {x} was down for an hour.", "How long was {j} down?"
    ),
    "snake case asked for": Joined(
        "{l}_service", "The service of {x} was down for an hour.", "How long was {j} down?"
    ),
    "kebab case asked for": Joined(
        "{l}-service", "The service of {x} was down for an hour.", "How long was {j} down?"
    ),
    "path asked for": Joined(
        "/srv/{l}/data", "The backup of {x} is on the old disk.", "Where is {j} kept?"
    ),
    "slash asked for": Joined(
        "{x}/Reception", "The papers of {x} are on the desk.", "Where are the papers of {j}?"
    ),
    "hashtag asked for": Joined("#{x}Party", "The party of {x} was great fun.", "How was {j}?"),
    "full stop asked for": Joined(
        "{x}.How", "The party of {x} was great fun.", "We spoke of {j} was the party?", "{x}. How"
    ),
}
SIGNS = {
    "slash": "/",
    "hyphen": "-",
    "underscore": "_",
    "plus": "+",
    "ampersand": "&",
    "comma": ",",
    "full stop": ".",
}


def joined(draw: Draw) -> list[SubKind]:
    found = [_sub_kind(draw, name, one) for name, one in {**MESSAGES, **QUESTIONS}.items()]
    for name, sign in SIGNS.items():
        found += _pairs(draw, name, sign)
    return found


def _sub_kind(draw: Draw, name: str, one: Joined) -> SubKind:
    def alike(token: str) -> Alike:
        said, asked = (text.replace("{j}", token) for text in (one.said, one.asked))
        return Alike(names(draw.random("joined", one.said), draw.rows), said, asked)

    return SubKind(name, alike(one.token).rows(), alike(one.plain).rows())


def _pairs(draw: Draw, name: str, sign: str) -> Iterator[SubKind]:
    """Two names joined, the one asked for in front or behind."""
    base = families(draw, f"joined {name}", 1)[0]
    others = names(draw.random("joined", name, "others"), draw.rows)
    other = dict(zip(base.values, others, strict=True))
    controls = base.rows(said=lambda one: f"{one} and {other[one]}")
    yield SubKind(
        f"{name}, first name", base.rows(said=lambda one: one + sign + other[one]), controls
    )
    yield SubKind(
        f"{name}, second name", base.rows(said=lambda one: other[one] + sign + one), controls
    )
