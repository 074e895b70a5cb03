export {
  Longroom,
  type CreateInvitation,
  type CreateRoom,
  type Invitation,
  type NewInvitation,
  type Options,
  type Room,
} from "./client.js";
export {
  Conversation,
  type AppendOutcome,
  type Change,
  type ConversationEvent,
  type ConversationToken,
  type CreateToken,
  type ErasureReceipt,
  type Message,
  type MessageCreate,
  type NewMessage,
  type RecordedEvent,
  type SearchRequest,
  type SearchResponse,
} from "./conversation.js";
export { LongroomError, Rejected, Unavailable, type Problem } from "./errors.js";
export type { components, operations, paths } from "./schema.js";
