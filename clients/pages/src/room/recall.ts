// What the agent recalls while somebody still speaks, as it tells those who show it.
import { jsonIn } from "./outcomes";
import { made, part, tell } from "./page";

export interface Hit {
  participant: string;
  said_at: string;
  text: string;
}

export interface Notice {
  speaker: string;
  state: "searching" | "found" | "nothing" | "unavailable";
  final: boolean;
  hits: Hit[];
}

const MOST_HITS = 5;
const LINGERS_MS = 12_000;

export function noticeIn(data: Uint8Array): Notice | null {
  const { speaker, state, final, hits } = jsonIn(data);
  if (typeof speaker !== "string" || typeof state !== "string") return null;
  if (!["searching", "found", "nothing", "unavailable"].includes(state)) return null;
  return {
    speaker,
    state: state as Notice["state"],
    final: final === true,
    hits: (Array.isArray(hits) ? hits : []).filter(isHit).slice(0, MOST_HITS),
  };
}

export function noticeInWords({ speaker, state, hits }: Notice): string {
  const whom = speaker ? ` for ${speaker}` : "";
  switch (state) {
    case "searching":
      return `Looking back${whom} …`;
    case "found":
      return `Recalled${whom}: ${hits.length} ${hits.length === 1 ? "message" : "messages"}`;
    case "nothing":
      return `Nothing to recall${whom}`;
    case "unavailable":
      return "The memory does not answer; the agent answers without it";
  }
}

export class RecallStrip {
  private hide: ReturnType<typeof setTimeout> | undefined;

  show(notice: Notice): void {
    const strip = part("recall");
    strip.dataset["state"] = notice.state;
    strip.dataset["final"] = String(notice.final);
    tell(part("recall-state"), noticeInWords(notice));
    part("recall-hits").replaceChildren(...notice.hits.map(item));
    strip.classList.toggle("bare", notice.hits.length === 0);
    strip.hidden = false;
    clearTimeout(this.hide);
    this.hide = setTimeout(() => {
      // Not under somebody who reads it.
      if (!part<HTMLDetailsElement>("recall-more").open) strip.hidden = true;
    }, LINGERS_MS);
  }
}

function item({ participant, said_at, text }: Hit): HTMLLIElement {
  const line = made("li");
  const said = new Date(said_at);
  const when = Number.isNaN(said.valueOf()) ? "" : said.toLocaleDateString();
  const about = made("span", "muted", [participant, when].filter(Boolean).join(", "));
  const words = made("span", "quoted", text);
  for (const one of [about, words]) one.dir = "auto";
  line.append(about, " ", words);
  return line;
}

function isHit(one: unknown): one is Hit {
  const { participant, said_at, text } = (one ?? {}) as Record<string, unknown>;
  return [participant, said_at, text].every((value) => typeof value === "string");
}
