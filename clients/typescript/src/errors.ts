import type { components } from "./schema.js";

export type Problem = components["schemas"]["Problem"];

/** The root of what the client throws. */
export class LongroomError extends Error {
  override name = "LongroomError";
}

/** No usable answer now: time-out, no connection, overload, or a 5xx. Try again, with the same ids. */
export class Unavailable extends LongroomError {
  override name = "Unavailable";

  constructor(
    reason: string,
    /** If the backend gave it. */
    readonly retryAfterS?: number,
    options?: ErrorOptions,
  ) {
    super(`the backend is unavailable: ${reason}`, options);
  }
}

/** The backend refuses this request, and would refuse it again; `problem` says why. */
export class Rejected extends LongroomError {
  override name = "Rejected";

  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    const fields = (problem.errors ?? []).map((error) => `; ${error.field}: ${error.message}`);
    super(`the backend refused (${status}): ${problem.detail}${fields.join("")}`);
  }
}

const RETRYABLE = new Set([408, 425, 429]);

/** What an answer that is no success means. */
export function failure(response: Response, body: unknown): LongroomError {
  const { status } = response;
  if (status >= 500 || status < 400 || RETRYABLE.has(status)) {
    const after = response.headers.get("Retry-After") ?? "";
    return new Unavailable(`HTTP ${status}`, /^\d+$/.test(after) ? Number(after) : undefined);
  }
  return new Rejected(status, isProblem(body) ? body : unexplained(status));
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "detail" in body && "title" in body;
}

function unexplained(status: number): Problem {
  return { type: "about:blank", title: "Refused", status, detail: "no reason was given" };
}
