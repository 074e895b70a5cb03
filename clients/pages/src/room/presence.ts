// Who is here, and how the connection is: one line in the header, and what to do about trouble.
import { announce } from "./announcer";
import type { State } from "./connection";
import { part, tell } from "./page";

const AWAY_MS = 4_000;

export class Presence {
  private state: State = "left";
  private detail = "";
  private people: string[] = [];
  private agent: string | null = null;
  private wasHere = false;
  private blocked = false;
  private message = "";
  private awayShown = false;
  private awayTimer: ReturnType<typeof setTimeout> | undefined;
  private act: (() => void) | null = null;

  constructor(
    private readonly again: () => void,
    private readonly startAudio: () => void,
  ) {
    part("trouble-action").addEventListener("click", () => this.act?.());
  }

  connection(state: State, detail: string): void {
    this.state = state;
    this.detail = detail;
    this.watchAgent();
    this.draw();
  }

  room(people: string[], agent: string | null): void {
    this.people = people;
    const came = agent !== null && this.agent === null;
    this.agent = agent;
    if (came && this.wasHere) announce("The agent is back");
    this.wasHere ||= came;
    this.watchAgent();
    this.draw();
  }

  playback(blocked: boolean): void {
    this.blocked = blocked;
    this.draw();
  }

  /** Something failed; until the next thing. */
  trouble(text: string): void {
    this.message = text;
    if (text) announce(text);
    this.draw();
  }

  private watchAgent(): void {
    clearTimeout(this.awayTimer);
    this.awayShown &&= this.agent === null && this.state === "connected";
    if (this.agent !== null || this.state !== "connected" || this.awayShown) return;
    this.awayTimer = setTimeout(() => {
      this.awayShown = true;
      announce(AWAY);
      this.draw();
    }, AWAY_MS);
  }

  private draw(): void {
    const line = part("presence");
    line.dataset["state"] = this.state === "connected" && this.agent === null ? "away" : this.state;
    line.textContent = this.summary();
    const [text, label, act] = this.remedy();
    tell(part("trouble-text"), text);
    tell(part("trouble-action"), label);
    part("trouble").hidden = text === "";
    this.act = act;
  }

  private summary(): string {
    if (this.state !== "connected") return STATES[this.state];
    const agent = this.agent === null ? "agent away" : (AGENT[this.agent] ?? "agent here");
    const others = this.people.length ? `with ${this.people.join(", ")}` : "nobody else here";
    return `${agent} · ${others}`;
  }

  private remedy(): [text: string, label: string, act: (() => void) | null] {
    if (this.state === "elsewhere") {
      return ["You are in this room in another window now.", "Use it here", this.again];
    }
    if (this.state === "removed") return ["You were removed from the room.", "Join again", this.again];
    if (this.state === "reconnecting") {
      return [`The connection was lost; trying again. ${this.detail}`.trim(), "", null];
    }
    if (this.message) return [this.message, "Close", () => this.trouble("")];
    if (this.blocked) {
      return ["The browser holds the agent's voice back.", "Play sound", this.startAudio];
    }
    return this.awayShown ? [AWAY, "", null] : ["", "", null];
  }
}

const AWAY = "The agent is away. What you write is sent as soon as it is back.";
const STATES: Record<State, string> = {
  connecting: "joining …",
  connected: "",
  reconnecting: "connecting again …",
  left: "not in the room",
  elsewhere: "in another window",
  removed: "not in the room",
};
const AGENT: Record<string, string> = {
  initializing: "agent joining",
  listening: "agent here",
  thinking: "agent thinks",
  speaking: "agent answers",
};
