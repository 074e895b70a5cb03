import type { Client } from "openapi-fetch";

import { answer, done } from "./answer.js";
import type { components, paths } from "./schema.js";

type Schemas = components["schemas"];
export type Message = Schemas["Message"];
export type MessageCreate = Schemas["MessageCreate"];
export type AppendOutcome = Schemas["AppendOutcome"];
export type SearchRequest = Schemas["SearchRequest"];
export type SearchResponse = Schemas["SearchResponse"];
export type ConversationEvent = Schemas["ConversationEvent-Input"];
export type RecordedEvent = Schemas["ConversationEvent-Output"];
export type CreateToken = Schemas["CreateToken"];
export type ConversationToken = Schemas["ConversationToken"];
export type Change = Schemas["Change"];
export type ErasureReceipt = Schemas["ErasureReceipt"];

const PAGE = 200;
const MESSAGES = "/api/v1/conversations/{conversation_id}/messages";
const SEARCH = "/api/v1/conversations/{conversation_id}/search";
const TOKENS = "/api/v1/conversations/{conversation_id}/tokens";
const MESSAGE = "/api/v1/conversations/{conversation_id}/messages/{message_id}";
const PARTICIPANT = "/api/v1/conversations/{conversation_id}/participants/{identity}";
const CONVERSATION = "/api/v1/conversations/{conversation_id}";
const CHANGES = "/api/v1/conversations/{conversation_id}/changes";
const EVENTS = "/api/v1/conversations/{conversation_id}/events";

/** A message with what may be left out: `id` is made up, `role` is user, it was said now. */
export type NewMessage = Partial<MessageCreate> & Pick<MessageCreate, "content" | "participant">;

/** One conversation. Its methods throw LongroomError. */
export class Conversation {
  constructor(
    private readonly api: Client<paths>,
    readonly id: string,
  ) {}

  /** One message. Give an `id` of your own if you may call again: the same id is stored once. */
  async append(message: NewMessage): Promise<AppendOutcome> {
    const [outcome] = await this.appendAll([message]);
    return outcome as AppendOutcome;
  }

  /** In this order, as a whole or not at all: at most 500 messages and 50,000 words. */
  async appendAll(messages: readonly NewMessage[]): Promise<AppendOutcome[]> {
    const body = { messages: messages.map(complete) };
    return (await answer(this.api.POST(MESSAGES, { ...this.here(), body }))).outcomes;
  }

  /** What was said last, oldest first; or last before the message of seq `before`. */
  async recent(limit = 20, before?: number): Promise<Message[]> {
    return this.page({ limit, before });
  }

  /** All that arrived after the message of seq `after`, in order of arrival, page by page. */
  async *messages(after = 0): AsyncGenerator<Message, void, void> {
    for (let lastSeq = after; ; ) {
      const page = await this.page({ limit: PAGE, after: lastSeq });
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) {
        return;
      }
      lastSeq = last.seq;
    }
  }

  /** What answers `query`, best first. */
  async search(query: string, filters: Omit<SearchRequest, "query"> = {}): Promise<SearchResponse> {
    return answer(this.api.POST(SEARCH, { ...this.here(), body: { ...filters, query } }));
  }

  /** How many of them are new: an event is recorded once under its id. */
  async record(events: ConversationEvent[]): Promise<number> {
    return (await answer(this.api.POST(EVENTS, { ...this.here(), body: { events } }))).recorded;
  }

  /** The newest, oldest first. */
  async events(
    filters: { kind?: ConversationEvent["kind"]; since?: string; limit?: number } = {},
  ): Promise<RecordedEvent[]> {
    const path = { conversation_id: this.id };
    return (await answer(this.api.GET(EVENTS, { params: { path, query: filters } }))).events;
  }

  /** What a browser opens this conversation with, as its `key`, for 10 minutes. Made with a key. */
  async token(
    wanted: Partial<CreateToken> & Pick<CreateToken, "subject">,
  ): Promise<ConversationToken> {
    const body = { expires_in_s: 600, ...wanted };
    return answer(this.api.POST(TOKENS, { ...this.here(), body }));
  }

  /** All tokens of it that were made up to now. */
  async revokeTokens(): Promise<void> {
    await done(this.api.DELETE(TOKENS, this.here()));
  }

  /** What the message should have said. Without `metadata` it keeps what it has. */
  async correct(id: string, content: string, metadata?: Message["metadata"]): Promise<Message> {
    const params = { path: { conversation_id: this.id, message_id: id } };
    return answer(this.api.PATCH(MESSAGE, { params, body: { content, metadata } }));
  }

  /** What was erased and corrected after the revision `after`, page by page. */
  async *changes(after = 0): AsyncGenerator<Change, void, void> {
    for (let last = after; ; ) {
      const params = { path: { conversation_id: this.id }, query: { after: last, limit: PAGE } };
      const page = await answer(this.api.GET(CHANGES, { params }));
      yield* page.changes;
      if (page.more !== true) {
        return;
      }
      last = page.changes.at(-1)?.revision ?? last;
    }
  }

  /** For good: sent again under its id, it is refused. Needs a key of the scope admin. */
  async eraseMessage(id: string, dryRun = false): Promise<ErasureReceipt> {
    const path = { conversation_id: this.id, message_id: id };
    const params = { path, query: { dry_run: dryRun } };
    return answer(this.api.DELETE(MESSAGE, { params }));
  }

  /** What they said here up to now. While the receipt is not `complete`, call again. */
  async eraseParticipant(identity: string, dryRun = false): Promise<ErasureReceipt> {
    const path = { conversation_id: this.id, identity };
    const params = { path, query: { dry_run: dryRun } };
    return answer(this.api.DELETE(PARTICIPANT, { params }));
  }

  /** The whole conversation. While the receipt is not `complete`, call again. */
  async erase(dryRun = false): Promise<ErasureReceipt> {
    const params = { path: { conversation_id: this.id }, query: { dry_run: dryRun } };
    return answer(this.api.DELETE(CONVERSATION, { params }));
  }

  private async page(query: {
    limit: number;
    before?: number;
    after?: number;
  }): Promise<Message[]> {
    const path = { conversation_id: this.id };
    return (await answer(this.api.GET(MESSAGES, { params: { path, query } }))).messages;
  }

  private here() {
    return { params: { path: { conversation_id: this.id } } };
  }
}

function complete(message: NewMessage): MessageCreate {
  return {
    id: crypto.randomUUID(),
    role: "user",
    created_at: new Date().toISOString(),
    ...message,
  };
}
