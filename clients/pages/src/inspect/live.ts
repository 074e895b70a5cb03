// Listens to server-sent events where `data-live` names them; `longroom:news` on the body tells the
// rest of the page, which then asks for what it shows.
export const NEWS = "longroom:news";
const AGAIN_MS = 30_000;

export function followNews(): void {
  const url = document.querySelector<HTMLElement>("[data-live]")?.dataset.live;
  if (url !== undefined) listen(url);
}

function listen(url: string): void {
  let missed = false;
  const tell = (): void => {
    missed = document.hidden;
    if (!missed) document.body.dispatchEvent(new CustomEvent(NEWS));
  };
  document.addEventListener("visibilitychange", () => {
    if (missed) tell();
  });
  let wasOpen = false;
  const source = new EventSource(url);
  source.addEventListener("open", () => {
    show("on");
    // What happened while nothing was heard is not told again.
    if (wasOpen) tell();
    wasOpen = true;
  });
  source.addEventListener("news", tell);
  source.addEventListener("end", () => {
    source.close();
    location.reload(); // to the sign-in
  });
  source.addEventListener("error", () => {
    show("off");
    if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
    setTimeout(() => listen(url), AGAIN_MS);
  });
  addEventListener("pagehide", () => source.close());
}

function show(state: "on" | "off"): void {
  const shown = document.querySelector<HTMLElement>("[data-live-state]");
  if (shown === null) return;
  shown.hidden = false;
  shown.dataset.liveState = state;
  const text = shown.querySelector("[data-live-text]");
  if (text !== null) text.textContent = state === "on" ? "live" : "not live";
}
