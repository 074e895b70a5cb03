// A timeline of any length: pages are read ahead on both sides of what is seen, and entries far from
// it are taken out again, so that the page stays as light at the thousandth screen as at the first.
import { NEWS } from "./live";

const AHEAD_PX = 2400;
const PAGE_ENTRIES = 100;
const MOST_ENTRIES = 500;
const AGAIN_MS = 3000;

type Side = "before" | "after";

interface Page {
  entries: HTMLLIElement[];
  before: string;
  after: string;
  newest: boolean;
  count: string;
}

export function followTimeline(): void {
  const section = document.querySelector<HTMLElement>("[data-timeline]");
  const list = section?.querySelector<HTMLOListElement>("ol.entries");
  if (section && list) new Timeline(section, list).begin();
}

class Timeline {
  private before: string;
  private after: string;
  private newest: boolean;
  private readonly loading = new Set<Side>();
  private waited = 0;

  constructor(
    private readonly section: HTMLElement,
    private readonly list: HTMLOListElement,
  ) {
    this.before = list.dataset.before ?? "";
    this.after = list.dataset.after ?? "";
    this.newest = list.dataset.newest === "yes";
  }

  begin(): void {
    for (const link of this.section.querySelectorAll("[data-older-link], [data-newer-link]")) link.remove();
    const named =
      this.list.querySelector("[data-wanted]") ??
      (location.hash ? document.getElementById(location.hash.slice(1)) : null);
    if (named !== null) {
      named.scrollIntoView({ block: "center" });
    } else if (this.newest && !new URLSearchParams(location.search).get("at")) {
      window.scrollTo({ top: document.documentElement.scrollHeight });
    }
    addEventListener("scroll", () => this.look(), { passive: true });
    addEventListener("resize", () => this.look(), { passive: true });
    document.body.addEventListener(NEWS, () => void this.news());
    this.toNewest.addEventListener("click", () => void this.jumpToNewest());
    this.look();
  }

  private look(): void {
    const box = this.list.getBoundingClientRect();
    if (this.before && box.top > -AHEAD_PX) void this.read("before");
    if (!this.newest && box.bottom < innerHeight + AHEAD_PX) void this.read("after");
    if (this.newest && this.isAtEnd()) this.toNewest.hidden = true;
  }

  private async news(): Promise<void> {
    if (!this.newest) return this.tellNews();
    const wasAtEnd = this.isAtEnd();
    const added = await this.read("after");
    if (added === 0) return;
    if (wasAtEnd) window.scrollTo({ top: document.documentElement.scrollHeight });
    else this.tellNews();
    this.say(`${added} new`);
  }

  /** How many entries were added. */
  private async read(side: Side): Promise<number> {
    const cursor = side === "before" ? this.before : this.after;
    if (this.loading.has(side) || performance.now() < this.waited) return 0;
    this.loading.add(side);
    try {
      const page = await this.fetched(cursor === "" ? {} : { [side]: cursor });
      this.add(page, side);
      return page.entries.length;
    } catch {
      this.waited = performance.now() + AGAIN_MS;
      this.say("The timeline could not be read; it is tried again.");
      setTimeout(() => this.look(), AGAIN_MS);
      return 0;
    } finally {
      this.loading.delete(side);
      requestAnimationFrame(() => this.look());
    }
  }

  private async fetched(place: Record<string, string>): Promise<Page> {
    const url = new URL(this.section.dataset.timeline ?? "", location.href);
    url.searchParams.set("limit", String(PAGE_ENTRIES));
    for (const [name, value] of Object.entries(place)) url.searchParams.set(name, value);
    const response = await fetch(url, { headers: { "HX-Request": "true" } });
    if (response.status === 401) location.reload(); // to the sign-in
    if (!response.ok) throw new Error(String(response.status));
    const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
    const list = parsed.querySelector<HTMLOListElement>("ol.entries");
    if (list === null) throw new Error("no list");
    return {
      entries: [...list.querySelectorAll<HTMLLIElement>(":scope > li")],
      before: list.dataset.before ?? "",
      after: list.dataset.after ?? "",
      newest: list.dataset.newest === "yes",
      count: list.dataset.count ?? "",
    };
  }

  private add(page: Page, side: Side): void {
    const first = this.list.firstElementChild;
    const anchor = side === "before" ? first : this.list.lastElementChild;
    const top = anchor?.getBoundingClientRect().top ?? 0;
    const nodes = page.entries.map((entry) => document.adoptNode(entry));
    if (side === "before") {
      this.before = page.before;
      this.list.prepend(...nodes);
      this.drop("after");
    } else {
      this.newest = page.newest;
      if (page.after) this.after = page.after;
      this.list.append(...nodes);
      this.drop("before");
    }
    // What is looked at stays where it is, also where the browser has no scroll anchoring.
    const moved = (anchor?.getBoundingClientRect().top ?? 0) - top;
    if (anchor?.isConnected && Math.abs(moved) >= 1) window.scrollBy({ top: moved, behavior: "instant" });
    const count = document.querySelector("[data-message-count]");
    if (count !== null && page.count) count.textContent = Number(page.count).toLocaleString("en");
    if (nodes.length > 0) document.dispatchEvent(new CustomEvent("htmx:after:swap")); // times in the reader's zone
  }

  /** Entries far beyond the screen on that side; the cursor is then that of what is left. */
  private drop(side: Side): void {
    const all = [...this.list.children] as HTMLElement[];
    const outer = side === "before" ? all : all.reverse();
    const most = Math.max(0, outer.length - MOST_ENTRIES);
    // All are measured before one is taken out: the page is laid out once.
    const kept = outer.slice(0, most).findIndex((entry) => isNear(entry) || entry.contains(document.activeElement));
    const gone = kept === -1 ? most : kept;
    if (gone === 0) return;
    for (const entry of outer.slice(0, gone)) entry.remove();
    const cursor = outer[gone]?.dataset.cursor ?? "";
    if (side === "before") this.before = cursor;
    else [this.after, this.newest] = [cursor, false];
  }

  private async jumpToNewest(): Promise<void> {
    if (!this.newest) {
      const page = await this.fetched({});
      this.list.replaceChildren();
      this.before = page.before;
      this.add(page, "after");
    }
    window.scrollTo({ top: document.documentElement.scrollHeight });
    this.toNewest.hidden = true;
  }

  private isAtEnd(): boolean {
    return this.list.getBoundingClientRect().bottom <= innerHeight + 80;
  }

  private tellNews(): void {
    this.toNewest.hidden = false;
  }

  private get toNewest(): HTMLButtonElement {
    return document.querySelector<HTMLButtonElement>("[data-to-newest]")!;
  }

  private say(text: string): void {
    const status = document.querySelector("[data-timeline-status]");
    if (status !== null) status.textContent = text;
  }
}

function isNear(entry: HTMLElement): boolean {
  const box = entry.getBoundingClientRect();
  return box.bottom > -AHEAD_PX / 2 && box.top < innerHeight + AHEAD_PX / 2;
}
