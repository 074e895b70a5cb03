// Questions from being typed to their end. What the agent has not said it has is sent again, under
// its id, which it takes once. After the page was loaded anew, so is what had no end yet: the agent
// tells how it fares.
import { type Outcome, type Status, isOver } from "./outcomes";

export interface Question {
  id: string;
  speaker: string;
  text: string;
  outcome: Outcome;
  reason: string;
}

interface Kept {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

const RESEND_MS = 4_000;
const KEPT = 50;

export class Questions {
  private readonly own = new Map<string, Question>();
  private readonly sentAt = new Map<string, number>();
  private readonly unsure = new Set<string>();

  constructor(
    private readonly send: (id: string, text: string) => Promise<void>,
    private readonly changed: (question: Question) => void,
    private readonly storage: Kept,
    private readonly place: string,
    private readonly now: () => number = Date.now,
  ) {}

  /** Questions of this browser that had no end when the page was closed; `end`: what is stored. */
  restore(speaker: string, end: (id: string) => Outcome | null): void {
    for (const { id, text, outcome } of this.kept()) {
      if (this.own.has(id)) continue;
      const ended = end(id);
      if (ended === null) this.unsure.add(id);
      this.add(id, speaker, text, ended ?? outcome);
    }
    this.keep();
  }

  ask(id: string, speaker: string, text: string): void {
    this.add(id, speaker, text);
    this.keep();
    void this.post(id);
  }

  has(id: string): boolean {
    return this.own.has(id);
  }

  /** Whether it is one of ours. */
  told(status: Status): boolean {
    const question = this.own.get(status.question_id);
    if (question === undefined) return false;
    this.unsure.delete(status.question_id);
    // A status of before: repeated when the question was sent once more.
    if (status.outcome === "accepted" && hasBegun(question.outcome)) return true;
    question.outcome = status.outcome;
    question.reason = status.reason ?? "";
    this.keep();
    this.changed(question);
    return true;
  }

  /** It failed, or was not taken: once more, under its id. */
  again(id: string): void {
    const question = this.own.get(id);
    if (question === undefined) return;
    question.outcome = "sending";
    question.reason = "";
    this.keep();
    this.changed(question);
    void this.post(id);
  }

  /** Call now and then; `agentCame` sends at once what a new agent may not know. */
  resend(agentCame = false): void {
    for (const [id, { outcome }] of this.own) {
      const due = agentCame || this.now() - (this.sentAt.get(id) ?? 0) >= RESEND_MS;
      if (due && (outcome === "sending" || this.unsure.has(id))) void this.post(id);
    }
  }

  private add(id: string, speaker: string, text: string, outcome: Outcome = "sending"): void {
    const question: Question = { id, speaker, text, outcome, reason: "" };
    this.own.set(id, question);
    this.changed(question);
  }

  private async post(id: string): Promise<void> {
    const question = this.own.get(id);
    if (question === undefined) return;
    this.sentAt.set(id, this.now());
    try {
      await this.send(id, question.text);
    } catch {
      // Not connected: it is sent again.
    }
  }

  private keep(): void {
    const waiting = [...this.own.values()].filter(({ outcome }) => !isOver(outcome));
    const kept = waiting.slice(-KEPT).map(({ id, text, outcome }) => ({ id, text, outcome }));
    try {
      this.storage.setItem(this.place, JSON.stringify(kept));
    } catch {
      // Full, or forbidden: it is kept as long as the page is open.
    }
  }

  private kept(): { id: string; text: string; outcome: Outcome }[] {
    try {
      const found: unknown = JSON.parse(this.storage.getItem(this.place) ?? "[]");
      return Array.isArray(found) ? found.filter(isKept).map(asKept) : [];
    } catch {
      return [];
    }
  }
}

function isKept(one: unknown): one is { id: string; text: string; outcome?: unknown } {
  const { id, text } = (one ?? {}) as Record<string, unknown>;
  return typeof id === "string" && typeof text === "string";
}

function asKept({ id, text, outcome }: { id: string; text: string; outcome?: unknown }) {
  const known = outcome === "accepted" || outcome === "answering" ? outcome : "sending";
  return { id, text, outcome: known } as const;
}

function hasBegun(outcome: Outcome): boolean {
  return outcome === "answering" || isOver(outcome);
}
