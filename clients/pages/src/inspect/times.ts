// Every <time datetime> in the reader's own time zone, also in what htmx brings later.
const DAY_MS = 86_400_000;

export function tellTimes(): void {
  tellIn(document);
  document.addEventListener("htmx:after:swap", () => tellIn(document));
  setInterval(() => tellIn(document), 15_000);
}

function tellIn(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>("time[datetime]")) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    element.title = at.toLocaleString(undefined, { dateStyle: "full", timeStyle: "medium" });
    const text = element.dataset.as === "ago" ? ago(at) : exact(at);
    if (element.textContent !== text) element.textContent = text;
  }
}

function exact(at: Date): string {
  return at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
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
