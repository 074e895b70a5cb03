// Stored messages: the newest at once, older ones when somebody scrolls up, missed ones afterwards.
import { announce } from "./announcer";
import { part } from "./page";
import { Refused, type Server } from "./server";
import type { Transcript } from "./transcript";
import type { TranscriptView } from "./transcript_view";

const NEAR_TOP_PX = 160;
const PAGE = 50;
/** Agents store an answer soon after they have given it. */
const STORED_MS = [500, 2_000, 8_000];

export class History {
  private oldest: number | null = null;
  private loading = false;
  private complete = false;
  private begun = false;

  constructor(
    private readonly server: Server,
    private readonly transcript: Transcript,
    private readonly view: TranscriptView,
    private readonly caughtUp: () => void,
    private readonly failed: (text: string) => void,
  ) {
    const scroller = part("scroller");
    scroller.addEventListener("scroll", () => {
      if (this.begun && scroller.scrollTop < NEAR_TOP_PX) void this.older();
    });
    part("older").addEventListener("click", () => void this.older({ asked: true }));
  }

  /** The newest page, or what was stored since. */
  async catchUp(): Promise<void> {
    if (!this.begun) {
      await this.older();
      this.begun = this.oldest !== null || this.complete;
      this.view.toEnd();
      return;
    }
    await this.guarded(async () => {
      for (;;) {
        const page = await this.server.after(this.transcript.newestSeq);
        this.transcript.newer(page);
        if (page.length < 100) break;
      }
    });
    this.caughtUp();
  }

  /** Of a question that is over: an answer that began before this page came is told to it by nobody. */
  async untilAnswered(question: string): Promise<void> {
    for (const wait of STORED_MS) {
      await new Promise((done) => setTimeout(done, wait));
      if (this.transcript.hasAnswer(question)) return;
      await this.catchUp();
    }
  }

  private async older({ asked = false } = {}): Promise<void> {
    if (this.loading || this.complete) return;
    this.loading = true;
    await this.guarded(async () => {
      const page = await this.server.before(this.oldest);
      await this.view.holding(async () => this.transcript.older(page));
      this.oldest = page[0]?.seq ?? this.oldest;
      this.complete = page.length < PAGE;
      if (asked) announce(page.length ? `${page.length} older messages shown` : "That is all");
    });
    this.loading = false;
    part("older").hidden = this.complete || this.oldest === null;
    part("beginning").hidden = !this.complete;
  }

  private async guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.failed(`Earlier messages could not be loaded. ${error.message}`);
    }
  }
}
