// Every <time datetime> in the reader's own time zone, also in what htmx brings later.
const DAY_MS = 86_400_000;

export function tellTimes(): void {
  tellIn(document);
  document.addEventListener("htmx:after:swap", () => tellIn(document));
  setInterval(() => tellIn(document), 15_000);
}

// To make a format costs more than to use it a hundred times, and a timeline has hundreds of times.
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const told = new WeakMap<HTMLTimeElement, string>();

function tellIn(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>("time[datetime]")) {
    const isTold = told.get(element) === `${element.dateTime} ${element.textContent}`;
    if (isTold && element.dataset.as !== "ago") continue;
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    if (!isTold) element.title = FULL.format(at);
    const text = element.dataset.as === "ago" ? ago(at) : exact(at);
    if (element.textContent !== text) element.textContent = text;
    told.set(element, `${element.dateTime} ${text}`);
  }
}

function exact(at: Date): string {
  return EXACT.format(at);
}

function ago(at: Date): string {
  const seconds = (Date.now() - at.getTime()) / 1000;
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
  if (seconds < 45) return "just now";
  if (seconds < 3600) return words.format(-Math.max(1, Math.round(seconds / 60)), "minute");
  if (seconds < 86_400) return words.format(-Math.round(seconds / 3600), "hour");
  if (seconds < 30 * 86_400) return words.format(-Math.round((seconds * 1000) / DAY_MS), "day");
  return at.toLocaleDateString(undefined, { dateStyle: "medium" });
}
