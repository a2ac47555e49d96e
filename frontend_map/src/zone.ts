// The zone's page: water balance, supply and imbalance day by day with their limits, night flow with its band.
import uPlot from "uplot";
import { decimalsThatAdd } from "./balances";
import { colours, dayLabel, draw, secondsOf, timeAxis, volumeAxis } from "./chart";
import { placeSection, type Word } from "./leak_place";
import { figure, filled, settingsOf } from "./page";
import { offerPictures } from "./pictures";
import { barsOf, type Step, sumsOf, waterfallPicture } from "./waterfall";

type Column = (number | null)[];

interface Daily {
  zone: string;
  days: string[];
  supply: Column;
  consumption: Column;
  imbalance: Column;
  low: Column;
  high: Column;
  /** Days on which something began. */
  marks: string[];
  texts: Record<"day" | "supply" | "consumption" | "imbalance" | "low" | "high" | "unit" | "mark", string>;
}

interface Nights {
  days: string[];
  flow: Column;
  low: Column;
  high: Column;
  /** What leaks from mains and connections in good order, by their length and the night's pressure. */
  background: Column;
}

const texts = settingsOf<Record<string, string>>("zone-texts");
const volume = (_chart: uPlot, value: number | null): string => figure(value);
const flow = (_chart: uPlot, value: number | null): string => figure(value, 1);
const dayOf = (_chart: uPlot, seconds: number | null): string => (seconds === null ? "–" : dayLabel(seconds, true));
const utc = (seconds: number): Date => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC");
const BAND = "rgba(217, 98, 43, 0.18)";

/** Dashed lines where something began. */
function marks(days: string[], label: string): uPlot.Plugin {
  return {
    hooks: {
      draw: (chart) => {
        const { ctx, bbox } = chart;
        ctx.save();
        ctx.strokeStyle = "#b3261e";
        ctx.fillStyle = "#b3261e";
        ctx.lineWidth = 2 * devicePixelRatio;
        ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
        ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
        for (const day of days) {
          const x = chart.valToPos(secondsOf(day), "x", true);
          if (x < bbox.left || x > bbox.left + bbox.width) continue;
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
          ctx.fillText(label, x + 5 * devicePixelRatio, bbox.top + 13 * devicePixelRatio);
        }
        ctx.restore();
      },
    },
  };
}

function drawDaily(holder: HTMLElement): string {
  const daily = settingsOf<Daily>("daily");
  const line = (label: string, stroke: string): uPlot.Series => ({ label, stroke, width: 2, points: { show: false }, value: volume });
  const edge = (label: string): uPlot.Series => ({ label, stroke: BAND, width: 1, points: { show: false }, value: volume });
  draw(
    holder,
    {
      tzDate: utc,
      cursor: { points: { size: 6 } },
      axes: [timeAxis(), volumeAxis(daily.texts.unit)],
      scales: { y: { range: (_chart, low: number | null, high: number | null) => [Math.min(0, low ?? 0) * 1.08, Math.max(1, high ?? 1) * 1.08] } },
      bands: [{ series: [5, 4], fill: BAND }],
      series: [{ label: daily.texts.day, value: dayOf }, line(daily.texts.supply, colours.supply), line(daily.texts.consumption, colours.consumption), line(daily.texts.imbalance, colours.imbalance), edge(daily.texts.low), edge(daily.texts.high)],
      plugins: [marks(daily.marks, daily.texts.mark)],
    },
    [daily.days.map(secondsOf), daily.supply, daily.consumption, daily.imbalance, daily.low, daily.high],
    320,
  );
  return daily.zone;
}

function drawNights(holder: HTMLElement): void {
  const nights = settingsOf<Nights>("nights");
  const edge = (label: string): uPlot.Series => ({ label, stroke: "rgba(11, 93, 143, 0.25)", width: 1, points: { show: false }, value: flow });
  const hasBackground = nights.background.some((value) => value !== null);
  const background: uPlot.Series = { label: texts["background"] ?? "", stroke: colours.imbalance, width: 1.5, dash: [5, 4], points: { show: false }, value: flow };
  draw(
    holder,
    {
      tzDate: utc,
      axes: [timeAxis(), volumeAxis(texts["unitNight"])],
      scales: { y: { range: (_chart, low: number | null, high: number | null) => [Math.min(0, low ?? 0) * 1.08, Math.max(0.1, high ?? 1) * 1.12] } },
      bands: [{ series: [3, 2], fill: "rgba(11, 93, 143, 0.14)" }],
      series: [{ label: texts["night"] ?? "", value: dayOf }, { label: texts["minimum"] ?? "", stroke: colours.supply, width: 2, points: { show: true, size: 5 }, value: flow }, edge(texts["bandLow"] ?? ""), edge(texts["bandHigh"] ?? ""), ...(hasBackground ? [background] : [])],
    },
    [nights.days.map(secondsOf), nights.flow, nights.low, nights.high, ...(hasBackground ? [nights.background] : [])],
    260,
  );
}

const daily = document.getElementById("daily-chart");
const zone = daily === null ? "zone" : drawDaily(daily);
const nights = document.getElementById("night-chart");
if (nights !== null) drawNights(nights);
const waterfall = document.getElementById("waterfall");
if (waterfall !== null) {
  const bars = barsOf(settingsOf<Step[]>("waterfall-data"));
  const decimals = decimalsThatAdd(sumsOf(bars));
  waterfall.append(waterfallPicture(bars, texts, (value) => `${figure(value, decimals)} ${texts["unit"] ?? ""}`, document.querySelector("h1")?.textContent ?? ""));
}
const word: Word = (name, values = {}) => filled(texts[name] ?? name, values);
for (const holder of document.querySelectorAll<HTMLElement>("[data-place-of]")) {
  holder.replaceChildren(placeSection({ id: holder.dataset["placeOf"] ?? "", network: holder.dataset["network"] ?? "" }, "/api/v1/leak-events/", word));
}
const month = document.querySelector<HTMLSelectElement>("#zone-month");
month?.addEventListener("change", () => month.form?.submit());
offerPictures(zone);
