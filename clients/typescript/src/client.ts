import createClient, { type Client } from "openapi-fetch";

import { answer, done } from "./answer.js";
import { Conversation } from "./conversation.js";
import type { components, paths } from "./schema.js";

export type Room = components["schemas"]["Room"];
export type CreateRoom = components["schemas"]["CreateRoom"];
export type CreateInvitation = components["schemas"]["CreateInvitation"];
export type Invitation = components["schemas"]["Invitation"];
export type NewInvitation = components["schemas"]["NewInvitation"];

const INVITATIONS = "/api/v1/rooms/{room}/invitations";
const INVITATION = "/api/v1/rooms/{room}/invitations/{invitation_id}";

export interface Options {
  /** Where the backend answers; default http://127.0.0.1:8000. */
  url?: string;
  /**
   * A key opens every conversation: for servers, never for browsers. These get a token of one
   * conversation (`Conversation.token`), which stands here in its place.
   */
  key?: string;
  /** Of one request; default 5,000. */
  timeoutMs?: number;
}

/** A client of the Longroom backend. Every call but `invite` is idempotent by the ids in it. */
export class Longroom {
  /** Every route of the API, in the types of its OpenAPI document. */
  readonly api: Client<paths>;

  constructor({ url = "http://127.0.0.1:8000", key, timeoutMs = 5_000 }: Options = {}) {
    this.api = createClient<paths>({
      baseUrl: url.replace(/\/+$/, ""),
      headers: key === undefined ? {} : { Authorization: `Bearer ${key}` },
      fetch: (request) => fetch(request, { signal: AbortSignal.timeout(timeoutMs) }),
    });
  }

  /** The conversation of a key of yours: a customer, a ticket. Made if the key has none. */
  async conversation(key: string, language?: string): Promise<Conversation> {
    const call = this.api.POST("/api/v1/conversations", { body: { key, language } });
    return this.open((await answer(call)).conversation_id);
  }

  /**
   * Makes the room if there is none; its `conversation_id` is for `open`. A backend with a LiveKit
   * server opens the room there and sends it an agent.
   */
  async createRoom(room: CreateRoom): Promise<Room> {
    return answer(this.api.POST("/api/v1/rooms", { body: room }));
  }

  /**
   * A link that lets people into the room's page: for a week under a name that they choose, unless
   * `wanted` says otherwise. Makes the room if there is none. The link holds a secret, and leads to
   * the address that this client calls. An invitation whose answer was lost lets nobody in.
   */
  async invite(room: string, wanted: CreateInvitation = {}): Promise<NewInvitation> {
    return answer(this.api.POST(INVITATIONS, { params: { path: { room } }, body: wanted }));
  }

  /** Those that are still valid, newest first, without their links. */
  async invitations(room: string): Promise<Invitation[]> {
    return (await answer(this.api.GET(INVITATIONS, { params: { path: { room } } }))).invitations;
  }

  /** Ends the sessions of who came by it, too. */
  async revokeInvitation(room: string, invitationId: string): Promise<void> {
    const params = { path: { room, invitation_id: invitationId } };
    await done(this.api.DELETE(INVITATION, { params }));
  }

  /** A conversation whose id is known; asks the backend nothing. */
  open(conversationId: string): Conversation {
    return new Conversation(this.api, conversationId);
  }
}
