import { failure, LongroomError, Unavailable } from "./errors.js";

/** The outcome of a call of openapi-fetch. */
interface Outcome<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What was answered. Throws LongroomError. */
export async function answer<T>(call: Promise<Outcome<T>>): Promise<T> {
  const { data, error, response } = await outcome(call);
  if (!response.ok) {
    throw failure(response, error);
  }
  if (typeof data !== "object" || data === null) {
    throw new LongroomError("something else than the backend has answered");
  }
  return data;
}

/** That it was done, of a route that answers nothing more. Throws LongroomError. */
export async function done(call: Promise<Outcome<unknown>>): Promise<void> {
  const { error, response } = await outcome(call);
  if (!response.ok) {
    throw failure(response, error);
  }
  if (response.status !== 204) {
    throw new LongroomError("something else than the backend has answered");
  }
}

async function outcome<T>(call: Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new LongroomError("something else than the backend has answered", { cause: error });
    }
    const reason = error instanceof Error ? error.name : "no answer";
    throw new Unavailable(reason, undefined, { cause: error });
  }
}
