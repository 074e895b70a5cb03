// Figures over time: one request for all plots of a page, drawn by uPlot in the page's colours.
import type uPlotType from "uplot";
import { NEWS } from "./live";

declare const uPlot: typeof uPlotType;

type Column = "turns" | "degraded" | "added_p95_ms" | "search_p95_ms";
type Figures = Record<Column, (number | null)[]> & { at: number[] };

const HEIGHT = 132;
// Turns and milliseconds are told in whole numbers.
const STEPS = [1, 2, 5].flatMap((step) => [0, 1, 2, 3, 4, 5, 6].map((power) => step * 10 ** power)).sort((a, b) => a - b);
// How uPlot writes times, from years to minutes: by the day and the 24 hours that the rest of the page uses.
const TIMES: uPlotType.Axis.Values = [
  [86_400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
];
const REFRESH_MS = 15_000;
const NAMES: Record<Column, string> = {
  turns: "turns",
  degraded: "degraded",
  added_p95_ms: "added to a turn",
  search_p95_ms: "search",
};

export function drawPlots(): void {
  const group = document.querySelector<HTMLElement>("[data-plots]");
  if (group === null) return;
  const plots = [...group.querySelectorAll<HTMLElement>("[data-plot]")].map((place) => new Plot(place));
  const span = group.querySelector<HTMLSelectElement>("[data-plots-span]");
  let askedAt = 0;
  const load = async (): Promise<void> => {
    askedAt = Date.now();
    const url = new URL(group.dataset.plots ?? "", location.href);
    if (span !== null) url.searchParams.set("span", span.value);
    const response = await fetch(url);
    group.classList.toggle("stale", !response.ok);
    if (!response.ok) return;
    const figures = (await response.json()) as Figures;
    for (const plot of plots) plot.show(figures);
  };
  const quietly = (): void => void load().catch(() => group.classList.add("stale"));
  span?.addEventListener("change", quietly);
  document.body.addEventListener(NEWS, () => {
    if (Date.now() - askedAt > REFRESH_MS) quietly();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", quietly);
  quietly();
}

class Plot {
  private drawn: uPlotType | undefined;
  private readonly columns: Column[];
  private readonly unit: string;

  constructor(private readonly place: HTMLElement) {
    this.columns = (place.dataset.plot ?? "").split(" ") as Column[];
    this.unit = place.dataset.unit ?? "";
    new ResizeObserver(() => this.drawn?.setSize(this.size())).observe(place);
  }

  show(figures: Figures): void {
    const data: uPlotType.AlignedData = [figures.at, ...this.columns.map((column) => figures[column])];
    this.drawn?.destroy();
    this.drawn = new uPlot(this.options(), data, this.place);
    this.tell(figures);
  }

  private size(): { width: number; height: number } {
    return { width: this.place.clientWidth, height: HEIGHT };
  }

  private options(): uPlotType.Options {
    const muted = colour("--pico-muted-color");
    const line = colour("--line");
    const axis = { stroke: muted, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "11px system-ui" };
    const bars = this.place.dataset.as === "bars" ? { paths: uPlot.paths.bars?.({ size: [0.7, 24] }) } : {};
    return {
      ...this.size(),
      cursor: { points: { size: 6 }, drag: { x: false, y: false } },
      legend: { live: true },
      scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.1, 1)] } },
      axes: [{ ...axis, space: 60, values: TIMES }, { ...axis, size: 60, incrs: STEPS, values: (_, ticks) => ticks.map((tick) => this.text(tick)) }],
      series: [
        { value: (_, at) => (at === null ? "–" : new Date(at * 1000).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" })) },
        ...this.columns.map((column, place) => ({
          ...bars,
          label: NAMES[column],
          stroke: colour(`--plot-${column.replaceAll("_", "-")}`),
          fill: bars.paths ? colour(`--plot-${column.replaceAll("_", "-")}`) : undefined,
          width: place === 0 ? 1.6 : 1.2,
          spanGaps: false,
          points: { show: bars.paths === undefined, size: 3 },
          value: (_: uPlotType, value: number | null) => (value === null ? "–" : this.text(value)),
        })),
      ],
    };
  }

  /** For who does not see the picture. */
  private tell(figures: Figures): void {
    const parts = this.columns.map((column) => {
      const there = figures[column].filter((value) => value !== null);
      if (there.length === 0) return `${NAMES[column]}: nothing in this time`;
      const last = there.at(-1) ?? 0;
      return `${NAMES[column]}: last ${this.text(last)}, highest ${this.text(Math.max(...there))}`;
    });
    this.place.setAttribute("aria-label", `${parts.join("; ")}.`);
    const empty = this.columns.every((column) => figures[column].every((value) => !value));
    this.place.classList.toggle("empty", empty);
  }

  private text(value: number): string {
    const digits = value < 10 && !Number.isInteger(value) ? 1 : 0;
    return `${value.toLocaleString(undefined, { maximumFractionDigits: digits })}${this.unit}`;
  }
}

/** As a colour that a canvas takes: light-dark() is resolved by the browser. */
function colour(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
