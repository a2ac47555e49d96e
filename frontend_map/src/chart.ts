// uPlot with our fonts and colours.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "./styles/chart.css";
import { numberTicks } from "./axis_ticks";
import { shortDay } from "./page";
import { onTheme } from "./theme";

export const colours = { supply: "#0b5d8f", consumption: "#2f9e77", imbalance: "#d9622b" };
const font = "12px system-ui, sans-serif";

/** A colour of the page's theme, asked for at each drawing: the theme may change meanwhile. */
function ofTheme(name: string): () => string {
  return () => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Seconds of a calendar day at midnight UTC: charts show days, and days have no zone. */
export function secondsOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / 1000;
}

export function dayLabel(seconds: number, withYear: boolean): string {
  const day = new Date(seconds * 1000);
  return withYear ? `${shortDay(day)} ${day.getUTCFullYear()}` : shortDay(day);
}

export function axis(overrides: Partial<uPlot.Axis> = {}): uPlot.Axis {
  return {
    stroke: ofTheme("--ink-soft"),
    font,
    grid: { stroke: ofTheme("--line"), width: 1 },
    ticks: { show: false },
    ...overrides,
  };
}

export function timeAxis(): uPlot.Axis {
  return axis({
    grid: { show: false },
    values: (_chart, splits) => splits.map((split) => dayLabel(split, false)),
    space: 60,
  });
}

export function volumeAxis(label?: string): uPlot.Axis {
  return axis({
    size: 62,
    values: (_chart, splits) => numberTicks(splits),
    ...(label === undefined ? {} : { label, labelFont: font, labelSize: 18 }),
  });
}

/** Draw into `holder` and follow its width. */
export function draw(holder: HTMLElement, options: Omit<uPlot.Options, "width" | "height">, data: uPlot.AlignedData, height: number): uPlot {
  const chart = new uPlot({ ...options, width: holder.clientWidth, height }, data, holder);
  new ResizeObserver(() => {
    if (Math.abs(chart.width - holder.clientWidth) > 1) chart.setSize({ width: holder.clientWidth, height });
  }).observe(holder);
  const forget = onTheme(() => {
    if (holder.isConnected) chart.redraw();
    else forget();
  });
  holder.dataset["drawn"] = String(data[0].length);
  return chart;
}
