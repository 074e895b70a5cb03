// What comes from the room, brought into the transcript.
import { announce } from "./announcer";
import type { Segment } from "./connection";
import { type Status, inWords } from "./outcomes";
import type { Question, Questions } from "./questions";
import type { Line, Transcript } from "./transcript";

export class Conversation {
  private readonly segments = new Map<string, Line>();
  private readonly early = new Map<string, Status>();
  private answering: string | null = null;

  constructor(
    private readonly transcript: Transcript,
    private readonly questions: () => Questions,
  ) {}

  /** One's own, as it fares. */
  asked({ id, speaker, text, outcome, reason }: Question): void {
    const line = this.transcript.withId(id);
    if (line === undefined) {
      this.transcript.say({ id, role: "person", who: speaker, text, outcome, reason });
    } else {
      this.transcript.change(line, { outcome, reason });
    }
    if (outcome === "failed" || outcome === "refused" || outcome === "empty") {
      announce(inWords(outcome, reason));
    }
  }

  typed(id: string, who: string, text: string): void {
    if (!text.trim() || this.transcript.withId(id) !== undefined) return;
    const status = this.early.get(id);
    this.early.delete(id);
    this.transcript.say({ id, role: "person", who, text, outcome: status?.outcome ?? null });
    announce(`${who}: ${text}`);
  }

  segment({ id, who, byAgent, text, final, broken }: Segment): void {
    const changes = { text, open: !final && !broken, broken };
    const known = this.segments.get(id);
    const line = known ?? this.begun(who, byAgent, changes);
    this.segments.set(id, line);
    if (known !== undefined) this.transcript.change(line, changes);
    if (final && byAgent) this.transcript.dropRepeated(line);
    if (final && text.trim()) announce(`${byAgent ? "Agent" : who}: ${text}`);
    if (final || broken) this.forgetSoon(id);
  }

  status(status: Status): void {
    const { question_id: id, speaker, outcome, reason = "" } = status;
    if (outcome === "answering") this.beginAnswer(id);
    else if (this.answering === id) this.answering = null;
    if (this.questions().told(status)) return;
    const line = this.transcript.withId(id) ?? this.transcript.lastSpoken(speaker);
    if (line === undefined) {
      this.early.set(id, status);
      return;
    }
    this.transcript.change(line, { id, outcome, reason });
  }

  /** What was told of questions before they were shown. */
  caughtUp(): void {
    for (const [id, { outcome, reason = "" }] of this.early) {
      const line = this.transcript.withId(id);
      if (line === undefined) continue;
      this.early.delete(id);
      this.transcript.change(line, { outcome, reason });
    }
  }

  private begun(who: string, byAgent: boolean, changes: Pick<Line, "text" | "open" | "broken">): Line {
    if (byAgent) {
      const answers = this.answering;
      return this.transcript.say({ role: "agent", who, answers, ...changes });
    }
    const line = this.transcript.say({ role: "person", who, spoken: true, ...changes });
    const early = [...this.early.values()].find(({ speaker }) => speaker === who);
    if (early !== undefined) {
      this.early.delete(early.question_id);
      this.transcript.change(line, { id: early.question_id, outcome: early.outcome });
    }
    return line;
  }

  /** An agent that was killed left the beginning of an answer: the next one begins anew. */
  private beginAnswer(id: string): void {
    this.answering = id;
    const before = this.transcript.lines.findLast((line) => line.answers === id);
    if (before !== undefined && before.seq === null && (before.open || before.broken)) {
      this.transcript.remove(before);
    }
  }

  private forgetSoon(id: string): void {
    // A final text may be sent once more under the same segment.
    setTimeout(() => this.segments.delete(id), 30_000);
  }
}
