// The backend's part of the page: the session, tokens for LiveKit's server, and stored messages.

export interface Stored {
  id: string;
  seq: number;
  role: string;
  participant: string;
  text: string;
  said_at: string;
  interrupted: boolean;
}

export interface Joined {
  identity: string;
  csrf: string;
}

/** An answer that is not what was asked for; `status` 0: there was none. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const TIMEOUT_MS = 15_000;

export class Server {
  constructor(
    private readonly address: string,
    private csrf: string,
  ) {}

  async join(name: string, invitation: string): Promise<Joined> {
    const joined = await this.ask<Joined>("POST", "/session", { name, invitation });
    this.csrf = joined.csrf;
    return joined;
  }

  /** Who this browser is here; null if nobody. */
  async session(): Promise<Joined | null> {
    try {
      const joined = await this.ask<Joined>("GET", "/session");
      this.csrf = joined.csrf;
      return joined;
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return null;
      throw error;
    }
  }

  async forget(): Promise<void> {
    await this.ask("DELETE", "/session");
  }

  async token(): Promise<{ url: string; token: string }> {
    return this.ask("POST", "/token");
  }

  async before(seq: number | null): Promise<Stored[]> {
    return this.messages(seq === null ? "?limit=50" : `?limit=50&before=${seq}`);
  }

  async after(seq: number): Promise<Stored[]> {
    return this.messages(`?after=${seq}&limit=100`);
  }

  private async messages(query: string): Promise<Stored[]> {
    return (await this.ask<{ messages: Stored[] }>("GET", `/messages${query}`)).messages;
  }

  private async ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (this.csrf) headers["X-Longroom-CSRF"] = this.csrf;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const request: RequestInit = { method, headers, signal: AbortSignal.timeout(TIMEOUT_MS) };
    if (body !== undefined) request.body = JSON.stringify(body);
    let response: Response;
    try {
      response = await fetch(this.address + path, request);
    } catch {
      throw new Refused(0, "The server does not answer.");
    }
    if (!response.ok) throw new Refused(response.status, await reasonOf(response));
    return (response.status === 204 ? undefined : await response.json()) as Answer;
  }
}

async function reasonOf(response: Response): Promise<string> {
  try {
    const { detail } = (await response.json()) as { detail?: unknown };
    if (typeof detail === "string" && detail) return sentence(detail);
  } catch {
    // Not one of ours: a proxy's, perhaps.
  }
  return `The server answered with ${response.status}.`;
}

function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
