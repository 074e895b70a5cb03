// How a question fares, in words for people.

export type Outcome =
  | "sending"
  | "accepted"
  | "answering"
  | "answered"
  | "interrupted"
  | "empty"
  | "failed"
  | "refused";

const OUTCOMES: ReadonlySet<string> = new Set<Outcome>([
  "accepted",
  "answering",
  "answered",
  "interrupted",
  "empty",
  "failed",
  "refused",
]);

export interface Status {
  question_id: string;
  speaker: string;
  outcome: Outcome;
  reason?: string;
}

const WORDS: Record<Outcome, string> = {
  sending: "Sending …",
  accepted: "Received, will be answered",
  answering: "Being answered …",
  answered: "Answered",
  interrupted: "The answer was interrupted",
  empty: "There was no answer to this",
  failed: "Not answered",
  refused: "Not taken",
};

const REASONS: Record<string, string> = {
  rate_limited: "the language model gets too many requests at the moment",
  model_error: "the language model had an error",
  model_timeout: "the language model did not answer in time",
  model_unreachable: "the language model cannot be reached",
  model_refused: "the language model refused the request; its key or name may be wrong",
  empty_answer: "the language model returned no text",
  only_tool_calls: "the language model looked things up, and then said nothing",
  broken_stream: "the answer broke off",
  turn_timeout: "the answer took too long",
};

export function inWords(outcome: Outcome, reason = ""): string {
  const why = REASONS[reason] ?? reason;
  return why && !(outcome === "answered") ? `${WORDS[outcome]}: ${why}` : WORDS[outcome];
}

export function isOver(outcome: Outcome): boolean {
  return ["answered", "interrupted", "empty", "failed", "refused"].includes(outcome);
}

export function hasAnswer(outcome: Outcome): boolean {
  return outcome === "answered" || outcome === "interrupted";
}

/** What was sent on `longroom.turn`; null for what is no status. */
export function statusIn(data: Uint8Array): Status | null {
  const found = jsonIn(data);
  const { question_id, speaker, outcome, reason } = found;
  if (typeof question_id !== "string" || typeof outcome !== "string") return null;
  if (!OUTCOMES.has(outcome)) return null;
  return {
    question_id,
    speaker: typeof speaker === "string" ? speaker : "",
    outcome: outcome as Outcome,
    ...(typeof reason === "string" ? { reason } : {}),
  };
}

export function jsonIn(data: Uint8Array): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(new TextDecoder().decode(data));
    return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
