// The transcript as a list: whatever people write or call themselves is text, never markup.
import { isOver, inWords } from "./outcomes";
import { made, part, tell } from "./page";
import type { Line, View } from "./transcript";

const NEAR_END_PX = 80;

export class TranscriptView implements View {
  private readonly items = new Map<string, HTMLLIElement>();
  private readonly list = part("transcript");
  private readonly scroller = part("scroller");
  private readonly newest = part<HTMLButtonElement>("newest");
  private follows = true;

  constructor(
    private readonly me: () => string,
    private readonly askAgain: (id: string) => void,
  ) {
    this.scroller.addEventListener("scroll", () => this.scrolled());
    this.newest.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.keepEnd()).observe(this.scroller);
  }

  added(line: Line, before: Line | null): void {
    const item = made("li");
    item.append(
      made("p", "who"),
      made("p", "words"),
      made("p", "status"),
    );
    this.items.set(line.key, item);
    const next = before === null ? null : (this.items.get(before.key) ?? null);
    this.list.insertBefore(item, next);
    this.draw(line, item);
    this.keepEnd();
  }

  changed(line: Line): void {
    const item = this.items.get(line.key);
    if (item === undefined) return;
    this.draw(line, item);
    this.keepEnd();
  }

  removed(line: Line): void {
    this.items.get(line.key)?.remove();
    this.items.delete(line.key);
  }

  /** What is read stays where it is while `work` adds lines above it. */
  async holding(work: () => Promise<void>): Promise<void> {
    const fromEnd = this.scroller.scrollHeight - this.scroller.scrollTop;
    await work();
    this.scroller.scrollTop = this.scroller.scrollHeight - fromEnd;
  }

  toEnd(): void {
    this.follows = true;
    this.newest.hidden = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  private draw(line: Line, item: HTMLLIElement): void {
    const mine = line.role === "person" && line.who === this.me();
    item.className = `line ${line.role}${mine ? " mine" : ""}${line.open ? " open" : ""}`;
    if (line.id !== null) item.dataset["id"] = line.id;
    if (line.outcome !== null) item.dataset["outcome"] = line.outcome;
    const [who, words, status] = item.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
    who.replaceChildren(name(line.role === "agent" ? "Agent" : line.who), clock(line.at));
    words.dir = "auto";
    if (words.textContent !== line.text) words.textContent = line.text;
    tell(status, statusOf(line));
    const id = line.id;
    if (mine && id !== null && (line.outcome === "failed" || line.outcome === "refused")) {
      const again = made("button", "quiet", "Send again");
      again.type = "button";
      again.addEventListener("click", () => this.askAgain(id));
      status.append(" ", again);
    }
  }

  private keepEnd(): void {
    if (this.follows) this.scroller.scrollTop = this.scroller.scrollHeight;
    else this.newest.hidden = false;
  }

  private scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.follows = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    if (this.follows) this.newest.hidden = true;
  }
}

function statusOf({ role, outcome, reason, broken }: Line): string {
  if (role === "agent") return broken ? "The answer broke off here" : "";
  if (outcome === null) return "";
  return isOver(outcome) && outcome === "answered" ? "Answered" : inWords(outcome, reason);
}

function name(text: string): HTMLElement {
  const shown = made("bdi", "name", text);
  return shown;
}

function clock(at: number): HTMLTimeElement {
  const said = new Date(at);
  const today = said.toDateString() === new Date().toDateString();
  const time = said.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const shown = made("time", "muted", today ? time : `${said.toLocaleDateString()} ${time}`);
  shown.dateTime = said.toISOString();
  return shown;
}
