// The chart of one datastream: a band from least to greatest value, the mean as a line, gaps left open, marks on top.
import uPlot from "uplot";
import { numberTicks, paddedRange, timeTick } from "./axis_ticks";
import { axis, colours } from "./chart";
import { timeLabel } from "./local_time";
import { lonelyPoints } from "./lonely_points";
import { figure, filled, measured, unitOf } from "./page";

export interface Stream {
  uid: string;
  code: string;
  unit: string;
  quantity: string;
  kind: string;
  interval_s: number;
  zone: string;
  late_after_s: number;
  silent_after_s: number;
  time: number | null;
  first_time: number | null;
  value: number | null;
}

export interface Series {
  resolution: "raw" | "bins" | "day";
  step_s: number;
  source: string;
  time: number[];
  min: (number | null)[];
  max: (number | null)[];
  mean: (number | null)[];
  count: number[];
  edited: number[];
}

export interface Span {
  since: number;
  until: number;
}

/** Something to be marked over a span of the chart. */
export interface Mark extends Span {
  kind: "suspect" | "fail" | "note" | "alarm";
}

export interface ChartTexts {
  time: string;
  mean: string;
  value: string;
  minimum: string;
  maximum: string;
  steps: Record<string, string>;
}

const markColours: Record<Mark["kind"], string> = { suspect: "#c98a00", fail: "#b3261e", note: "#5b7f99", alarm: "#b3261e" };
const bandFill = "rgba(11, 93, 143, 0.2)";
const editedColour = "#8a3ffc";
const HEIGHT_PX = 340;
const PHONE_HEIGHT_PX = 260;
// A dot with air around it.
const ROOM_PX = 14;

const stepUnits: [number, string][] = [[86_400, "d"], [3600, "h"], [60, "min"]];

export function stepWords(seconds: number, steps: Record<string, string>): string {
  const [length, name] = stepUnits.find(([unit]) => seconds >= unit && seconds % unit === 0) ?? [1, "s"];
  return filled(steps[name] ?? "{n}", { n: figure(seconds / length) });
}

export class SeriesChart {
  private chart: uPlot | null = null;
  private shape = "";
  private series: Series | null = null;
  private span: Span = { since: 0, until: 1 };
  private stream: Stream | null = null;
  marks: Mark[] = [];

  constructor(
    private readonly holder: HTMLElement,
    private readonly texts: ChartTexts,
    private readonly chosen: (span: Span) => void,
    private readonly reset: () => void,
  ) {
    new ResizeObserver(() => {
      if (this.chart !== null && Math.abs(this.chart.width - holder.clientWidth) > 1) this.chart.setSize(this.size());
    }).observe(holder);
  }

  show(stream: Stream, series: Series, span: Span): void {
    this.series = series;
    this.span = span;
    this.stream = stream;
    this.holder.classList.toggle("raw", series.resolution === "raw");
    // A bin is drawn at its middle: its mean belongs to the whole of it.
    const shift = series.resolution === "raw" ? 0 : series.step_s / 2;
    const times = series.time.map((time) => time + shift);
    const data = [times, series.min, series.max, series.mean] as uPlot.AlignedData;
    const shape = `${stream.code} ${series.resolution === "raw" ? "raw" : "bins"}`;
    if (this.chart !== null && this.shape === shape) {
      this.hideSelection();
      this.chart.setData(data);
    } else {
      this.chart?.destroy();
      this.chart = new uPlot({ ...this.options(stream), ...this.size() }, data, this.holder);
      this.shape = shape;
    }
  }

  redraw(): void {
    this.chart?.redraw(false);
  }

