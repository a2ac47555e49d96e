// The zone's page: supply, consumption and imbalance day by day.
import uPlot from "uplot";
import { colours, dayLabel, draw, secondsOf, timeAxis, volumeAxis } from "./chart";
import { figure, settingsOf } from "./page";

interface Daily {
  days: string[];
  supply: (number | null)[];
  consumption: (number | null)[];
  imbalance: (number | null)[];
  texts: { day: string; supply: string; consumption: string; imbalance: string; unit: string };
}

const holder = document.getElementById("daily-chart");
if (holder !== null) {
  const daily = settingsOf<Daily>("daily");
  const volume = (_chart: uPlot, value: number | null): string => figure(value);
  draw(
    holder,
    {
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"),
      cursor: { points: { size: 6 } },
      axes: [timeAxis(), volumeAxis(daily.texts.unit)],
      scales: { y: { range: (_chart, low: number | null, high: number | null) => [Math.min(0, low ?? 0) * 1.08, Math.max(1, high ?? 1) * 1.08] } },
      series: [
        { label: daily.texts.day, value: (_chart, seconds: number | null) => (seconds === null ? "–" : dayLabel(seconds, true)) },
        { label: daily.texts.supply, stroke: colours.supply, width: 2, points: { show: false }, value: volume },
        { label: daily.texts.consumption, stroke: colours.consumption, width: 2, points: { show: false }, value: volume },
        { label: daily.texts.imbalance, stroke: colours.imbalance, width: 2, fill: "rgba(217, 98, 43, 0.12)", points: { show: false }, value: volume },
      ],
    },
    [daily.days.map(secondsOf), daily.supply, daily.consumption, daily.imbalance],
    320,
  );
}
