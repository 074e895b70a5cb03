// Writes carry the session's token in a header, which pages of other origins cannot send.
const HEADER = "X-Longroom-CSRF";

interface ConfiguredRequest {
  ctx: { request: { headers: Record<string, string> } };
}

export function csrfHeaders(): Record<string, string> {
  const token = document.querySelector<HTMLMetaElement>('meta[name="longroom-csrf"]')?.content;
  return token === undefined ? {} : { [HEADER]: token };
}

/** With every request of htmx. */
export function sendToken(): void {
  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = (event as CustomEvent<ConfiguredRequest>).detail;
    Object.assign(ctx.request.headers, csrfHeaders());
  });
}
