"""Every route, asked by everybody, for what is his, another's, guessed, and never was."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4

from benchmarks.leak.credentials import Credential
from benchmarks.leak.injections import TEXTS, VALUES, put
from benchmarks.leak.operations import CHANGES_STATE, Operation
from benchmarks.leak.probe import Probe, request_bytes
from benchmarks.leak.world import ALLOWED, LETTERS, REFUSED, SAID_BY_TOKEN, SUBJECT, World

INJECTING = ("none", "token a", "token a, append", "scope search", "scope agent", "scope backfill")
NOT_SAID = (
    ("role", "assistant"),
    ("role", "system"),
    ("role", "tool"),
    ("participant", "hal"),
    ("participant", "Ada"),
    ("participant", "ada "),
    ("participant", "agent"),
    ("epoch", 1),
)
EXAMPLE_ID = "0b8f9f4e-6f5c-4b55-9d0b-0d1f6f3f2a10"


class Prober:
    def __init__(self, world: World) -> None:
        self._world = world
        self._number = 0

    def of_operation(self, operation: Operation, who: Credential) -> Iterator[Probe]:
        """Once for each target, with a body that would be taken."""
        for letter, values in self._targets(operation):
            permitted = who.may(operation.permission, letter)
            if permitted and not self._is_harmless(operation, letter):
                continue
            if permitted:
                values = {name: value.replace(REFUSED, ALLOWED) for name, value in values.items()}
            examples = operation.examples or (None,)
            for example in examples[:1] if letter is None else examples:
                body = None if example is None else self._body(example, who, letter, permitted)
                query = {"dry_run": "true"} if permitted and operation.method == "DELETE" else {}
                yield self._probe(operation, who, values, permitted, body, query)

    def injected(self, operation: Operation, who: Credential) -> Iterator[Probe]:
        """In each field of the body, each parameter and each place of the path, for A."""
        permitted = who.may(operation.permission, "a")
        if permitted and operation.erases:
            return
        values = self._values("a")
        if permitted:  # what is compared at the end stays as it is
            values |= {"room": f"{ALLOWED} room", "session_id": f"{ALLOWED} session"}
        for example in operation.examples[-1:]:
            body = self._body(example, who, "a", permitted)
            for value in (*TEXTS, *VALUES):
                for changed in put(body, value):
                    yield self._probe(operation, who, values, permitted, changed, judged=False)
        for changed_values, query in _in_target(operation, values):
            body = self._any_body(operation, who, permitted)
            yield self._probe(operation, who, changed_values, permitted, body, query, judged=False)

    def in_anothers_name(self, operation: Operation, who: Credential) -> Iterator[Probe]:
        """What a token's subject did not say, or not so."""
        if operation.permission != "append" or who.conversation is None:
            return
        values = self._values(who.conversation)
        for name, value in NOT_SAID:
            body = self._body(operation.examples[0], who, who.conversation, permitted=False)
            messages = [*body["messages"][:-1], body["messages"][-1] | {name: value}]
            probe = self._probe(operation, who, values, False, {"messages": messages})
            yield replace(probe, what=f"{operation.method} {operation.path} with {name} {value}")
        for name, value in (("epoch", 1), ("room", "room-b")):
            body = self._body(operation.examples[0], who, who.conversation, permitted=False)
            probe = self._probe(operation, who, values, False, body | {name: value})
            yield replace(probe, what=f"{operation.method} {operation.path}, its {name} {value}")

    def _any_body(self, operation: Operation, who: Credential, permitted: bool) -> Any:
        return (
            self._body(operation.examples[0], who, "a", permitted) if operation.examples else None
        )

    def _probe(
        self,
        operation: Operation,
        who: Credential,
        values: dict[str, str],
        permitted: bool,
        body: Any,
        query: dict[str, str] | None = None,
        *,
        judged: bool = True,
    ) -> Probe:
        target = operation.fill(values)
        if query:
            target += "?" + urlencode(query, errors="replace")
        content = None if body is None else json.dumps(body).encode()
        return Probe(
            f"{operation.method} {operation.path} at {values.get('conversation_id', '')[:13]}",
            who,
            request_bytes(operation.method, target, who.headers, content),
            permitted,
            judged_by_status=judged,
        )

    def _targets(self, operation: Operation) -> Iterator[tuple[str | None, dict[str, str]]]:
        for letter in LETTERS:
            yield letter, self._values(letter)
        if not operation.places:
            return
        guesses = [str(uuid4()), str(UUID(int=0)), "1", "b", "*", "..", quote("a/../b", safe="")]
        for letter in LETTERS:
            here = self._world.conversations[letter]
            guesses += [str(UUID(int=here.int + step)) for step in (-1, 1)]
            for form in (here.hex, f"{{{here}}}", f"urn:uuid:{here}"):
                yield letter, self._values(letter) | {"conversation_id": form}
        for guess in guesses:
            guessed = {"conversation_id": guess, "room": f"{REFUSED}{guess}"}
            yield None, self._values("b") | guessed | {"session_id": f"{REFUSED}{guess}"}
        if "conversation_id" in operation.places:
            crossed = self._values("a") | {"message_id": self._world.message_id("b")}
            yield "a", crossed
            upper = str(self._world.conversations["b"]).upper()
            yield "b", self._values("b") | {"conversation_id": upper}

    def _values(self, letter: str) -> dict[str, str]:
        return {
            "conversation_id": str(self._world.conversations[letter]),
            "room": self._world.room(letter),
            "message_id": self._world.message_id(letter),
            "identity": self._world.participant(letter),
            "session_id": f"s-{letter}",
            "agent_name": "longroom",
            "worker_id": "w1",
        }

    def _is_harmless(self, operation: Operation, letter: str | None) -> bool:
        """What may be done is done, unless it would change what is compared at the end."""
        if operation.method not in CHANGES_STATE or letter is None:
            return True
        if operation.method == "DELETE":
            return operation.permission == "erase"  # as a dry run
        return operation.permission in ("append", "search")

    def _body(self, example: Any, who: Credential, letter: str | None, permitted: bool) -> Any:
        """The example, for this conversation, in texts of which the database is searched after."""
        self._number += 1
        mark = f"{ALLOWED if permitted else REFUSED}{self._number}"
        if who.conversation is not None and permitted:
            mark = f"{SAID_BY_TOKEN}{who.conversation}{self._number}"
        body = json.loads(
            json.dumps(example).replace(EXAMPLE_ID, str(self._world.conversations[letter or "b"]))
        )
        return _marked(body, mark, who)


def _in_target(
    operation: Operation, values: dict[str, str]
) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    for text in TEXTS[:-1]:
        for name in operation.query:
            yield values, {name: text}
        for place in operation.places:
            yield values | {place: quote(text, safe="", errors="replace")}, {}


_MARKED = ("id", "name", "key", "content", "identity", "conversation", "agent_identity", "subject")


def _marked(value: Any, mark: str, who: Credential) -> Any:
    if isinstance(value, list):
        return [_marked(one, f"{mark}-{place}", who) for place, one in enumerate(value)]
    if not isinstance(value, dict):
        return value
    found = {name: _marked(part, mark, who) for name, part in value.items()}
    for name in _MARKED:
        if isinstance(found.get(name), str):
            found[name] = f"{mark} {name}"
    if who.conversation is not None and "role" in found and "created_at" in found:
        found |= {"role": "user", "participant": SUBJECT}
    return found
