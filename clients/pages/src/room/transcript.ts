// The lines of a conversation: what is said now, word by word, and what was stored, each line once.
import type { Outcome } from "./outcomes";
import type { Stored } from "./server";

export interface Line {
  /** For the view. */
  readonly key: string;
  /** A message's id, once it is known. */
  id: string | null;
  seq: number | null;
  role: "person" | "agent";
  who: string;
  text: string;
  at: number;
  /** Still being said. */
  open: boolean;
  /** Broke off, or was interrupted. */
  broken: boolean;
  spoken: boolean;
  /** Of a question: how it fares. */
  outcome: Outcome | null;
  reason: string;
  /** Of an answer: its question's id. */
  answers: string | null;
}

export interface View {
  /** At the place where it now stands in `lines`. */
  added(line: Line, before: Line | null): void;
  changed(line: Line): void;
  removed(line: Line): void;
}

export class Transcript {
  readonly lines: Line[] = [];
  private readonly byId = new Map<string, Line>();
  private count = 0;

  constructor(private readonly view: View) {}

  withId(id: string): Line | undefined {
    return this.byId.get(id);
  }

  /** Said just now: the newest line. */
  say(said: Partial<Line> & Pick<Line, "role" | "who" | "text">): Line {
    const line = this.made(said);
    this.insert(line, this.lines.length);
    return line;
  }

  change(line: Line, changes: Partial<Omit<Line, "key">>): void {
    if (!this.lines.includes(line)) return;
    Object.assign(line, changes);
    if (line.id !== null) this.byId.set(line.id, line);
    this.view.changed(line);
  }

  remove(line: Line): void {
    const place = this.lines.indexOf(line);
    if (place < 0) return;
    this.lines.splice(place, 1);
    if (line.id !== null && this.byId.get(line.id) === line) this.byId.delete(line.id);
    this.view.removed(line);
  }

  /** The last spoken line of somebody that belongs to no question yet. */
  lastSpoken(who: string): Line | undefined {
    return this.lines.findLast(
      (line) => line.role === "person" && line.who === who && line.spoken && line.id === null,
    );
  }

  /** A page that comes before all stored ones. */
  older(page: readonly Stored[]): void {
    let place = 0;
    for (const message of page) {
      if (this.adopted(message)) continue;
      this.insert(this.stored(message), place);
      place += 1;
    }
  }

  /** What was stored since; some of it has been seen. */
  newer(page: readonly Stored[]): void {
    for (const message of page) {
      if (!this.adopted(message)) this.insert(this.stored(message), this.placeOf(message));
      if (message.role === "user") this.dropPartsOf(message);
    }
  }

  /** How a question ended, as far as its answer is stored. */
  endOf(question: string): Outcome | null {
    const answer = this.lines.findLast(({ answers, seq }) => answers === question && seq !== null);
    if (answer?.id == null) return null;
    if (/\.apology(\.late)?$/.test(answer.id)) return "failed";
    return answer.broken ? "interrupted" : "answered";
  }

  /** Takes out an answer that comes when it is shown as stored: after a lost connection, they do. */
  dropRepeated(line: Line): void {
    if (line.seq !== null) return;
    const stored = this.lines.some(
      ({ seq, answers, text }) =>
        seq !== null && answers !== null && (line.answers ?? answers) === answers &&
        plain(text) === plain(line.text),
    );
    if (stored) this.remove(line);
  }

  /** Whether all of an answer is here. */
  hasAnswer(question: string): boolean {
    return this.lines.some(({ answers, open }) => answers === question && !open);
  }

  get newestSeq(): number {
    return this.lines.reduce((newest, { seq }) => Math.max(newest, seq ?? 0), 0);
  }

  private made(said: Partial<Line> & Pick<Line, "role" | "who" | "text">): Line {
    this.count += 1;
    return {
      id: null,
      seq: null,
      at: Date.now(),
      open: false,
      broken: false,
      spoken: false,
      outcome: null,
      reason: "",
      answers: null,
      ...said,
      key: `line-${this.count}`,
    };
  }

  private stored(message: Stored): Line {
    return this.made({
      id: message.id,
      seq: message.seq,
      role: message.role === "user" ? "person" : "agent",
      who: message.participant,
      text: message.text,
      at: Date.parse(message.said_at),
      broken: message.interrupted,
      answers: questionOf(message.id),
    });
  }

  private insert(line: Line, place: number): void {
    this.lines.splice(place, 0, line);
    if (line.id !== null) this.byId.set(line.id, line);
    this.view.added(line, this.lines[place + 1] ?? null);
  }

  /** Whether the message has a line already, which then is the stored one. */
  private adopted(message: Stored): boolean {
    const line = this.byId.get(message.id) ?? this.lines.findLast((one) => isSame(one, message));
    if (line === undefined) return false;
    this.change(line, {
      id: message.id,
      seq: message.seq,
      text: message.text,
      at: Date.parse(message.said_at),
      open: false,
      broken: message.interrupted,
      answers: line.answers ?? questionOf(message.id),
    });
    return true;
  }

  /** Who pauses while they speak is heard in parts, which have lines until the whole is stored. */
  private dropPartsOf({ participant, text }: Stored): void {
    const whole = plain(text);
    const parts = this.lines.filter(
      (line) =>
        line.spoken && line.id === null && !line.open && line.who === participant &&
        whole.includes(plain(line.text)),
    );
    parts.forEach((line) => this.remove(line));
  }

  private placeOf(message: Stored): number {
    const at = Date.parse(message.said_at);
    const earlier = this.lines.findLastIndex((line) => line.seq !== null && line.at <= at);
    return earlier + 1;
  }
}

/** Of a line that came live, without the message's id. */
function isSame(line: Line, message: Stored): boolean {
  if (line.seq !== null || line.id !== null) return false;
  const role = message.role === "user" ? "person" : "agent";
  if (line.role !== role) return false;
  if (role === "person" && line.who !== message.participant) return false;
  if (role === "agent" && line.answers !== null && line.answers === questionOf(message.id)) {
    return true;
  }
  return plain(line.text) === plain(message.text);
}

function plain(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** Of an answer's or apology's id; null for other messages. */
export function questionOf(messageId: string): string | null {
  return /^(.+)\.(?:answer[1-9]\d{0,3}|apology)(?:\.late)?$/s.exec(messageId)?.[1] ?? null;
}
