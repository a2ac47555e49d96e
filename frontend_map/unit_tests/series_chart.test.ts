import { afterEach, expect, it, test, vi } from "vitest";
import { SeriesChart, stepWords } from "../src/series_chart";
import { series, stream } from "./device";

interface Drawn {
  options: { series: { label: string; show?: boolean; value: (...given: unknown[]) => string }[]; bands: unknown[] };
  data: (number | null)[][];
}
const drawn: Drawn[] = [];

vi.mock("uplot", () => ({
  default: class {
    over = { clientWidth: 600, clientHeight: 300 };
    width = 600;
    constructor(options: Drawn["options"], data: Drawn["data"]) {
      drawn.push({ options, data });
    }
    destroy = vi.fn();
    setSelect = vi.fn();
    setSize = vi.fn();
    setData(data: Drawn["data"]): void {
      const last = drawn.at(-1);
      if (last !== undefined) last.data = data;
    }
  },
}));

const steps = { d: "{n} d", h: "{n} h", min: "{n} min", s: "{n} s" };

test.each([
  [1, "1 s"],
  [90, "90 s"],
  [60, "1 min"],
  [900, "15 min"],
  [3600, "1 h"],
  [5400, "90 min"],
  [86_400, "1 d"],
  [90_000, "25 h"],
  [365 * 86_400, "365 d"],
])("a step of %d s is told as %s", (seconds, words) => {
  expect(stepWords(seconds, steps)).toBe(words);
});

const texts = { time: "Time", mean: "Mean", value: "Value", minimum: "Least", maximum: "Greatest", steps };
const chart = (): SeriesChart => new SeriesChart(document.createElement("div"), texts, vi.fn(), vi.fn());
const span = { since: 0, until: 7200 };

afterEach(() => {
  drawn.length = 0;
});

it("draws each value at its instant and a bin at its middle", () => {
  const shown = chart();
  shown.show(stream(), series([[0, 1], [60, null]]), span);
  expect(drawn.at(-1)?.data[0]).toEqual([0, 60]);
  expect(drawn.at(-1)?.data[3]).toEqual([1, null]);
  shown.show(stream(), series([[0, 1], [3600, 2]], { resolution: "bins", step_s: 3600 }), span);
  expect(drawn.at(-1)?.data[0]).toEqual([1800, 5400]);
});

it("is made anew for another datastream or kind of points, and only then", () => {
  const shown = chart();
  shown.show(stream(), series([[0, 1]]), span);
  shown.show(stream(), series([[60, 2]]), span);
  expect(drawn).toHaveLength(1);
  shown.show(stream({ code: "B" }), series([[60, 2]]), span);
  shown.show(stream({ code: "B" }), series([[0, 2]], { resolution: "day", step_s: 86_400 }), span);
  expect(drawn).toHaveLength(3);
});

// Clocks of Tashkent were six hours ahead in 1970.
it("tells a gap by a dash, a value with its unit, and the times of a bin", () => {
  const shown = chart();
  shown.show(stream(), series([[0, 1.5]], { resolution: "bins", step_s: 3600 }), span);
  const [time, , , mean] = drawn[0]?.options.series ?? [];
  expect(mean?.value(null, null)).toBe("–");
  expect(mean?.value(null, 1.5)).toBe("1.500 m³/h");
  expect(time?.value(null, 0, 0, 0)).toBe("1 January 1970, 06:00 – 1 January 1970, 07:00 UTC+6");
  expect(time?.value(null, 0, 0, null)).toBe("–");
  expect(time?.value(null, 0, 0, 9)).toBe("–");
});
