import assert from "node:assert/strict";
import { test } from "node:test";
import { inWords, statusIn } from "../src/room/outcomes";
import { type Question, Questions } from "../src/room/questions";

class Shelf {
  readonly kept = new Map<string, string>();
  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.kept.set(key, value);
  }
}

function asking(shelf = new Shelf()) {
  const sent: string[] = [];
  const seen: string[] = [];
  const clock = { now: 0 };
  const questions = new Questions(
    async (id) => {
      sent.push(id);
    },
    ({ id, outcome }: Question) => seen.push(`${id} ${outcome}`),
    shelf,
    "place",
    () => clock.now,
  );
  return { questions, sent, seen, clock, shelf };
}

const status = (question_id: string, outcome: string, reason?: string) => {
  const data = JSON.stringify({ question_id, speaker: "ada", outcome, reason });
  const found = statusIn(new TextEncoder().encode(data));
  assert.ok(found);
  return found;
};

test("what nobody has is sent again under its id, and no more once it is accepted", () => {
  const { questions, sent, clock } = asking();
  questions.ask("q1", "ada", "hello");
  questions.resend();
  clock.now = 4_000;
  questions.resend();
  questions.told(status("q1", "accepted"));
  clock.now = 60_000;
  questions.resend(true);

  assert.deepEqual(sent, ["q1", "q1"]);
});

test("an agent that comes gets at once what waits", () => {
  const { questions, sent } = asking();
  questions.ask("q1", "ada", "hello");
  questions.resend(true);

  assert.deepEqual(sent, ["q1", "q1"]);
});

test("a page that is loaded anew sends what had no end yet, and nothing else", () => {
  const { questions, shelf } = asking();
  for (const id of ["q1", "q2", "q3", "q4"]) questions.ask(id, "ada", `text of ${id}`);
  questions.told(status("q1", "answered"));
  questions.told(status("q2", "answering"));
  questions.told(status("q4", "accepted"));
  const later = asking(shelf);
  later.questions.restore("ada", (id) => (id === "q4" ? "answered" : null));
  later.questions.resend(true);
  later.questions.told(status("q2", "accepted"));
  later.questions.told(status("q3", "accepted"));
  later.questions.resend(true);

  assert.deepEqual(later.sent, ["q2", "q3"]);
  assert.deepEqual(later.seen, ["q2 answering", "q3 sending", "q4 answered", "q3 accepted"]);
});

test("storage that holds something else is passed over", () => {
  for (const held of ["{", "7", '[{"id": 1}, null]']) {
    const shelf = new Shelf();
    shelf.setItem("place", held);
    const { questions, seen } = asking(shelf);
    questions.restore("ada", () => null);
    assert.deepEqual(seen, []);
  }
});

test("what failed is asked again under its id, and an old acceptance does not hide its end", () => {
  const { questions, sent, seen } = asking();
  questions.ask("q1", "ada", "hello");
  questions.told(status("q1", "failed", "model_timeout"));
  questions.told(status("q1", "accepted"));
  questions.again("q1");

  assert.deepEqual(sent, ["q1", "q1"]);
  assert.deepEqual(seen, ["q1 sending", "q1 failed", "q1 sending"]);
});

test("others' questions are not ours", () => {
  assert.equal(asking().questions.told(status("theirs", "answered")), false);
});

test("reasons are told in words, and unknown ones as they came", () => {
  assert.equal(
    inWords("failed", "model_timeout"),
    "Not answered: the language model did not answer in time",
  );
  assert.equal(inWords("refused", "the disk is full"), "Not taken: the disk is full");
  assert.equal(inWords("answered", "rate_limited"), "Answered");
});

test("what is no status is none", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  for (const sent of ["", "[]", "null", '{"question_id": 1}', '{"question_id":"q","outcome":"x"}']) {
    assert.equal(statusIn(bytes(sent)), null);
  }
});
