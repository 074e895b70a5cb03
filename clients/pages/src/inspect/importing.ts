// An export is read here and sent in pieces of whole lines, one after another: a file of any size.
import { csrfHeaders } from "./csrf";

const MOST_LINES = 100;
const MOST_CHARS = 400_000;

interface Stored {
  conversation: string;
  origin: string | null;
  ended: boolean;
  messages: number;
  duplicates: number;
  edits: number;
  events: number;
  sessions: number;
  rooms: number;
  refused: number;
  refused_lines: { line: number; reason: string }[];
}

const COUNTED = ["messages", "duplicates", "edits", "events", "sessions", "rooms", "refused"] as const;

export function takeImports(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-import]");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const file = (form.elements.namedItem("file") as HTMLInputElement).files?.[0];
    if (file) void new Import(form, file).run();
  });
}

class Import {
  private readonly totals: Record<string, number> = Object.fromEntries(COUNTED.map((name) => [name, 0]));
  private readonly refused: string[] = [];
  private conversation = "";
  private origin = "";
  private ended = false;
  private line = 1;
  private sent = 0;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly file: File,
  ) {}

  async run(): Promise<void> {
    const button = this.form.querySelector("button")!;
    const progress = this.form.querySelector("progress")!;
    button.disabled = true;
    progress.hidden = false;
    try {
      for await (const piece of pieces(this.file)) {
        await this.send(piece);
        progress.value = Math.min(1, this.sent / Math.max(1, this.file.size));
        this.tell("Being imported");
      }
      this.tell(this.ended || this.totals.messages || this.totals.duplicates ? "Imported" : "The file has nothing to import");
    } catch (error) {
      this.tell(`Stopped at line ${this.line}: ${error instanceof Error ? error.message : "it could not be sent"}`, true);
    } finally {
      button.disabled = false;
      progress.hidden = true;
    }
  }

  private async send(piece: string[]): Promise<void> {
    if (beginsConversation(piece[0])) this.conversation = this.origin = "";
    const url = new URL(this.form.dataset.import ?? "", location.href);
    url.searchParams.set("first", String(this.line));
    url.searchParams.set("room", (this.form.elements.namedItem("room") as HTMLInputElement).value);
    if (this.conversation) url.searchParams.set("conversation", this.conversation);
    if (this.origin) url.searchParams.set("origin", this.origin);
    const body = piece.join("\n");
    const headers = { "Content-Type": "application/x-ndjson", Accept: "application/json", ...csrfHeaders() };
    const response = await fetch(url, { method: "POST", body, headers });
    if (!response.ok) {
      const problem = (await response.json().catch(() => ({}))) as { detail?: string; title?: string };
      throw new Error(problem.detail ?? problem.title ?? String(response.status));
    }
    const stored = (await response.json()) as Stored;
    this.conversation = stored.conversation;
    this.origin = stored.origin ?? "";
    this.ended ||= stored.ended;
    for (const name of COUNTED) this.totals[name] = (this.totals[name] ?? 0) + stored[name];
    for (const { line, reason } of stored.refused_lines) {
      if (this.refused.length < 50) this.refused.push(`line ${line}: ${reason}`);
    }
    this.line += piece.length;
    this.sent += new Blob([body]).size + 1;
  }

  private tell(what: string, bad = false): void {
    const status = this.form.querySelector("[data-import-status]")!;
    status.replaceChildren();
    const line = document.createElement("p");
    line.className = bad ? "bad" : "";
    const figures = COUNTED.filter((name) => this.totals[name]).map((name) => `${this.totals[name]?.toLocaleString()} ${name}`);
    line.textContent = `${what}${figures.length ? `: ${figures.join(", ")}` : ""}.`;
    status.append(line);
    if (this.conversation) {
      const link = document.createElement("a");
      link.href = `/inspect/conversations/${this.conversation}`;
      link.textContent = "To the conversation";
      status.append(link);
    }
    if (this.refused.length) {
      const list = document.createElement("ul");
      for (const reason of this.refused) list.append(Object.assign(document.createElement("li"), { textContent: reason }));
      status.append(list);
    }
  }
}

/** Of one conversation each: a line that names another one begins a piece. */
async function* pieces(file: File): AsyncGenerator<string[]> {
  let piece: string[] = [];
  let chars = 0;
  for await (const line of linesOf(file)) {
    const full = piece.length >= MOST_LINES || chars + line.length > MOST_CHARS || beginsConversation(line);
    if (piece.length && full) {
      yield piece;
      [piece, chars] = [[], 0];
    }
    piece.push(line);
    chars += line.length;
  }
  if (piece.some((line) => line.trim())) yield piece;
}

async function* linesOf(file: File): AsyncGenerator<string> {
  const reader = file.stream().pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest) yield rest;
}

function beginsConversation(line: string | undefined): boolean {
  return /^\s*\{\s*"conversation"\s*:\s*\{/.test(line ?? "");
}
