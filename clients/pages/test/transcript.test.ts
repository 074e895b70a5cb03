import assert from "node:assert/strict";
import { test } from "node:test";
import type { Stored } from "../src/room/server";
import { type Line, Transcript, type View, questionOf } from "../src/room/transcript";

class Listed implements View {
  readonly shown: Line[] = [];
  added(line: Line, before: Line | null): void {
    const place = before === null ? this.shown.length : this.shown.indexOf(before);
    this.shown.splice(place, 0, line);
  }
  changed(): void {}
  removed(line: Line): void {
    this.shown.splice(this.shown.indexOf(line), 1);
  }
  get texts(): string[] {
    return this.shown.map(({ text }) => text);
  }
}

const stored = (seq: number, text: string, given: Partial<Stored> = {}): Stored => ({
  id: `m${seq}`,
  seq,
  role: "user",
  participant: "ada",
  text,
  said_at: new Date(Date.UTC(2026, 0, 1, 12, seq)).toISOString(),
  interrupted: false,
  ...given,
});

function written() {
  const view = new Listed();
  return { view, transcript: new Transcript(view) };
}

test("older pages come above, each message once", () => {
  const { view, transcript } = written();
  transcript.older([stored(3, "three"), stored(4, "four")]);
  transcript.older([stored(1, "one"), stored(2, "two"), stored(3, "three")]);

  assert.deepEqual(view.texts, ["one", "two", "three", "four"]);
  assert.equal(transcript.newestSeq, 4);
});

test("what was seen live is not shown again when it is stored", () => {
  const { view, transcript } = written();
  transcript.say({ id: "m1", role: "person", who: "ada", text: "typed" });
  transcript.say({ role: "person", who: "bob", text: "spoken  words", spoken: true });
  transcript.say({ role: "agent", who: "agent-1", text: "an ans", answers: "m1", open: true });
  transcript.newer([
    stored(1, "typed"),
    stored(2, "spoken words", { participant: "bob" }),
    stored(3, "an answer", { role: "assistant", id: "m1.answer1" }),
  ]);

  assert.deepEqual(view.texts, ["typed", "spoken words", "an answer"]);
  assert.deepEqual(view.shown.map(({ open }) => open), [false, false, false]);
});

test("the same words of another person are another message", () => {
  const { view, transcript } = written();
  transcript.say({ role: "person", who: "bob", text: "yes", spoken: true });
  transcript.newer([stored(1, "yes")]);

  assert.equal(view.shown.length, 2);
});

test("what was missed stands at its time, before what is being said", () => {
  const { view, transcript } = written();
  transcript.older([stored(1, "one"), stored(3, "three")]);
  transcript.say({ role: "person", who: "ada", text: "now" });
  transcript.newer([stored(4, "four"), stored(2, "two")]);

  assert.deepEqual(view.texts, ["one", "two", "three", "four", "now"]);
});

test("an answer that is stored, and comes once more, is there once", () => {
  const { view, transcript } = written();
  transcript.newer([
    stored(1, "Where?"),
    stored(2, "Let me look.", { role: "assistant", id: "m1.answer1" }),
  ]);
  const come = (text: string, answers: string | null) =>
    transcript.dropRepeated(transcript.say({ role: "agent", who: "agent-1", text, answers }));
  come("Let me look. ", "m1");
  come("Let me look. ", null);
  come("In the shed.", "m1");
  come("Let me look.", "m3");

  assert.deepEqual(view.texts, ["Where?", "Let me look.", "In the shed.", "Let me look."]);
});

test("an answer's id names its question", () => {
  assert.equal(questionOf("q.1.answer2"), "q.1");
  assert.equal(questionOf("q.apology.late"), "q");
  assert.equal(questionOf("q.answer0"), null);
  assert.equal(questionOf("plain"), null);
});

test("parts of what was spoken give way to the whole, and an answer tells its question's end", () => {
  const { view, transcript } = written();
  for (const text of ["Where are", "the keys?", "Somewhere else"]) {
    transcript.say({ role: "person", who: "ada", text, spoken: true });
  }
  assert.equal(transcript.hasAnswer("m1"), false);
  transcript.newer([
    stored(1, "Where are the keys?"),
    stored(2, "Here.", { role: "assistant", id: "m1.answer1" }),
  ]);

  assert.deepEqual([...view.texts].sort(), ["Here.", "Somewhere else", "Where are the keys?"]);
  assert.equal(transcript.hasAnswer("m1"), true);
  assert.equal(transcript.endOf("m1"), "answered");
  assert.equal(transcript.endOf("m9"), null);
});