  hideSelection(): void {
    this.chart?.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  /** Shade a span, as when it is chosen with the mouse. */
  select(span: Span): void {
    if (this.chart === null) return;
    const left = Math.max(0, this.chart.valToPos(span.since, "x"));
    const right = Math.min(this.chart.over.clientWidth, this.chart.valToPos(span.until, "x"));
    if (right <= 0 || left >= this.chart.over.clientWidth) return this.hideSelection();
    this.chart.setSelect({ left, top: 0, width: Math.max(2, right - left), height: this.chart.over.clientHeight }, false);
  }

  private size(): { width: number; height: number } {
    return { width: this.holder.clientWidth, height: window.innerWidth < 620 ? PHONE_HEIGHT_PX : HEIGHT_PX };
  }

  private options(stream: Stream): Omit<uPlot.Options, "width" | "height"> {
    const { texts } = this;
    const value = (_chart: uPlot, number: number | null): string => (number === null ? "–" : `${measured(number, stream.quantity)} ${unitOf(stream.unit)}`);
    const edge = { stroke: "rgba(11, 93, 143, 0.35)", width: 1, points: { show: false }, value };
    const isRaw = this.series?.resolution === "raw";
    return {
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), stream.zone),
      cursor: {
        drag: { x: true, y: false, setScale: false, dist: 6 },
        points: { size: 7 },
        bind: {
          dblclick: () => () => {
            this.reset();
            return null;
          },
        },
      },
      scales: {
        x: { time: true, range: () => [this.span.since, this.span.until] },
        y: { range: (_chart, low, high) => paddedRange(low, high) },
      },
      axes: [timeAxisOf(stream.zone), axis({ size: 64, values: (_chart, splits) => numberTicks(splits), label: unitOf(stream.unit), labelFont: "12px system-ui, sans-serif", labelSize: 18 })],
      bands: isRaw ? [] : [{ series: [2, 1], fill: bandFill }],
      series: [
        { label: texts.time, value: (_chart, _seconds, _series, index) => (index === null ? "–" : this.timeOf(index)) },
        { ...edge, label: texts.minimum, show: !isRaw },
        { ...edge, label: texts.maximum, show: !isRaw },
        {
          label: isRaw ? texts.value : texts.mean,
          stroke: colours.supply,
          width: 1.8,
          value,
          points: { size: 5, fill: colours.supply, show: false, filter: (chart, series) => lonely(chart, series) },
        },
      ],
      hooks: {
        setSelect: [
          (chart) => {
            if (chart.select.width < 6) return;
            this.chosen({ since: chart.posToVal(chart.select.left, "x"), until: chart.posToVal(chart.select.left + chart.select.width, "x") });
          },
        ],
        draw: [(chart) => this.drawMarks(chart)],
      },
    };
  }

  private timeOf(index: number): string {
    const { series, stream } = this;
    const time = series?.time[index];
    if (series === null || stream === null || time === undefined) return "–";
    if (series.resolution === "raw") return timeLabel(time, stream.zone);
    return `${timeLabel(time, stream.zone, false)} – ${timeLabel(time + series.step_s, stream.zone)}`;
  }

  private drawMarks(chart: uPlot): void {
    const { ctx, bbox } = chart;
    const position = (seconds: number): number => Math.min(bbox.left + bbox.width, Math.max(bbox.left, chart.valToPos(seconds, "x", true)));
    ctx.save();
    for (const mark of this.marks) {
      if (mark.until < this.span.since || mark.since > this.span.until) continue;
      const left = position(mark.since);
      const width = Math.max(3, position(mark.until) - left);
      ctx.fillStyle = markColours[mark.kind];
      const thickness = 5 * devicePixelRatio;
      // Alarms run along the upper edge, flags along the lower one, with a faint shade between.
      if (mark.kind === "alarm") ctx.fillRect(left, bbox.top, width, thickness);
      else ctx.fillRect(left, bbox.top + bbox.height - thickness, width, thickness);
      ctx.globalAlpha = 0.09;
      ctx.fillRect(left, bbox.top, width, bbox.height);
      ctx.globalAlpha = 1;
    }
    this.drawEdited(chart);
    ctx.restore();
  }

  private drawEdited(chart: uPlot): void {
    const { series } = this;
    if (series === null || series.edited.length === 0) return;
    const values = new Map(series.time.map((time, index) => [time, series.mean[index] ?? null]));
    const half = 4.5 * devicePixelRatio;
    chart.ctx.fillStyle = editedColour;
    for (const time of series.edited) {
      const value = values.get(time);
      if (value === null || value === undefined) continue;
      const x = chart.valToPos(time, "x", true);
      const y = chart.valToPos(value, "y", true);
      chart.ctx.beginPath();
      chart.ctx.moveTo(x, y - half);
      chart.ctx.lineTo(x + half, y);
      chart.ctx.lineTo(x, y + half);
      chart.ctx.lineTo(x - half, y);
      chart.ctx.closePath();
      chart.ctx.fill();
    }
  }
}

function lonely(chart: uPlot, index: number): number[] {
  const values = chart.data[index] ?? [];
  const [first, last] = chart.series[0]?.idxs ?? [0, values.length - 1];
  return lonelyPoints(values, first, last, (last - first) * ROOM_PX < chart.over.clientWidth);
}

function timeAxisOf(zone: string): uPlot.Axis {
  return axis({
    size: 32,
    space: 64,
    values: (_chart, splits, _axis, _space, step) => splits.map((split) => timeTick(split, step, zone)),
  });
}
